import {
  type Entry,
  type EntryBody,
  entryVersion,
  HoldfastError,
  type RunFilter,
  type RunHeader,
  type RunRecord,
  type RunSnapshot,
} from '@holdfast/core'
import type { SqliteDatabase } from '../driver.js'
import { mostEntries, placeOf } from './entry-place.js'
import { damagedRun, unknownRun } from './journal-errors.js'
import { entriesOf, isEnd, type RunRow, selectRunRow, statusOfRow, toHeader } from './run-row.js'

/** Reads runs from the journal's tables. Synchronous; throws what the driver throws, and HoldfastErrors of the port. */
export interface RunReader {
  row(id: string): RunRow
  record(row: RunRow): RunRecord
  entries(row: RunRow): readonly Entry[]
  list(filter: RunFilter): readonly RunHeader[]
}

/** A reader with its statements prepared. */
export function runReader(db: SqliteDatabase): RunReader {
  const selectRun = db.prepare(`${selectRunRow} WHERE run.id = ?`)
  const selectSnapshot = db.prepare('SELECT seq, state FROM holdfast_snapshots WHERE run = ?')
  const selectEntries = db.prepare(
    'SELECT seq, at, body FROM holdfast_entries WHERE place > ? AND place <= ? ORDER BY place',
  )

  // A recovery asks the same hundreds of times; there are as many texts as there are kinds of filters that a host asks with.
  const lists = new Map<string, ReturnType<SqliteDatabase['prepare']>>()

  const entriesAfter = (row: RunRow, after: number): readonly Entry[] => {
    if (row.entry_version > entryVersion) {
      throw new HoldfastError('JOURNAL_NEWER', `Run '${row.id}' was written by a newer Holdfast`, {
        hint: 'Update the app. Nothing was changed.',
        retryable: false,
      })
    }
    if (row.body === null) throw damagedRun(row.id, 'not all of its entries are there')
    // A row of its own says the same as the last entry: whoever lost one of the two has lost what happened since.
    if (isEnd(row.last_status ?? row.status) ? row.ended === 0 : row.ended !== 0)
      throw damagedRun(row.id, 'its last entries are missing')
    const first = after > 0 ? [] : [{ seq: 1, at: row.at, body: row.body }]
    const rows = [...first, ...selectEntries.all(placeOf(row.n, after), placeOf(row.n, mostEntries))]
    if (after + rows.length !== entriesOf(row))
      throw damagedRun(row.id, `${after + rows.length} of ${entriesOf(row)} entries are there`)
    return rows.map((entry, index) => toEntry(row.id, after + index + 1, entry))
  }

  return {
    row: (id) => {
      const row = selectRun.get(id) as RunRow | undefined
      if (row === undefined) throw unknownRun(id)
      return row
    },
    record: (row) => {
      const snapshot = toSnapshot(selectSnapshot.get(row.n), entriesOf(row))
      return { header: toHeader(row), snapshot, entries: entriesAfter(row, snapshot?.seq ?? 0) }
    },
    entries: (row) => entriesAfter(row, 0),
    list: (filter) => {
      const { sql, values } = listing(filter)
      const select = lists.get(sql) ?? db.prepare(sql)
      lists.set(sql, select)
      return select.all(...values).map((row) => toHeader(row as RunRow))
    },
  }
}

function toEntry(run: string, expected: number, row: unknown): Entry {
  // The columns of `selectEntries`, in tables that are STRICT.
  const { seq, at, body } = row as { seq: number; at: number; body: string }
  if (seq !== expected) throw damagedRun(run, `entry ${expected} is missing`)
  try {
    // Written by `commit` from an EntryBody; what does not parse is damaged, and the fold checks its order.
    return { seq, at, body: JSON.parse(body) as EntryBody }
  } catch (error) {
    throw damagedRun(run, `entry ${seq} cannot be read`, error)
  }
}

/** A snapshot that cannot be read is none: the entries are all there, and the fold of them is the truth. */
function toSnapshot(row: unknown, entries: number): RunSnapshot | null {
  if (row === undefined) return null
  // The columns of `selectSnapshot`.
  const { seq, state } = row as { seq: number; state: string }
  if (seq > entries) return null
  try {
    return { seq, state: JSON.parse(state) }
  } catch {
    return null
  }
}

function listing(filter: RunFilter): { readonly sql: string; readonly values: readonly unknown[] } {
  const limit = filter.limit ?? -1
  const others: string[] = []
  const values: unknown[] = []
  for (const column of ['id', 'saga', 'key', 'owner'] as const) {
    if (filter[column] === undefined) continue
    others.push(`run.${column} = ?`)
    values.push(filter[column])
  }
  if (filter.status !== undefined) {
    others.push(`${statusOfRow} IN (${filter.status.map(() => '?').join(', ')})`)
    values.push(...filter.status)
  }
  const after = filter.after === undefined ? [] : [filter.after]
  const behind = (column: string): readonly string[] =>
    after.map(() => `${column} > (SELECT n FROM holdfast_runs WHERE id = ?)`)
  if (filter.unattended !== true) {
    const where = [...others, ...behind('run.n')]
    return {
      sql: `${selectRunRow} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY run.n LIMIT ?`,
      values: [...values, ...after, limit],
    }
  }
  // The few that are live lie by key: their numbers are sorted first, so that only those of the page are looked up.
  const open = ['(open = 1 OR wake_at IS NOT NULL)', ...behind('run')].join(' AND ')
  const page = others.length === 0 ? limit : -1
  const where = [`run.n IN (SELECT run FROM holdfast_live WHERE ${open} ORDER BY run LIMIT ?)`, ...others]
  return {
    sql: `${selectRunRow} WHERE ${where.join(' AND ')} ORDER BY run.n LIMIT ?`,
    values: [...after, page, ...values, limit],
  }
}
