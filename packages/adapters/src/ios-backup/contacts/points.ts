import { type ContactPoint, canonicalHandle } from '@holdfast/core/import'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { isoDate, unixMillis } from '../database/cocoa-time.js'
import { openJoinTable } from '../database/join-table.js'
import { type HomeRegion, handleOfPhone } from '../phone-numbers/phone-number.js'
import { columnOrNull, numberOf, textOf } from '../record-table.js'
import { openPointEntries } from './point-entries.js'

/** `ABMultiValue.property`: numbers of the properties of Apple's AddressBook framework. */
export const pointKinds: Readonly<Record<number, ContactPoint['kind']>> = {
  3: 'phone',
  4: 'email',
  5: 'address',
  12: 'date',
  13: 'im',
  22: 'url',
  23: 'related',
  46: 'profile',
}

interface PointRow {
  readonly uid: number
  readonly person: number
  readonly property: SqlValue
  readonly value: SqlValue
  readonly label: SqlValue
}

/** Points by row id of their person, for a range of persons. */
export type PointsOf = (first: number, last: number) => ReadonlyMap<number, readonly ContactPoint[]>

/** The multi-values of AddressBook.sqlitedb. Numbers without a country are taken to be of `region`. */
export function openPoints(database: BackupDatabase, region: HomeRegion): PointsOf {
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
  const entriesOf = openPointEntries(database)
  return (first, last) => {
    const points = new Map<number, ContactPoint[]>()
    for (const row of rows<PointRow>(select.all(first, last))) {
      const kind = pointKinds[numberOf(row.property) ?? 0] ?? 'other'
      const text = pointText(row.value)
      const entries = text === null ? entriesOf(row.uid) : null
      const written = text ?? entries?.value ?? null
      if (written === null) continue
      const value = kind === 'date' ? dayOf(written) : written
      const point: ContactPoint = {
        kind,
        value,
        label: undressed(pointText(row.label)),
        handle: handleOf(kind, value, region),
        service: entries?.service ?? null,
        address: entries?.address ?? null,
      }
      const known = points.get(row.person)
      if (known === undefined) points.set(row.person, [point])
      else known.push(point)
    }
    return points
  }
}

function handleOf(kind: ContactPoint['kind'], value: string, region: HomeRegion): string | null {
  if (kind === 'phone') return handleOfPhone(value, region)
  return kind === 'email' ? canonicalHandle(value) : null
}

/** An anniversary or other date: Cocoa seconds, as birthdays are; whatever else stands there stays as it is. */
function dayOf(value: string): string {
  const seconds = Number(value)
  const millis = value.trim() === '' || !Number.isFinite(seconds) ? null : unixMillis(seconds)
  return (millis === null ? null : isoDate(millis)) ?? value
}

/** Apple's own labels are dressed as `_$!<Mobile>!$_`; what a person typed stands as it is. */
function undressed(label: string | null): string | null {
  return label === null ? null : label.replace(/^_\$!<(.*)>!\$_$/s, '$1')
}

/** A value that is bytes says nothing that could be shown; it is told as unreadable in a table of its own. */
function pointText(value: SqlValue): string | null {
  return value instanceof Uint8Array ? null : textOf(value)
}
