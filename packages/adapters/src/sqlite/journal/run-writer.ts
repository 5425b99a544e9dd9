import {
  type Clock,
  type Entry,
  entryVersion,
  type JournalWrite,
  type RunSummary,
  type WriteResult,
} from '@holdfast/core'
import type { SqliteDatabase } from '../driver.js'
import type { RunLeases } from './run-leases.js'

type Begin = Extract<JournalWrite, { kind: 'begin' }>
type Append = Extract<JournalWrite, { kind: 'append' }>

/** What a {@link runWriter} needs. */
export interface RunWriterOptions {
  readonly leases: RunLeases
  readonly clock: Clock
  readonly leaseDuration: number
}

/** Performs one write of a group, inside the group's transaction. */
export function runWriter(
  db: SqliteDatabase,
  { leases, clock, leaseDuration }: RunWriterOptions,
): (write: JournalWrite) => WriteResult {
  const insertRun = db.prepare(
    `INSERT INTO holdfast_runs (id, saga, version, key, owner, resources, started_at, updated_at, status, step, error, open, wake_at,
       entries, entry_version, generation, holder, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`,
  )
  const insertEntry = db.prepare('INSERT INTO holdfast_entries (run, seq, at, body) VALUES (?, ?, ?, ?)')
  // The generation is checked by the very statement that writes, in the transaction of the entries. A lease ends with the same statement.
  const updateRun = db.prepare(
    `UPDATE holdfast_runs SET updated_at = ?, status = ?, step = ?, error = ?, open = ?, wake_at = ?, entries = entries + ?, expires_at = ?,
       holder = CASE ? WHEN 1 THEN NULL ELSE holder END
     WHERE n = ? AND id = ? AND generation = ? AND holder = ?`,
  )
  // What goes on as before touches no index: most appends are of this kind.
  const advanceRun = db.prepare(
    `UPDATE holdfast_runs SET updated_at = ?, step = ?, entries = entries + ?, expires_at = ?
     WHERE n = ? AND id = ? AND generation = ? AND holder = ? AND status = 'working' AND error IS NULL AND wake_at IS NULL`,
  )
  const updateVersion = db.prepare('UPDATE holdfast_runs SET version = ? WHERE n = ?')
  const putSnapshot = db.prepare(
    'INSERT OR REPLACE INTO holdfast_snapshots (run, seq, state) SELECT n, entries, ? FROM holdfast_runs WHERE n = ?',
  )

  const writeEntries = (run: number, entries: readonly Entry[]): void => {
    for (const { seq, at, body } of entries) insertEntry.run(run, seq, at, JSON.stringify(body))
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
    writeEntries(n, entries)
    leases.remember(run, n)
    leases.takeResources(run)
    return { ok: true, generation: 1 }
  }

  /** Whether the lease is still this process's, and the run is updated. */
  const update = (n: number, request: Append): boolean => {
    const { run, generation, entries, summary, release } = request
    const now = clock.now()
    const updatedAt = entries.at(-1)?.at ?? now
    const expiresAt = now + leaseDuration
    const holder = leases.holder()
    const { status, step, error, open, wakeAt } = summary
    if (status === 'working' && error === null && !release) {
      const { changes } = advanceRun.run(
        updatedAt,
        step,
        entries.length,
        expiresAt,
        n,
        run,
        generation,
        holder,
      )
      if (Number(changes) > 0) return true
    }
    const state = [status, step, errorText(summary), open ? 1 : 0, wakeAt]
    const lease = [expiresAt, release ? 1 : 0, n, run, generation, holder]
    return Number(updateRun.run(updatedAt, ...state, entries.length, ...lease).changes) > 0
  }

  const append = (request: Append): WriteResult => {
    const { run, generation, snapshot, version } = request
    const n = leases.numberOf(run)
    if (n === null || !update(n, request)) return { ok: false, problem: 'stale' }
    writeEntries(n, request.entries)
    if (version !== undefined) updateVersion.run(version, n)
    if (snapshot !== undefined) putSnapshot.run(JSON.stringify(snapshot), n)
    if (request.release) leases.ended(run)
    return { ok: true, generation }
  }

  return (write) => {
    if (write.kind === 'begin') return begin(write)
    return write.kind === 'append' ? append(write) : leases.release(write.run, write.generation)
  }
}

function errorText({ error }: RunSummary): string | null {
  return error === null ? null : JSON.stringify(error)
}
