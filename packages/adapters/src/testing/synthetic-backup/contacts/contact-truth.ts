import type { ContactPoint, ContactRecord, PostalAddress } from '@holdfast/core/import'
import { cocoaEpochSeconds } from '../folder/apple-time.js'
import type { PlannedContact, PlannedPoint } from './contact-plan.js'

/** The id by which a reader knows a contact; `withGuid` says whether the table has that column. */
export function contactId(contact: PlannedContact, withGuid: boolean): string {
  return withGuid && contact.guid ? contact.guid : `person-${contact.rowid}`
}

/** What a reader should make of a contact. */
export function contactRecord(contact: PlannedContact, withGuid: boolean): ContactRecord {
  const id = contactId(contact, withGuid)
  const points = contact.points.map(pointTruth)
  const name = [contact.first, contact.middle, contact.last].filter((part) => part !== null).join(' ')
  const other = contact.organization ?? contact.nickname ?? points[0]?.value ?? ''
  const [phoneticFirstName, phoneticMiddleName, phoneticLastName] = contact.phonetic
  return {
    type: 'contact',
    key: id,
    id,
    displayName: name !== '' ? name : other,
    firstName: contact.first,
    middleName: contact.middle,
    lastName: contact.last,
    prefix: contact.prefix,
    suffix: contact.suffix,
    nickname: contact.nickname,
    phoneticFirstName,
    phoneticMiddleName,
    phoneticLastName,
    organization: contact.organization,
    department: contact.department,
    jobTitle: contact.jobTitle,
    note: contact.note,
    birthday: contact.birthday === null ? null : dayOf(contact.birthday),
    createdAt: (contact.created + cocoaEpochSeconds) * 1000,
    modifiedAt: (contact.modified + cocoaEpochSeconds) * 1000,
    points,
  }
}

function pointTruth({ kind, label, value, entries, handle }: PlannedPoint): ContactPoint {
  const part = (name: string) => entries.find(([each]) => each === name)?.[1] ?? null
  const address = kind === 'address' ? addressTruth(part) : null
  const line = entries.filter(([name]) => name !== 'CountryCode').map(([, text]) => text)
  return {
    kind,
    value:
      kind === 'date' && value !== null
        ? dayOf(Number(value))
        : (value ?? (address === null ? (part('username') ?? '') : line.join(', '))),
    label: label === null ? null : label.replace(/^_\$!<(.*)>!\$_$/, '$1'),
    handle,
    service: part('service'),
    address,
  }
}

function addressTruth(part: (name: string) => string | null): PostalAddress {
  return {
    street: part('Street'),
    city: part('City'),
    state: part('State'),
    postalCode: part('ZIP'),
    country: part('Country'),
    countryCode: part('CountryCode'),
  }
}

function dayOf(cocoaSeconds: number): string {
  return new Date((cocoaSeconds + cocoaEpochSeconds) * 1000).toISOString().slice(0, 10)
}
