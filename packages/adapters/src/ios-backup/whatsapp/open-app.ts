import type { AttachmentRecord } from '@holdfast/core/import'
import type { BackupDatabase } from '../database/backup-database.js'
import { damaged } from '../database/database-errors.js'
import type { OpenPart, PartSource, PartTable } from '../parts/backup-part.js'
import type { ContentPlace } from '../parts/content-place.js'
import { type AppPlaces, databaseName, lidDatabases, type WhatsAppApp } from './apps.js'
import { ChatGuids } from './chat-guids.js'
import { openChats } from './chats.js'
import { mediaRowOf } from './media.js'
import { MediaRows } from './media-rows.js'
import { openMedia, placeOfMedia } from './media-table.js'
import { MessageGuids } from './message-guids.js'
import { openMessages } from './messages.js'
import { readPhoneByLid } from './phone-by-lid.js'

/** What an app gives. */
export interface OpenApp {
  readonly tables: readonly PartTable[]
  readonly remarks: readonly string[]
  readonly place: NonNullable<OpenPart['place']>
}

/**
 * Opens the tables of an app's ChatStorage.sqlite. Which there are and what columns they have is asked of the database, because
 * WhatsApp changes them without notice.
 *
 * @throws HoldfastError `WHATSAPP_DAMAGED` when a table is torn, or there is none of messages.
 */
export async function openApp(
  app: WhatsAppApp,
  places: AppPlaces,
  database: BackupDatabase,
  source: PartSource,
): Promise<OpenApp> {
  const messageColumns = database.columns('ZWAMESSAGE')
  if (messageColumns === null) throw damaged(database.name, 'it has no table of messages')
  const chatColumns = database.columns('ZWACHATSESSION')
  const mediaColumns = database.columns('ZWAMEDIAITEM')
  if (database.columns('ZWAGROUPMEMBER') !== null) database.count('ZWAGROUPMEMBER')
  const lids = await openLidDatabases(app, places, source)
  const { prefix } = places
  const chats = new ChatGuids(database, chatColumns, prefix)
  const guids = new MessageGuids(database, messageColumns, { prefix, chats })
  const context = {
    service: app,
    prefix,
    chats,
    guids,
    phoneByLid: readPhoneByLid([database, ...lids.databases]),
  }
  const media = mediaColumns === null ? null : new MediaRows(database, mediaColumns, messageColumns)
  const table = (name: string) => `${places.tables}${name}`
  const tables: PartTable[] = [
    { name: table('chats'), counts: 'chats', table: openChats(database, chatColumns, context) },
    { name: table('messages'), counts: 'messages', table: openMessages(database, messageColumns, context) },
  ]
  const mediaContext = { guids, domain: places.domain, prefix, source }
  if (media !== null) {
    tables.push({ name: table('media'), counts: 'attachments', table: openMedia(media, mediaContext) })
  }
  const remarks = [...lids.remarks]
  if (chatColumns === null) remarks.push(`${database.name.file} has no table of conversations.`)
  if (media === null) remarks.push(`${database.name.file} has no table of media.`)
  return {
    tables,
    remarks,
    async place(record: AttachmentRecord): Promise<ContentPlace | null> {
      if (!record.guid.startsWith(`${prefix}:`)) return null
      const row = media === null ? null : mediaRowOf(record, media, guids)
      if (media === null || row === null) return { unavailable: 'not-in-backup' }
      return placeOfMedia(media.path(row), mediaContext)
    },
  }
}

/** Opens what tells phone numbers of hidden ids. Where there is nothing, people are known by those ids. */
async function openLidDatabases(
  app: WhatsAppApp,
  places: AppPlaces,
  source: PartSource,
): Promise<{ readonly databases: readonly BackupDatabase[]; readonly remarks: readonly string[] }> {
  const databases: BackupDatabase[] = []
  const remarks: string[] = []
  for (const path of lidDatabases(places)) {
    const name = databaseName(app, path)
    const found = await source.openDatabase(path, name)
    if (found.state === 'present') {
      databases.push(found.database)
      remarks.push(...found.remarks)
    } else if (found.state === 'blob-missing') {
      remarks.push(`${name.file} is listed but not on disk: some people may be known by a hidden id only.`)
    }
  }
  return { databases, remarks }
}
