import type { ContactPoint, ContactRecord } from '@holdfast/core/import'
import type { BackupDatabase, SqlValue } from '../database/backup-database.js'
import { isoDate, unixMillis, unixMillisSql, wholeMillis } from '../database/cocoa-time.js'
import type { HomeRegion } from '../phone-numbers/phone-number.js'
import { columnOrNull, numberOf, type RecordTable, recordOf, rowsBehind, textOf } from '../record-table.js'
import type { ContactIds } from './contact-ids.js'
import { openPoints } from './points.js'

/** Columns of `ABPerson` and the fields that they fill. */
const names = {
  First: 'firstName',
  Middle: 'middleName',
  Last: 'lastName',
  Prefix: 'prefix',
  Suffix: 'suffix',
  Nickname: 'nickname',
  FirstPhonetic: 'phoneticFirstName',
  MiddlePhonetic: 'phoneticMiddleName',
  LastPhonetic: 'phoneticLastName',
  Organization: 'organization',
  Department: 'department',
  JobTitle: 'jobTitle',
  Note: 'note',
} as const

type NameField = (typeof names)[keyof typeof names]

interface PersonRow extends Readonly<Record<NameField, SqlValue>> {
  readonly id: number
  readonly guid: SqlValue
  readonly birthday: SqlValue
  readonly created: SqlValue
  readonly modified: SqlValue
}

/** The contacts of AddressBook.sqlitedb, whose table of persons has these columns. */
export function openContacts(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
  known: { readonly ids: ContactIds; readonly region: HomeRegion },
): RecordTable {
  const date = (name: string, as: string) =>
    columns.has(name.toLowerCase()) ? `${unixMillisSql(`p.${name}`)} AS ${as}` : `NULL AS ${as}`
  const select = database.guard(() =>
    database.prepare(`SELECT p.ROWID AS id, ${columnOrNull(columns, 'p', 'guid')},
      ${Object.entries(names)
        .map(([column, field]) => columnOrNull(columns, 'p', column, field))
        .join(', ')},
      ${columnOrNull(columns, 'p', 'Birthday', 'birthday')},
      ${date('CreationDate', 'created')}, ${date('ModificationDate', 'modified')}
      FROM ABPerson p WHERE p.ROWID > ? ORDER BY p.ROWID LIMIT ?`),
  )
  const pointsOf = openPoints(database, known.region)
  return {
    total: () => database.count('ABPerson'),
    page(after, limit) {
      const page = rowsBehind<PersonRow>(database, select, after, limit)
      if (page === null) return null
      const points = database.guard(() => pointsOf(page.first, page.last))
      return {
        position: [page.last],
        records: page.found.map((row) =>
          recordOf('contact', 'ABPerson', row.id, () =>
            contactOf(row, points.get(row.id) ?? [], known.ids.idOf(row.id)),
          ),
        ),
      }
    },
  }
}

function contactOf(row: PersonRow, points: readonly ContactPoint[], id: string): ContactRecord {
  // A guid of bytes makes the row one that cannot be decoded, as bytes in any other column of text do.
  textOf(row.guid)
  const text = (field: NameField) => textOf(row[field])
  const named = [text('firstName'), text('middleName'), text('lastName')].filter((part) => part !== null)
  const name = named.length > 0 ? named.join(' ') : (text('organization') ?? text('nickname'))
  return {
    type: 'contact',
    key: id,
    id,
    displayName: name ?? points[0]?.value ?? '',
    firstName: text('firstName'),
    middleName: text('middleName'),
    lastName: text('lastName'),
    prefix: text('prefix'),
    suffix: text('suffix'),
    nickname: text('nickname'),
    phoneticFirstName: text('phoneticFirstName'),
    phoneticMiddleName: text('phoneticMiddleName'),
    phoneticLastName: text('phoneticLastName'),
    organization: text('organization'),
    department: text('department'),
    jobTitle: text('jobTitle'),
    note: text('note'),
    birthday: birthdayOf(row.birthday),
    createdAt: dateOf(row.created),
    modifiedAt: dateOf(row.modified),
    points,
  }
}

/** Cocoa seconds, which the phone keeps as text. */
function birthdayOf(value: SqlValue): string | null {
  const text = textOf(value)
  const seconds = text === null || text.trim() === '' ? Number.NaN : Number(text)
  const millis = Number.isFinite(seconds) ? unixMillis(seconds) : null
  return millis === null ? null : isoDate(millis)
}

function dateOf(value: SqlValue): number | null {
  const millis = numberOf(value)
  return millis === null ? null : wholeMillis(millis)
}
