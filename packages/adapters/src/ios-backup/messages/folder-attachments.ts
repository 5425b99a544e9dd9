import type { AttachmentRecord, UnreadableRecord } from '@holdfast/core/import'
import { DecodeFailure } from '../../decoding/decoding.js'
import type { BackupDatabase } from '../database/backup-database.js'
import type { PhonePath } from '../manifest/file-id.js'
import type { PartSource } from '../parts/backup-part.js'
import { recordOf } from '../record-table.js'
import { attachmentPath } from './attachment-path.js'
import type { Placement } from './attachment-placements.js'
import {
  type AttachmentFileRow,
  type AttachmentRow,
  type AttachmentRows,
  attachmentKey,
} from './attachment-rows.js'
import type { AttachmentTable } from './attachments.js'
import { type FolderFile, FolderFiles } from './folder-files.js'

/** An attachment that is a folder. */
interface Folder {
  readonly row: AttachmentRow
  readonly path: PhonePath
  /** The first of its messages. */
  readonly placement: Placement
}

/**
 * The files inside of attachments that are folders, such as documents that are packages. Each is an attachment of the folder's first
 * message, by the guid `<guid of the folder>/<path inside>`; where the guid of the folder has a slash itself, as no phone gives it, by
 * `/<row id>/<path inside>`.
 */
export function openFolderAttachments(
  database: BackupDatabase,
  table: AttachmentRows,
  source: PartSource,
): AttachmentTable {
  let found: Promise<FolderFiles> | null = null
  const files = (): Promise<FolderFiles> => {
    found ??= FolderFiles.find(database, source)
    return found
  }

  function folderOf(attachment: number): Folder {
    const row = table.between(attachment, attachment).get(attachment)
    const path = folderPath(row)
    if (row === undefined || path === null) throw new Error('A folder went away after it was found.')
    const [first] = database.guard(() => table.placements.after([attachment, Number.MIN_SAFE_INTEGER], 1))
    const isOnMessage = first !== undefined && first.attachment === attachment
    return { row, path, placement: isOnMessage ? first : { attachment, message: 0, guid: null } }
  }

  async function recordFor(
    { attachment, inside, bytes }: FolderFile,
    { row, path, placement }: Folder,
  ): Promise<AttachmentRecord | UnreadableRecord> {
    const place = await source.placeOf(below(path, inside))
    return recordOf('attachment', 'attachment', `${attachment}/${inside}`, () => {
      const folder = table.recordOf(row, placement, place.unavailable)
      const guid = `${folder.guid.includes('/') ? `/${attachment}` : folder.guid}/${inside}`
      if (table.twins.find(guid) !== null)
        throw new DecodeFailure('Another attachment has the guid of this file.')
      const name = `${folder.name ?? path.relativePath.split('/').at(-1)}/${inside}`
      return {
        ...folder,
        key: attachmentKey(guid, placement),
        guid,
        name,
        mimeType: null,
        uti: null,
        claimedBytes: bytes,
      }
    })
  }

  return {
    total: async () => (await files()).total,
    claimedBytes: async (after) => (await files()).bytesAfter(after?.[0] ?? 0),
    async page(after, limit) {
      const some = (await files()).after(after?.[0] ?? 0, limit)
      const last = some.at(-1)
      if (last === undefined) return null
      const folders = new Map<number, Folder>()
      const records = some.map((file) => {
        const folder = folders.get(file.attachment) ?? folderOf(file.attachment)
        folders.set(file.attachment, folder)
        return recordFor(file, folder)
      })
      return { records: await Promise.all(records), position: [last.number] }
    },
    async place(record) {
      if (record.parent !== null && record.parent.type !== 'message') return null
      const [, folder, inside] = /^(\/\d{1,15}|[^/]+)\/(.+)$/s.exec(record.guid) ?? []
      if (folder === undefined || inside === undefined) return null
      const row = folder.startsWith('/') ? Number(folder.slice(1)) : table.twins.find(folder)
      const path = row === null ? null : folderPath(table.fileOf(row))
      return path === null ? null : source.placeOf(below(path, inside))
    },
  }
}

/** Where the folder of a row is; null where the row names no place of attachments. */
function folderPath(row: AttachmentFileRow | undefined): PhonePath | null {
  const path = typeof row?.filename === 'string' ? attachmentPath(row.filename) : null
  return typeof path === 'string' ? null : path
}

function below({ domain, relativePath }: PhonePath, inside: string): PhonePath {
  return { domain, relativePath: `${relativePath}/${inside}` }
}
