import type { ContactPoint, ContactRecord } from '@holdfast/core/import'
import { numberOrNull, type Row, RowUnreadable, type SqlValue, text, textOrNull } from '../fields.js'
import type { Parts, RowShape } from './row-shape.js'

/** Ids of contacts are unique on their device only, so the device belongs to what tells them apart. */
export const contactShape: RowShape = {
  type: 'contact',
  table: 'contact_rows',
  columns: [
    'id',
    'device',
    'display_name',
    'first_name',
    'middle_name',
    'last_name',
    'organization',
    'note',
    'birthday',
    'created_at',
    'modified_at',
  ],
  identity: ['id', 'device'],
  parts: { table: 'contact_point_rows', parent: 'contact', columns: ['kind', 'value', 'label'] },
}

/** Values of a contact, in the order of the columns. `device` is the phone's udid, empty where the backup does not say. */
export function contactValues(record: ContactRecord, device: string): readonly SqlValue[] {
  return [
    record.id,
    device,
    record.displayName,
    record.firstName,
    record.middleName,
    record.lastName,
    record.organization,
    record.note,
    record.birthday,
    record.createdAt,
    record.modifiedAt,
  ]
}

/** The points of a contact as parts. */
export function contactParts(record: ContactRecord): Parts {
  return record.points.map((point) => [point.kind, point.value, point.label])
}

/** The contact that a row and its parts hold. Throws RowUnreadable. */
export function contactRecord(row: Row, parts: Parts): ContactRecord {
  const id = text(row, 'id')
  return {
    type: 'contact',
    key: id,
    id,
    displayName: text(row, 'display_name'),
    firstName: textOrNull(row, 'first_name'),
    middleName: textOrNull(row, 'middle_name'),
    lastName: textOrNull(row, 'last_name'),
    organization: textOrNull(row, 'organization'),
    note: textOrNull(row, 'note'),
    birthday: textOrNull(row, 'birthday'),
    createdAt: numberOrNull(row, 'created_at'),
    modifiedAt: numberOrNull(row, 'modified_at'),
    points: parts.map(pointOf),
  }
}

function pointOf([kind, value, label]: readonly SqlValue[]): ContactPoint {
  if (typeof value !== 'string' || typeof label === 'number') throw new RowUnreadable('value', 'text')
  // Kinds are a closed list that the row's hash vouches for.
  return { kind: kind as ContactPoint['kind'], value, label: label ?? null }
}
