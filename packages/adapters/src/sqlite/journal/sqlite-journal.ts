import {
  type Clock,
  checkOptions,
  type Entry,
  type EntryBody,
  entryVersion,
  HoldfastError,
  isHoldfastError,
  type Journal,
  type JournalWrite,
  type RunFilter,
  type RunHeader,
  type RunIdentity,
  rule,
  systemClock,
  systemCodeOf,
  type WriteResult,
} from '@holdfast/core'
import { inTransaction, type SqliteDatabase } from '../driver.js'
import { makeDurable } from '../durable-connection.js'
import { migrateJournal } from './journal-schema.js'
import { forgetHolder, type Holder, isDead, newHolder } from './process-holder.js'
import { type RunRow, toHeader } from './run-row.js'

/** Options of {@link sqliteJournal}. */
export interface SqliteJournalOptions {
  /** @default the system's clock */
  readonly clock?: Clock
  /** Milliseconds for which a lease lasts without being renewed. @default 30000 */
  readonly leaseDuration?: number
}

const journalRules = { clock: rule.object, leaseDuration: rule.positive }

/**
 * The journal in a SQLite database, in tables named `holdfast_*`; the host's other tables are left alone.
 * Sets the connection to WAL and `synchronous=FULL`. The host opens the database, and closes it after `runner.shutdown()`.
 *
 * @throws HoldfastError `JOURNAL_NEWER`, `JOURNAL_FAILED`, `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function sqliteJournal(db: SqliteDatabase, options: SqliteJournalOptions = {}): Journal {
  checkOptions('sqliteJournal', options, journalRules)
  const { clock = systemClock, leaseDuration = 30_000 } = options
  guarded(() => {
    makeDurable(db)
    migrateJournal(db)
  })
  const holder = newHolder()
  const holderText = JSON.stringify(holder)

  const insertRun = db.prepare(
    `INSERT INTO holdfast_runs (id, saga, version, key, owner, resources, started_at, updated_at, status, step, error, open, wake_at,
       entries, entry_version, generation, holder, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`,
  )
  const insertEntry = db.prepare('INSERT INTO holdfast_entries (run, seq, at, body) VALUES (?, ?, ?, ?)')
  // The generation is checked by the very statement that writes, in the transaction of the entries.
  const updateRun = db.prepare(
    `UPDATE holdfast_runs SET updated_at = ?, status = ?, step = ?, error = ?, open = ?, wake_at = ?, entries = entries + ?, expires_at = ?
     WHERE id = ? AND generation = ? AND holder = ?`,
  )
  const releaseRun = db.prepare(
    'UPDATE holdfast_runs SET holder = NULL WHERE id = ? AND generation = ? AND holder = ?',
  )
  const renewRun = db.prepare(
    'UPDATE holdfast_runs SET expires_at = ? WHERE id = ? AND generation = ? AND holder = ?',
  )
  const claimRun = db.prepare(
    'UPDATE holdfast_runs SET generation = generation + 1, holder = ?, expires_at = ? WHERE id = ? RETURNING generation',
  )
  const selectRun = db.prepare('SELECT * FROM holdfast_runs WHERE id = ?')
  const selectKey = db.prepare(
    "SELECT id FROM holdfast_runs WHERE key = ? AND status NOT IN ('done', 'discarded') AND id <> ?",
  )
  const selectResource = db.prepare('SELECT run FROM holdfast_resources WHERE name = ?')
  const takeResource = db.prepare('INSERT OR REPLACE INTO holdfast_resources (name, run) VALUES (?, ?)')
  const freeResources = db.prepare('DELETE FROM holdfast_resources WHERE run = ?')
  const releaseAll = db.prepare('UPDATE holdfast_runs SET holder = NULL WHERE holder = ?')
  const freeAll = db.prepare(
    'DELETE FROM holdfast_resources WHERE run IN (SELECT id FROM holdfast_runs WHERE holder = ?)',
  )
  const selectEntries = db.prepare('SELECT seq, at, body FROM holdfast_entries WHERE run = ? ORDER BY seq')

  /** The run that has the key or a resource, and which of them; null when all of it is free. */
  const conflict = (run: RunIdentity): { by: string; what: string } | null => {
    const sameKey = selectKey.get(run.key, run.id) as { id: string } | undefined
    if (sameKey !== undefined) return { by: sameKey.id, what: `key:${run.key}` }
    for (const what of run.resources) {
      const held = selectResource.get(what) as { run: string } | undefined
      if (held !== undefined && held.run !== run.id) return { by: held.run, what }
    }
    return null
  }

  const writeEntries = (run: string, entries: readonly Entry[]): void => {
    for (const { seq, at, body } of entries) insertEntry.run(run, seq, at, JSON.stringify(body))
  }

  const begin = (request: Extract<JournalWrite, { kind: 'begin' }>): WriteResult => {
    const { run, summary, entries } = request
    const held = conflict(run)
    if (held !== null) return { ok: false, problem: 'held', ...held }
    insertRun.run(
      run.id,
      run.saga,
      run.version,
      run.key,
      run.owner,
      JSON.stringify(run.resources),
      run.startedAt,
      entries.at(-1)?.at ?? run.startedAt,
      summary.status,
      summary.step,
      summary.error === null ? null : JSON.stringify(summary.error),
      summary.open ? 1 : 0,
      summary.wakeAt,
      entries.length,
      entryVersion,
      holderText,
      clock.now() + leaseDuration,
    )
    writeEntries(run.id, entries)
    for (const name of run.resources) takeResource.run(name, run.id)
    return { ok: true, generation: 1 }
  }

  const append = (request: Extract<JournalWrite, { kind: 'append' }>): WriteResult => {
    const { run, generation, entries, summary } = request
    const { changes } = updateRun.run(
      entries.at(-1)?.at ?? clock.now(),
      summary.status,
      summary.step,
      summary.error === null ? null : JSON.stringify(summary.error),
      summary.open ? 1 : 0,
      summary.wakeAt,
      entries.length,
      clock.now() + leaseDuration,
      run,
      generation,
      holderText,
    )
    if (Number(changes) === 0) return { ok: false, problem: 'stale' }
    writeEntries(run, entries)
    return request.release ? release(run, generation) : { ok: true, generation }
  }

  const release = (run: string, generation: number): WriteResult => {
    if (Number(releaseRun.run(run, generation, holderText).changes) === 0)
      return { ok: false, problem: 'stale' }
    freeResources.run(run)
    return { ok: true, generation }
  }

  const write = (request: JournalWrite): WriteResult => {
    if (request.kind === 'begin') return begin(request)
    return request.kind === 'append' ? append(request) : release(request.run, request.generation)
  }

  const claim = (id: string): WriteResult => {
    const row = selectRun.get(id) as RunRow | undefined
    if (row === undefined)
      throw new HoldfastError('RUN_UNKNOWN', `There is no run '${id}'`, { retryable: false })
    if (row.holder !== null && row.holder !== holderText && row.expires_at > clock.now()) {
      // Written by `newHolder` of some process.
      if (!isDead(JSON.parse(row.holder) as Holder))
        return { ok: false, problem: 'held', by: id, what: `run:${id}` }
    }
    const header = toHeader(row)
    const held = conflict(header)
    if (held !== null) return { ok: false, problem: 'held', ...held }
    const claimed = claimRun.get(holderText, clock.now() + leaseDuration, id) as { generation: number }
    for (const name of header.resources) takeResource.run(name, id)
    return { ok: true, generation: claimed.generation }
  }

  return {
    leaseDuration,
    commit: async (writes) => guarded(() => inTransaction(db, () => writes.map(write))),
    claim: async (run) => guarded(() => inTransaction(db, () => claim(run))),
    renew: async (leases) =>
      guarded(() =>
        inTransaction(db, () =>
          leases.map(({ run, generation }) => {
            const { changes } = renewRun.run(clock.now() + leaseDuration, run, generation, holderText)
            return Number(changes) > 0
          }),
        ),
      ),
    entries: async (run) =>
      guarded(() => {
        const row = selectRun.get(run) as RunRow | undefined
        if (row === undefined)
          throw new HoldfastError('RUN_UNKNOWN', `There is no run '${run}'`, { retryable: false })
        return readEntries(row, selectEntries.all(run))
      }),
    runs: async (filter = {}) => guarded(() => selectRuns(db, filter)),
    close: async () =>
      guarded(() => {
        inTransaction(db, () => {
          freeAll.run(holderText)
          releaseAll.run(holderText)
        })
        forgetHolder(holder)
      }),
  }
}

function selectRuns(db: SqliteDatabase, filter: RunFilter): readonly RunHeader[] {
  const conditions: string[] = []
  const values: unknown[] = []
  for (const column of ['id', 'saga', 'key', 'owner'] as const) {
    if (filter[column] === undefined) continue
    conditions.push(`${column} = ?`)
    values.push(filter[column])
  }
  if (filter.status !== undefined) {
    conditions.push(`status IN (${filter.status.map(() => '?').join(', ')})`)
    values.push(...filter.status)
  }
  if (filter.unattended === true) conditions.push('(open = 1 OR wake_at IS NOT NULL)')
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const rows = db.prepare(`SELECT * FROM holdfast_runs ${where} ORDER BY started_at, rowid`).all(...values)
  return rows.map((row) => toHeader(row as RunRow))
}

function readEntries(row: RunRow, rows: readonly unknown[]): readonly Entry[] {
  const damaged = (what: string, cause?: unknown) =>
    new HoldfastError('JOURNAL_DAMAGED', `The journal of run '${row.id}' is damaged: ${what}`, {
      hint: 'The run is set aside; nothing of it is changed.',
      retryable: false,
      facts: { run: row.id },
      cause,
    })
  if (row.entry_version > entryVersion) {
    throw new HoldfastError('JOURNAL_NEWER', `Run '${row.id}' was written by a newer Holdfast`, {
      hint: 'Update the app. Nothing was changed.',
      retryable: false,
    })
  }
  if (rows.length !== row.entries) throw damaged(`${rows.length} of ${row.entries} entries are there`)
  return rows.map((entry, index) => {
    const { seq, at, body } = entry as { seq: number; at: number; body: string }
    if (seq !== index + 1) throw damaged(`entry ${index + 1} is missing`)
    try {
      // Written by `commit` from an EntryBody; what does not parse is damaged, and the fold checks its order.
      return { seq, at, body: JSON.parse(body) as EntryBody }
    } catch (error) {
      throw damaged(`entry ${seq} cannot be read`, error)
    }
  })
}

/** Runs synchronous work on the database; what the driver throws becomes `JOURNAL_FAILED`, or `DISK_FULL`. */
function guarded<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    if (isHoldfastError(cause)) throw cause
    const systemCode = systemCodeOf(cause) ?? 'unknown'
    const message = cause instanceof Error ? cause.message : String(cause)
    if (systemCode === 'SQLITE_FULL') {
      throw new HoldfastError('DISK_FULL', 'The volume of the journal is full', {
        hint: 'Free some space, then retry; nothing is lost.',
        facts: { systemCode },
        cause,
      })
    }
    throw new HoldfastError('JOURNAL_FAILED', `The journal could not be read or written: ${message}`, {
      hint: 'Nothing is lost: what is in the journal is intact, and a retry goes on from it.',
      facts: { systemCode },
      cause,
    })
  }
}
