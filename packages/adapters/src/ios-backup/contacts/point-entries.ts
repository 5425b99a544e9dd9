import type { PostalAddress } from '@holdfast/core/import'
import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { textOf } from '../record-table.js'

/** What a value of several parts says: an address, or a name at some service. */
export interface ComposedValue {
  /** In one line. */
  readonly value: string
  readonly service: string | null
  readonly address: PostalAddress | null
}

/** Asks for the composed value of a row of ABMultiValue; null when it has no parts. */
export type ComposedValues = (uid: number) => ComposedValue | null

/**
 * Values of several parts: a row of ABMultiValueEntry for each, its name by number in ABMultiValueEntryKey. The names are those of
 * Apple's AddressBook framework: `Street`, `City`, `State`, `ZIP`, `Country`, `CountryCode` of an address (kABPersonAddress…Key),
 * `service` and `username` of an instant message, and `url` as well of a social profile (kABPersonSocialProfile…Key).
 */
export function openPointEntries(database: BackupDatabase): ComposedValues {
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
    const parts = new Map<SqlValue, string | null>()
    for (const { part, value } of rows<{ part: SqlValue; value: SqlValue }>(select.all(uid))) {
      parts.set(part, value instanceof Uint8Array ? null : textOf(value))
    }
    return parts.size === 0 ? null : composed((name) => parts.get(name) ?? null)
  }
}

function composed(part: (name: string) => string | null): ComposedValue | null {
  const address = {
    street: part('Street'),
    city: part('City'),
    state: part('State'),
    postalCode: part('ZIP'),
    country: part('Country'),
    countryCode: part('CountryCode'),
  }
  const { street, postalCode, city, state, country } = address
  const line = [street, postalCode, city, state, country].filter((each) => each !== null).join(', ')
  if (line !== '' || address.countryCode !== null) {
    return { value: line === '' ? (address.countryCode ?? '') : line, service: null, address }
  }
  const name = part('username') ?? part('url')
  return name === null ? null : { value: name, service: part('service'), address: null }
}
