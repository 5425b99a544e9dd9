import type { AttachmentParent, AttachmentRecord, ContentDigest, SkipReason } from '@holdfast/core/import'
import { flag, numberOrNull, type Row, type SqlValue, text, textOrNull, word } from '../fields.js'
import type { RecordRow, RowShape } from './row-shape.js'

/** A message is named by `message_guid`, as since version 1; any other parent by type, key and device: its key is no guid. */
export const attachmentShape: RowShape = {
  type: 'attachment',
  table: 'attachment_rows',
  columns: [
    'guid',
    'message_guid',
    'name',
    'mime_type',
    'uti',
    'is_sticker',
    'created_at',
    'claimed_bytes',
    'unavailable',
    'sha256',
    'bytes',
    'part',
    'parent_type',
    'parent_key',
    'device',
  ],
  identity: ['guid', 'message_guid', 'parent_type', 'parent_key', 'device'],
  parts: null,
}

/** Values of an attachment and its content, in the order of the columns. `device` is the phone's udid, empty where it is not known. */
export function attachmentValues(
  record: AttachmentRecord,
  content: ContentDigest | null,
  device: string,
): readonly SqlValue[] {
  const { parent } = record
  const isOnMessage = parent?.type === 'message'
  const other = parent === null || isOnMessage ? null : parent
  return [
    record.guid,
    isOnMessage ? parent.key : null,
    record.name,
    record.mimeType,
    record.uti,
    Number(record.isSticker),
    record.createdAt,
    record.claimedBytes,
    record.unavailable,
    content?.sha256 ?? null,
    content?.bytes ?? null,
    record.part,
    other?.type ?? null,
    other?.key ?? null,
    other === null ? null : device,
  ]
}

/** The attachment that a row holds. Throws RowUnreadable. */
export function attachmentRecord(row: Row): AttachmentRecord {
  const guid = text(row, 'guid')
  const parent = parentOf(row)
  return {
    type: 'attachment',
    key: `${guid}@${parent?.key ?? ''}`,
    guid,
    parent,
    name: textOrNull(row, 'name'),
    mimeType: textOrNull(row, 'mime_type'),
    uti: textOrNull(row, 'uti'),
    isSticker: flag(row, 'is_sticker'),
    createdAt: numberOrNull(row, 'created_at'),
    claimedBytes: numberOrNull(row, 'claimed_bytes'),
    unavailable: row['unavailable'] === null ? null : word<SkipReason>(row, 'unavailable'),
    part: numberOrNull(row, 'part'),
  }
}

function parentOf(row: Row): AttachmentParent | null {
  if (row['parent_type'] !== null) {
    return { type: word<AttachmentParent['type']>(row, 'parent_type'), key: text(row, 'parent_key') }
  }
  const messageGuid = textOrNull(row, 'message_guid')
  return messageGuid === null ? null : { type: 'message', key: messageGuid }
}

/** The content that the row of an attachment refers to; null when it has none. */
export function attachmentContent(row: RecordRow): ContentDigest | null {
  const sha256 = row.values[shaColumn]
  const bytes = row.values[shaColumn + 1]
  return typeof sha256 === 'string' && typeof bytes === 'number' ? { sha256, bytes } : null
}

const shaColumn = attachmentShape.columns.indexOf('sha256')
