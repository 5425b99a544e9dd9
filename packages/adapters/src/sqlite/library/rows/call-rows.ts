import type { CallRecord } from '@holdfast/core/import'
import {
  flag,
  numberOrNull,
  type Row,
  RowUnreadable,
  type SqlValue,
  text,
  textOrNull,
  word,
} from '../fields.js'
import type { Parts, RowShape } from './row-shape.js'

/** Ids of calls are unique on their device only, so the device belongs to what tells them apart. */
export const callShape: RowShape = {
  type: 'call',
  table: 'call_rows',
  columns: ['id', 'device', 'started_at', 'duration_ms', 'direction', 'is_answered', 'medium', 'service'],
  identity: ['id', 'device'],
  parts: { table: 'call_handle_rows', parent: 'call', columns: ['handle'] },
}

/** Values of a call, in the order of the columns. `device` is the phone's udid, empty where the backup does not say. */
export function callValues(record: CallRecord, device: string): readonly SqlValue[] {
  return [
    record.id,
    device,
    record.startedAt,
    record.durationMs,
    record.direction,
    Number(record.isAnswered),
    record.medium,
    record.service,
  ]
}

/** The handles of a call as parts. */
export function callParts(record: CallRecord): Parts {
  return record.handles.map((handle) => [handle])
}

/** The call that a row and its parts hold. Throws RowUnreadable. */
export function callRecord(row: Row, parts: Parts): CallRecord {
  const id = text(row, 'id')
  return {
    type: 'call',
    key: id,
    id,
    startedAt: numberOrNull(row, 'started_at'),
    durationMs: numberOrNull(row, 'duration_ms'),
    direction: word<CallRecord['direction']>(row, 'direction'),
    isAnswered: flag(row, 'is_answered'),
    medium: word<CallRecord['medium']>(row, 'medium'),
    service: textOrNull(row, 'service'),
    handles: parts.map(([handle]) => {
      if (typeof handle === 'string') return handle
      throw new RowUnreadable('handle', 'text')
    }),
  }
}
