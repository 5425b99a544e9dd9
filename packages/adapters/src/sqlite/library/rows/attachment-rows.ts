import type { AttachmentRecord, ContentDigest, SkipReason } from '@holdfast/core/import'
import { flag, numberOrNull, type Row, type SqlValue, text, textOrNull, word } from '../fields.js'
import type { RecordRow, RowShape } from './row-shape.js'

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
  ],
  identity: ['guid', 'message_guid'],
  parts: null,
}

/** Values of an attachment and its content, in the order of the columns. */
export function attachmentValues(
  record: AttachmentRecord,
  content: ContentDigest | null,
): readonly SqlValue[] {
  return [
    record.guid,
    record.messageGuid,
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
  ]
}

/** The attachment that a row holds. Throws RowUnreadable. */
export function attachmentRecord(row: Row): AttachmentRecord {
  const guid = text(row, 'guid')
  const messageGuid = textOrNull(row, 'message_guid')
  return {
    type: 'attachment',
    key: `${guid}@${messageGuid ?? ''}`,
    guid,
    messageGuid,
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

/** The content that the row of an attachment refers to; null when it has none. */
export function attachmentContent(row: RecordRow): ContentDigest | null {
  const sha256 = row.values[shaColumn]
  const bytes = row.values[shaColumn + 1]
  return typeof sha256 === 'string' && typeof bytes === 'number' ? { sha256, bytes } : null
}

const shaColumn = attachmentShape.columns.indexOf('sha256')
