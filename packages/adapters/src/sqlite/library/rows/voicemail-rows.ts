import type { VoicemailRecord } from '@holdfast/core/import'
import { flag, numberOrNull, type Row, type SqlValue, text, textOrNull } from '../fields.js'
import type { RowShape } from './row-shape.js'

/** Ids of voicemails are unique on their device only, so the device belongs to what tells them apart. */
export const voicemailShape: RowShape = {
  type: 'voicemail',
  table: 'voicemail_rows',
  columns: [
    'id',
    'device',
    'sender',
    'callback_number',
    'received_at',
    'duration_ms',
    'trashed_at',
    'is_read',
  ],
  identity: ['id', 'device'],
  parts: null,
}

/** Values of a voicemail, in the order of the columns. `device` is the phone's udid, empty where the backup does not say. */
export function voicemailValues(record: VoicemailRecord, device: string): readonly SqlValue[] {
  return [
    record.id,
    device,
    record.sender,
    record.callbackNumber,
    record.receivedAt,
    record.durationMs,
    record.trashedAt,
    record.isRead === null ? null : Number(record.isRead),
  ]
}

/** The voicemail that a row holds. Throws RowUnreadable. */
export function voicemailRecord(row: Row): VoicemailRecord {
  const id = text(row, 'id')
  return {
    type: 'voicemail',
    key: id,
    id,
    sender: textOrNull(row, 'sender'),
    callbackNumber: textOrNull(row, 'callback_number'),
    receivedAt: numberOrNull(row, 'received_at'),
    durationMs: numberOrNull(row, 'duration_ms'),
    trashedAt: numberOrNull(row, 'trashed_at'),
    isRead: row['is_read'] === null ? null : flag(row, 'is_read'),
  }
}
