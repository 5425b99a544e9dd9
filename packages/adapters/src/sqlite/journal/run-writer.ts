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
import { type KnownRun, type RunLeases, sameGeneration } from './run-leases.js'
import { isEnd } from './run-row.js'

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
    `INSERT INTO holdfast_runs (id, saga, version, key, owner, resources, started_at, entry_version, generation, at, step, status, error, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)`,
  )
  const insertLive = db.prepare(
    'INSERT INTO holdfast_live (key, run, ended, open, wake_at, holder, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const insertEntry = db.prepare(
    'INSERT INTO holdfast_entries (place, at, step, status, error, body) VALUES (?, ?, ?, ?, ?, ?)',
  )
  // The generation is checked by the very statement that writes, in the transaction of the entries. A lease ends with the same statement.
  const fence = `key = ? AND run = ? AND holder = ? AND ${sameGeneration}`
  const updateLive = db.prepare(
    `UPDATE holdfast_live SET ended = ?, open = ?, wake_at = ?, expires_at = ?, holder = CASE ? WHEN 1 THEN NULL ELSE holder END
     WHERE ${fence}`,
  )
  const deleteLive = db.prepare(`DELETE FROM holdfast_live WHERE ${fence}`)
  // What goes on as before is its entry alone: most appends are of this kind, and every further row costs a page in the commit.
  const advance = db.prepare(
    `INSERT INTO holdfast_entries (place, at, step, status, body) SELECT ?, ?, ?, 'working', ? FROM holdfast_live
     WHERE ${fence} AND ended = 0 AND open = 1 AND wake_at IS NULL`,
  )
  const updateVersion = db.prepare('UPDATE holdfast_runs SET version = ? WHERE n = ?')
  const putSnapshot = db.prepare(
    'INSERT OR REPLACE INTO holdfast_snapshots (run, seq, state) VALUES (?, ?, ?)',
  )

  const writeEntries = (n: number, entries: readonly Entry[], summary: RunSummary): void => {
    const { step, status } = summary
    for (const { seq, at, body } of entries)
      insertEntry.run(placeOf(n, seq), at, step, status, errorText(summary), JSON.stringify(body))
  }

  const begin = ({ run, summary, entries: [first, ...others] }: Begin): WriteResult => {
    const held = leases.conflict(run)
    if (held !== null) return held
    if (first === undefined) throw new Error('a run begins with an entry')
    const { status, step, open, wakeAt } = summary
    const { lastInsertRowid } = insertRun.run(
      run.id,
      run.saga,
      run.version,
      run.key,
      run.owner,
      JSON.stringify(run.resources),
      run.startedAt,
      entryVersion,
      first.at,
      step,
      status,
      errorText(summary),
      JSON.stringify(first.body),
    )
    const n = Number(lastInsertRowid)
    const until = clock.now() + leaseDuration
    insertLive.run(run.key, n, isEnd(status) ? 1 : 0, open ? 1 : 0, wakeAt, leases.holder(), until)
    writeEntries(n, others, summary)
    leases.remember(run, n)
    leases.takeResources(run)
    return { ok: true, generation: 1 }
  }

  /** Writes the entries of a run that goes on as before; false, and nothing written, when it does not, or the lease is lost. */
  const goOn = ({ n, key }: KnownRun, { run, generation, entries, summary, release }: Append): boolean => {
    const { status, step, error, open, wakeAt } = summary
    if (status !== 'working' || error !== null || !open || wakeAt !== null || release) return false
    const holder = leases.holder()
    for (const { seq, at, body } of entries) {
      const entry = [placeOf(n, seq), at, step, JSON.stringify(body)]
      if (Number(advance.run(...entry, key, n, holder, run, generation).changes) === 0) return false
    }
    return entries.length > 0
  }

  /** Writes the entries and what is left to be done; false, and nothing written, when the lease is lost. */
  const change = ({ n, key }: KnownRun, { run, generation, entries, summary, release }: Append): boolean => {
    const { status, open, wakeAt } = summary
    const ended = isEnd(status)
    const lease = [key, n, leases.holder(), run, generation]
    const until = clock.now() + leaseDuration
    const { changes } =
      ended && !open && release
        ? deleteLive.run(...lease)
        : updateLive.run(ended ? 1 : 0, open ? 1 : 0, wakeAt, until, release ? 1 : 0, ...lease)
    if (Number(changes) === 0) return false
    writeEntries(n, entries, summary)
    return true
  }

  const append = (request: Append): WriteResult => {
    const { run, generation, entries, snapshot, version } = request
    const last = entries.at(-1)
    const known = leases.find(run)
    if (known === null || !(goOn(known, request) || change(known, request)))
      return { ok: false, problem: 'stale' }
    if (version !== undefined) updateVersion.run(version, known.n)
    if (snapshot !== undefined && last !== undefined)
      putSnapshot.run(known.n, last.seq, JSON.stringify(snapshot))
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
      const known = leases.find(write.run)
      return known !== null && goOn(known, write) ? { ok: true, generation: write.generation } : null
    },
  }
}

function errorText({ error }: RunSummary): string | null {
  return error === null ? null : JSON.stringify(error)
}
