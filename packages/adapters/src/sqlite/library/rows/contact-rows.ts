import type { ContactPoint, ContactRecord, PostalAddress } from '@holdfast/core/import'
import { numberOrNull, type Row, type SqlValue, text, textOrNull, word } from '../fields.js'
import type { Parts, RowShape } from './row-shape.js'

const addressColumns = ['street', 'city', 'state', 'postal_code', 'country', 'country_code'] as const
const pointColumns = ['kind', 'value', 'label', 'handle', 'service', ...addressColumns] as const

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
    'prefix',
    'suffix',
    'nickname',
    'phonetic_first_name',
    'phonetic_middle_name',
    'phonetic_last_name',
    'department',
    'job_title',
  ],
  identity: ['id', 'device'],
  parts: { table: 'contact_point_rows', parent: 'contact', columns: pointColumns, ofVersion1: 3 },
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
    record.prefix,
    record.suffix,
    record.nickname,
    record.phoneticFirstName,
    record.phoneticMiddleName,
    record.phoneticLastName,
    record.department,
    record.jobTitle,
  ]
}

/** The points of a contact as parts. */
export function contactParts(record: ContactRecord): Parts {
  return record.points.map(({ kind, value, label, handle, service, address }) => [
    kind,
    value,
    label,
    handle,
    service,
    address?.street ?? null,
    address?.city ?? null,
    address?.state ?? null,
    address?.postalCode ?? null,
    address?.country ?? null,
    address?.countryCode ?? null,
  ])
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
    prefix: textOrNull(row, 'prefix'),
    suffix: textOrNull(row, 'suffix'),
    nickname: textOrNull(row, 'nickname'),
    phoneticFirstName: textOrNull(row, 'phonetic_first_name'),
    phoneticMiddleName: textOrNull(row, 'phonetic_middle_name'),
    phoneticLastName: textOrNull(row, 'phonetic_last_name'),
    organization: textOrNull(row, 'organization'),
    department: textOrNull(row, 'department'),
    jobTitle: textOrNull(row, 'job_title'),
    note: textOrNull(row, 'note'),
    birthday: textOrNull(row, 'birthday'),
    createdAt: numberOrNull(row, 'created_at'),
    modifiedAt: numberOrNull(row, 'modified_at'),
    points: parts.map(pointOf),
  }
}

function pointOf(values: readonly SqlValue[]): ContactPoint {
  const point: Row = Object.fromEntries(pointColumns.map((column, index) => [column, values[index] ?? null]))
  return {
    kind: word<ContactPoint['kind']>(point, 'kind'),
    value: text(point, 'value'),
    label: textOrNull(point, 'label'),
    handle: textOrNull(point, 'handle'),
    service: textOrNull(point, 'service'),
    address: addressOf(point),
  }
}

/** An address has some part, or it would be no point. */
function addressOf(point: Row): PostalAddress | null {
  if (addressColumns.every((column) => point[column] === null)) return null
  return {
    street: textOrNull(point, 'street'),
    city: textOrNull(point, 'city'),
    state: textOrNull(point, 'state'),
    postalCode: textOrNull(point, 'postal_code'),
    country: textOrNull(point, 'country'),
    countryCode: textOrNull(point, 'country_code'),
  }
}
