import type { ContentDigest, ImportRecord } from '@holdfast/core/import'
import { attachmentRecord, attachmentShape, attachmentValues } from './attachment-rows.js'
import { callParts, callRecord, callShape, callValues } from './call-rows.js'
import { chatParts, chatRecord, chatShape, chatValues } from './chat-rows.js'
import { contactParts, contactRecord, contactShape, contactValues } from './contact-rows.js'
import { messageRecord, messageShape, messageValues } from './message-rows.js'
import { namedColumns, type Parts, type RecordRow, type RowShape } from './row-shape.js'
import { unreadableRecord, unreadableShape, unreadableValues } from './unreadable-rows.js'
import { voicemailRecord, voicemailShape, voicemailValues } from './voicemail-rows.js'

/** Every type's shape. */
export const shapes = {
  message: messageShape,
  chat: chatShape,
  attachment: attachmentShape,
  contact: contactShape,
  call: callShape,
  voicemail: voicemailShape,
  unreadable: unreadableShape,
} as const satisfies Record<ImportRecord['type'], RowShape>

const noParts: Parts = []

/** What of a row does not come from its record. */
export interface RowContext {
  /** Device of the import, empty when the backup does not say. */
  readonly device: string
  /** Content of an attachment; null when it has none. */
  readonly content: ContentDigest | null
}

/** A record as rows. */
export function toRow(record: ImportRecord, context: RowContext): RecordRow {
  switch (record.type) {
    case 'message':
      return { shape: messageShape, values: messageValues(record), parts: noParts }
    case 'attachment':
      return {
        shape: attachmentShape,
        values: attachmentValues(record, context.content, context.device),
        parts: noParts,
      }
    case 'chat':
      return { shape: chatShape, values: chatValues(record), parts: chatParts(record) }
    case 'contact':
      return {
        shape: contactShape,
        values: contactValues(record, context.device),
        parts: contactParts(record),
      }
    case 'call':
      return { shape: callShape, values: callValues(record, context.device), parts: callParts(record) }
    case 'voicemail':
      return { shape: voicemailShape, values: voicemailValues(record, context.device), parts: noParts }
    case 'unreadable':
      return { shape: unreadableShape, values: unreadableValues(record), parts: noParts }
  }
}

/** The record that rows hold. Throws RowUnreadable. */
export function toRecord(row: RecordRow): ImportRecord {
  const columns = namedColumns(row)
  switch (row.shape.type) {
    case 'message':
      return messageRecord(columns)
    case 'attachment':
      return attachmentRecord(columns)
    case 'chat':
      return chatRecord(columns, row.parts)
    case 'contact':
      return contactRecord(columns, row.parts)
    case 'call':
      return callRecord(columns, row.parts)
    case 'voicemail':
      return voicemailRecord(columns)
    case 'unreadable':
      return unreadableRecord(columns)
  }
}

/** The key that a record must have by the rules of the port. */
export function keyOf(record: ImportRecord): string {
  switch (record.type) {
    case 'message':
    case 'chat':
      return record.guid
    case 'attachment':
      return `${record.guid}@${record.parent?.key ?? ''}`
    case 'contact':
    case 'call':
    case 'voicemail':
      return record.id
    case 'unreadable':
      return `${record.of}:${record.table}:${record.row}`
  }
}
