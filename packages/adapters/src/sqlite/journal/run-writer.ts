import {
  type Clock,
  type Entry,
  entryVersion,
  type JournalWrite,
  type RunSummary,
  type WriteResult,
} from '@holdfast/core'
import type { SqliteDatabase } from '../driver.js'
import { placeOf } from './entry-place.js'
import type { RunLeases } from './run-leases.js'

type Begin = Extract<JournalWrite, { kind: 'begin' }>
type Append = Extract<JournalWrite, { kind: 'append' }>

/** What a {@link runWriter} needs. */
export interface RunWriterOptions {
  readonly leases: RunLeases
  readonly clock: Clock
  readonly leaseDuration: number
}

/** Writes to the journal's tables. */
export interface RunWriter {
  /** Performs one write of a group, inside the group's transaction. */
  write(write: JournalWrite): WriteResult
  /**
   * Performs a write that needs no transaction around it, because it is one statement: a run that goes on as before. Null when
   * it is not such a write, or meets no run that goes on as before; then nothing was written.
   */
  writeAlone(write: JournalWrite): WriteResult | null
}

/** A writer with its statements prepared. */
export function runWriter(db: SqliteDatabase, { leases, clock, leaseDuration }: RunWriterOptions): RunWriter {
  const insertRun = db.prepare(
    `INSERT INTO holdfast_runs (id, saga, version, key, owner, resources, started_at, updated_at, status, step, error, open, wake_at,
       entries, entry_version, generation, holder, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`,
  )
  const insertEntry = db.prepare('INSERT INTO holdfast_entries (place, at, step, body) VALUES (?, ?, ?, ?)')
  // The generation is checked by the very statement that writes, in the transaction of the entries. A lease ends with the same statement.
  const updateRun = db.prepare(
    `UPDATE holdfast_runs SET updated_at = ?, status = ?, step = ?, error = ?, open = ?, wake_at = ?, entries = max(entries, ?), expires_at = ?,
       holder = CASE ? WHEN 1 THEN NULL ELSE holder END
     WHERE n = ? AND id = ? AND generation = ? AND holder = ?`,
  )
  // What goes on as before is its entry alone: most appends are of this kind, and every further row costs a page in the commit.
  const advanceRun = db.prepare(
    `INSERT INTO holdfast_entries (place, at, step, body) SELECT ?, ?, ?, ? FROM holdfast_runs
     WHERE n = ? AND id = ? AND generation = ? AND holder = ? AND status = 'working' AND error IS NULL AND wake_at IS NULL`,
  )
  const updateVersion = db.prepare('UPDATE holdfast_runs SET version = ? WHERE n = ?')
  const putSnapshot = db.prepare(
    'INSERT OR REPLACE INTO holdfast_snapshots (run, seq, state) VALUES (?, ?, ?)',
  )

  const writeEntries = (run: number, entries: readonly Entry[], step: string): void => {
    for (const { seq, at, body } of entries)
      insertEntry.run(placeOf(run, seq), at, step, JSON.stringify(body))
  }

  const begin = ({ run, summary, entries }: Begin): WriteResult => {
    const held = leases.conflict(run)
    if (held !== null) return held
    const { lastInsertRowid } = insertRun.run(
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
      errorText(summary),
      summary.open ? 1 : 0,
      summary.wakeAt,
      entries.length,
      entryVersion,
      leases.holder(),
      clock.now() + leaseDuration,
    )
    const n = Number(lastInsertRowid)
    writeEntries(n, entries, summary.step)
    leases.remember(run, n)
    leases.takeResources(run)
    return { ok: true, generation: 1 }
  }

  /** Writes the entries of a run that goes on as before; false, and nothing written, when it does not, or the lease is lost. */
  const advance = (n: number, { run, generation, entries, summary, release }: Append): boolean => {
    if (summary.status !== 'working' || summary.error !== null || release) return false
    const holder = leases.holder()
    for (const { seq, at, body } of entries) {
      const { changes } = advanceRun.run(
        placeOf(n, seq),
        at,
        summary.step,
        JSON.stringify(body),
        n,
        run,
        generation,
        holder,
      )
      if (Number(changes) === 0) return false
    }
    return entries.length > 0
  }

  /** Writes the entries and what the run has become; false, and nothing written, when the lease is lost. */
  const update = (n: number, { run, generation, entries, summary, release }: Append): boolean => {
    const now = clock.now()
    const { status, step, open, wakeAt } = summary
    const state = [status, step, errorText(summary), open ? 1 : 0, wakeAt]
    const lease = [now + leaseDuration, release ? 1 : 0, n, run, generation, leases.holder()]
    const last = entries.at(-1)
    const { changes } = updateRun.run(last?.at ?? now, ...state, last?.seq ?? 0, ...lease)
    if (Number(changes) === 0) return false
    writeEntries(n, entries, step)
    return true
  }

  const append = (request: Append): WriteResult => {
    const { run, generation, entries, snapshot, version } = request
    const last = entries.at(-1)
    const n = leases.numberOf(run)
    if (n === null || !(advance(n, request) || update(n, request))) return { ok: false, problem: 'stale' }
    if (version !== undefined) updateVersion.run(version, n)
    if (snapshot !== undefined && last !== undefined) putSnapshot.run(n, last.seq, JSON.stringify(snapshot))
    if (request.release) leases.ended(run)
    return { ok: true, generation }
  }

  return {
    write: (write) => {
      if (write.kind === 'begin') return begin(write)
      return write.kind === 'append' ? append(write) : leases.release(write.run, write.generation)
    },
    writeAlone: (write) => {
      if (write.kind !== 'append' || write.entries.length !== 1) return null
      if (write.snapshot !== undefined || write.version !== undefined) return null
      const n = leases.numberOf(write.run)
      return n !== null && advance(n, write) ? { ok: true, generation: write.generation } : null
    },
  }
}

function errorText({ error }: RunSummary): string | null {
  return error === null ? null : JSON.stringify(error)
}
