import { isHoldfastError } from '@holdfast/core'
import type { ImportRecord, UnreadableRecord } from '@holdfast/core/import'
import { DecodeFailure } from '../decoding/decoding.js'
import type { SqliteStatement } from '../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from './database/backup-database.js'
import { wholeMillis } from './database/cocoa-time.js'

/** Row ids of the last record: one, or two where a record stands for a pair of rows. */
export type Position = readonly number[]

/** Some records in order, and where they end. */
export interface Page {
  readonly records: readonly ImportRecord[]
  readonly position: Position
}

/** One kind of record of the backup, in the order of its row ids. */
export interface RecordTable {
  /** How many records there are, unreadable ones included. */
  total(): number | Promise<number>
  /** At most `limit` records behind a position; null when none are left. */
  page(after: Position | null, limit: number): Page | null | Promise<Page | null>
  /** Bytes of content that the rows behind a position claim, of a table of attachments whose rows say so. */
  claimedBytes?(after: Position | null): number | Promise<number>
}

/** A kind of record that the backup does not have. */
export const emptyTable: RecordTable = { total: () => 0, page: () => null }

/** Makes the record of one row. A row that cannot be decoded becomes an `unreadable` record: it never ends the run. */
export function recordOf<Made extends ImportRecord>(
  of: UnreadableRecord['of'],
  table: string,
  row: number | string,
  make: () => Made,
): Made | UnreadableRecord {
  try {
    return make()
  } catch (thrown) {
    // A damaged database is no matter of one row.
    if (isHoldfastError(thrown)) throw thrown
    const problem = thrown instanceof Error ? thrown.message : String(thrown)
    return { type: 'unreadable', key: `${of}:${table}:${row}`, of, table, row: String(row), problem }
  }
}

/**
 * The rows behind a position, by a statement that takes a row id and how many are wanted, with the ids of the first and the last; null
 * when there are none.
 *
 * @throws HoldfastError the damage code of the database.
 */
export function rowsBehind<Row extends { readonly id: number }>(
  database: BackupDatabase,
  statement: SqliteStatement,
  after: Position | null,
  limit: number,
): { readonly found: readonly Row[]; readonly first: number; readonly last: number } | null {
  const found = database.guard(() => rows<Row>(statement.all(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit)))
  const [first, last] = [found[0], found.at(-1)]
  return first === undefined || last === undefined ? null : { found, first: first.id, last: last.id }
}

/** What a statement sums up behind a row; 0 where there is nothing, and where damage makes it negative or endless. */
export function sumOf(statement: SqliteStatement, after: number): number {
  const [found] = rows<{ bytes: SqlValue }>(statement.all(after))
  const bytes = numberOf(found?.bytes ?? null) ?? 0
  return Number.isFinite(bytes) && bytes > 0 ? bytes : 0
}

/** Text of a column; null when it is NULL or empty. Columns declared STRING give numbers for text that looks like one. */
export function textOf(value: SqlValue): string | null {
  if (value === null || value === '') return null
  if (value instanceof Uint8Array) throw new DecodeFailure('A column that should hold text holds bytes.')
  return String(value)
}

/** Text that a record cannot be without. */
export function requiredText(value: SqlValue, column: string): string {
  const text = textOf(value)
  if (text === null) throw new DecodeFailure(`The row has no ${column}.`)
  return text
}

/** A number of a column; null when it holds none. */
export function numberOf(value: SqlValue): number | null {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : null
}

/** A number of a column; null when it is NULL. Throws DecodeFailure when it holds anything else. */
export function numberIn(value: SqlValue, column: string): number | null {
  const number = numberOf(value)
  if (number === null && value !== null)
    throw new DecodeFailure(`Column '${column}' does not hold the number that it should.`)
  return number
}

/** Bytes of a column; null when it is NULL or empty. Throws DecodeFailure when it holds anything else. */
export function bytesIn(value: SqlValue, column: string): Uint8Array | null {
  if (value !== null && value !== '' && !(value instanceof Uint8Array))
    throw new DecodeFailure(`Column '${column}' does not hold the bytes that it should.`)
  return bytesOf(value)
}

/** A date that {@link unixMillisSql} made, in unix milliseconds; null when there is none. Throws DecodeFailure when it is no date. */
export function dateIn(value: SqlValue, column: string): number | null {
  const millis = numberIn(value, column)
  if (millis === null) return null
  const whole = wholeMillis(millis)
  if (whole === null) throw new DecodeFailure(`Column '${column}' holds a date that no calendar has.`)
  return whole
}

/** Bytes of a column; null when it is NULL or empty. */
export function bytesOf(value: SqlValue): Uint8Array | null {
  return value instanceof Uint8Array && value.length > 0 ? value : null
}

/** A column where the table has it, NULL where this version of the phone's system does not know it. */
export function columnOrNull(
  columns: ReadonlySet<string>,
  alias: string,
  column: string,
  as = column,
): string {
  return columns.has(column.toLowerCase()) ? `${alias}.${column} AS ${as}` : `NULL AS ${as}`
}
