import type { ContactPoint, ContactRecord } from '@holdfast/core/import'
import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { isoDate, unixMillis, unixMillisSql, wholeMillis } from '../database/cocoa-time.js'
import { openJoinTable } from '../database/join-table.js'
import { columnOrNull, numberOf, type RecordTable, recordOf, textOf } from '../record-table.js'

/** `ABMultiValue.property`. */
const kinds: Readonly<Record<number, ContactPoint['kind']>> = {
  3: 'phone',
  4: 'email',
  5: 'address',
  13: 'im',
  22: 'url',
  23: 'related',
  46: 'profile',
}

const addressParts = ['Street', 'ZIP', 'City', 'State', 'Country']

interface PersonRow {
  readonly id: number
  readonly guid: SqlValue
  readonly first: SqlValue
  readonly middle: SqlValue
  readonly last: SqlValue
  readonly organization: SqlValue
  readonly note: SqlValue
  readonly birthday: SqlValue
  readonly created: SqlValue
  readonly modified: SqlValue
}

interface PointRow {
  readonly uid: number
  readonly person: number
  readonly property: SqlValue
  readonly value: SqlValue
  readonly label: SqlValue
}

/** Rows of persons in a range, by row id. */
type PointsOf = (first: number, last: number) => ReadonlyMap<number, readonly ContactPoint[]>

/** The contacts of AddressBook.sqlitedb, whose table of persons has these columns. */
export function openContacts(database: BackupDatabase, columns: ReadonlySet<string>): RecordTable {
  const text = (name: string, as: string) => columnOrNull(columns, 'p', name, as)
  const date = (name: string, as: string) =>
    columns.has(name.toLowerCase()) ? `${unixMillisSql(`p.${name}`)} AS ${as}` : `NULL AS ${as}`
  const select = database.guard(() =>
    database.prepare(`SELECT p.ROWID AS id, ${text('guid', 'guid')}, ${text('First', 'first')}, ${text('Middle', 'middle')},
      ${text('Last', 'last')}, ${text('Organization', 'organization')}, ${text('Note', 'note')},
      ${text('Birthday', 'birthday')}, ${date('CreationDate', 'created')}, ${date('ModificationDate', 'modified')}
      FROM ABPerson p WHERE p.ROWID > ? ORDER BY p.ROWID LIMIT ?`),
  )
  const pointsOf = openPoints(database)
  const twins = columns.has('guid') ? twinsOf(database) : new Set<number>()
  return {
    total: () => database.count('ABPerson'),
    page(after, limit) {
      const persons = database.guard(() =>
        rows<PersonRow>(select.all(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit)),
      )
      const first = persons[0]
      const last = persons.at(-1)
      if (first === undefined || last === undefined) return null
      const points = database.guard(() => pointsOf(first.id, last.id))
      return {
        position: [last.id],
        records: persons.map((row) =>
          recordOf('contact', 'ABPerson', row.id, () =>
            contactOf(row, points.get(row.id) ?? [], twins.has(row.id)),
          ),
        ),
      }
    },
  }
}

/** Row ids of persons whose guid an earlier one has already: they go by their row id, so that no key is there twice. */
function twinsOf(database: BackupDatabase): ReadonlySet<number> {
  const twins = database.guard(() =>
    rows<{ id: number }>(
      database
        .prepare(
          'SELECT ROWID AS id FROM ABPerson WHERE guid IS NOT NULL AND ROWID NOT IN (SELECT min(ROWID) FROM ABPerson GROUP BY guid)',
        )
        .all(),
    ),
  )
  return new Set(twins.map(({ id }) => id))
}

function contactOf(row: PersonRow, points: readonly ContactPoint[], isTwin: boolean): ContactRecord {
  const id = (isTwin ? null : textOf(row.guid)) ?? `person-${row.id}`
  const firstName = textOf(row.first)
  const middleName = textOf(row.middle)
  const lastName = textOf(row.last)
  const organization = textOf(row.organization)
  const name = [firstName, middleName, lastName].filter((part) => part !== null).join(' ')
  return {
    type: 'contact',
    key: id,
    id,
    displayName: name !== '' ? name : (organization ?? points[0]?.value ?? ''),
    firstName,
    middleName,
    lastName,
    organization,
    note: textOf(row.note),
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

function openPoints(database: BackupDatabase): PointsOf {
  const columns = database.columns('ABMultiValue')
  const join = openJoinTable(database, 'ABMultiValue', 'record_id', 'uid')
  if (join === null || columns === null) return () => new Map()
  const labelled = columns.has('label') && database.columns('ABMultiValueLabel')?.has('value') === true
  const select = database.guard(() =>
    database.prepare(`SELECT v.UID AS uid, j.${join.by} AS person, ${columnOrNull(columns, 'v', 'property')},
      ${columnOrNull(columns, 'v', 'value')}, ${labelled ? 'l.value' : 'NULL'} AS label
      FROM ${join.from} j JOIN ABMultiValue v ON v.UID = j.${join.other}
      ${labelled ? 'LEFT JOIN ABMultiValueLabel l ON l.ROWID = v.label' : ''}
      WHERE j.${join.by} BETWEEN ? AND ? ORDER BY v.UID`),
  )
  const addressOf = openAddresses(database)
  return (first, last) => {
    const points = new Map<number, ContactPoint[]>()
    for (const row of rows<PointRow>(select.all(first, last))) {
      const kind = kinds[numberOf(row.property) ?? 0] ?? 'other'
      const value = pointText(row.value) ?? addressOf(row.uid)
      if (value === null) continue
      const point = { kind, value, label: undressed(pointText(row.label)) }
      const known = points.get(row.person)
      if (known === undefined) points.set(row.person, [point])
      else known.push(point)
    }
    return points
  }
}

/** Addresses are kept in parts: a row per part, its name by number in a table of keys. */
function openAddresses(database: BackupDatabase): (uid: number) => string | null {
  const columns = database.columns('ABMultiValueEntry')
  const keys = database.columns('ABMultiValueEntryKey')
  if (columns === null || !['parent_id', 'key', 'value'].every((name) => columns.has(name))) return () => null
  const select: SqliteStatement = database.guard(() =>
    database.prepare(
      keys?.has('value') === true
        ? `SELECT k.value AS part, e.value AS value FROM ABMultiValueEntry e JOIN ABMultiValueEntryKey k ON k.ROWID = e.key
            WHERE e.parent_id = ?`
        : 'SELECT key AS part, value FROM ABMultiValueEntry WHERE parent_id = ?',
    ),
  )
  return (uid) => {
    const parts = new Map(
      rows<{ part: SqlValue; value: SqlValue }>(select.all(uid)).map(({ part, value }) => [
        part,
        pointText(value),
      ]),
    )
    const present = addressParts.map((part) => parts.get(part) ?? null).filter((part) => part !== null)
    return present.length === 0 ? null : present.join(', ')
  }
}

/** Apple's own labels are dressed as `_$!<Mobile>!$_`; what a person typed stands as it is. */
function undressed(label: string | null): string | null {
  return label === null ? null : label.replace(/^_\$!<(.*)>!\$_$/s, '$1')
}

/** A value that is bytes says nothing that could be shown, and must not take its contact with it. */
function pointText(value: SqlValue): string | null {
  return value instanceof Uint8Array ? null : textOf(value)
}
