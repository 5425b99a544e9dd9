import type { AttachmentRecord, SkipReason } from '@holdfast/core/import'
import type { SqlValue } from '../database/backup-database.js'
import { numberOf, textOf } from '../record-table.js'
import type { MediaRow, MediaRows } from './media-rows.js'
import type { MessageGuids } from './message-guids.js'
import { messageTypes } from './message-types.js'

/** Row of the media item that a record was made of; null when the database holds none. */
export function mediaRowOf(record: AttachmentRecord, media: MediaRows, guids: MessageGuids): number | null {
  const [, message, row] = /^(.*):media(?:#(\d{1,15}))?$/s.exec(record.guid) ?? []
  if (message === undefined) return null
  if (row !== undefined) return Number(row)
  const name = guids.parse(message)
  return name === null ? null : media.firstOf(name)
}

/** What a media item is known by: its message, and its row where it is not the first of its message or on none. */
export function mediaGuid(row: MediaRow, guids: MessageGuids, prefix: string): string {
  const message = parentOf(row, guids)
  if (message === null) return `${prefix}::media#${row.id}`
  return row.further === 0 ? `${message}:media` : `${message}:media#${row.id}`
}

function parentOf({ message, chat, stanza }: MediaRow, guids: MessageGuids): string | null {
  return message === null ? null : guids.of({ row: message, chat, stanza })
}

/** The record of a media item whose content is, or is not, available. */
export function mediaRecord(
  row: MediaRow,
  options: { readonly guids: MessageGuids; readonly prefix: string; readonly unavailable: SkipReason | null },
): AttachmentRecord {
  const guid = mediaGuid(row, options.guids, options.prefix)
  const parent = parentOf(row, options.guids)
  const path = textOf(row.localPath)
  const type = numberOf(row.type)
  const title = type === messageTypes.document ? textOf(row.title) : null
  return {
    type: 'attachment',
    key: `${guid}@${parent ?? ''}`,
    guid,
    parent: parent === null ? null : { type: 'message', key: parent },
    // A document has the name that its sender gave it; the file itself is named by a random id.
    name: title ?? nameIn(path),
    mimeType: mimeTypeOf(row.mimeType),
    uti: null,
    isSticker: type === messageTypes.sticker,
    createdAt: null,
    claimedBytes: numberOf(row.bytes),
    unavailable: options.unavailable,
    part: row.further === 0 && parent !== null ? 0 : null,
  }
}

function nameIn(path: string | null): string | null {
  const name = path?.split('/').at(-1) ?? ''
  return name === '' ? null : name
}

/** `ZVCARDSTRING` of a file is its MIME type; that of a contact is the card itself. */
function mimeTypeOf(value: SqlValue): string | null {
  return typeof value === 'string' && /^[\w.+-]+\/[\w.+-]+(?:;.*)?$/.test(value) ? value : null
}
