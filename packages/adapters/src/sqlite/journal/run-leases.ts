import type { Clock, Held, RunIdentity, WriteResult } from '@holdfast/core'
import { inTransaction, type SqliteDatabase } from '../driver.js'
import { type Holder, isDead } from './process-holder.js'
import { isEnd, type RunRow } from './run-row.js'

/** Where the rows of a run are. */
export interface KnownRun {
  readonly n: number
  readonly key: string
  readonly hasResources: boolean
}

/** Leases on runs and on what they have for themselves, in the journal's tables. All but `enroll` belongs into a transaction. */
export interface RunLeases {
  /** Enters this process into `holdfast_holders`, once and before its first lease, and takes those out that are dead. */
  enroll(): void
  /** Its number there. */
  holder(): number
  /**
   * The run that has the key or a resource; null when all of it is free. What a process had that is dead is free, also where its run cannot be
   * gone on with; one that only let its lease expire may still be at work with it.
   */
  conflict(run: RunIdentity): Held | null
  /** Whether another holder, not known to be dead, has the run. */
  isHeld(row: RunRow): boolean
  /** Takes the run over: its next generation. */
  take(row: RunRow, run: RunIdentity): number
  takeResources(run: RunIdentity): void
  /** Where the rows are of a run that this process holds; null when there is no such run. */
  find(run: string): KnownRun | null
  /** Remembers the number of a run that was begun. */
  remember(run: RunIdentity, n: number): void
  /** The lease of a run ended with a write of its own. */
  ended(run: string): void
  renew(run: string, generation: number): boolean
  release(run: string, generation: number): WriteResult
  /** Gives up everything but the leases on the runs in `keep`. */
  releaseAll(keep: readonly string[]): void
}

/** That the run in a row of `holdfast_live` is still of one generation; of its id and the generation. A number alone proves nothing. */
export const sameGeneration =
  'EXISTS (SELECT 1 FROM holdfast_runs WHERE n = holdfast_live.run AND id = ? AND generation = ?)'

/** The leases of one holder, with their statements prepared. */
export function runLeases(
  db: SqliteDatabase,
  own: Holder,
  { clock, leaseDuration }: { readonly clock: Clock; readonly leaseDuration: number },
): RunLeases {
  const insertHolder = db.prepare('INSERT INTO holdfast_holders (holder) VALUES (?) RETURNING n')
  const selectHolder = db.prepare('SELECT holder FROM holdfast_holders WHERE n = ?')
  const selectHolders = db.prepare('SELECT n, holder FROM holdfast_holders')
  const dropHolder = db.prepare(
    'DELETE FROM holdfast_holders WHERE n = ? AND n NOT IN (SELECT holder FROM holdfast_live WHERE holder IS NOT NULL)',
  )
  const selectKey = db.prepare(
    'SELECT run.id FROM holdfast_live AS live JOIN holdfast_runs AS run ON run.n = live.run WHERE live.key = ? AND live.ended = 0',
  )
  const selectResource = db.prepare('SELECT run FROM holdfast_resources WHERE name = ?')
  const takeResource = db.prepare('INSERT OR REPLACE INTO holdfast_resources (name, run) VALUES (?, ?)')
  const freeResources = db.prepare('DELETE FROM holdfast_resources WHERE run = ?')
  const takeRun = db.prepare(
    'UPDATE holdfast_runs SET generation = generation + 1 WHERE n = ? RETURNING generation',
  )
  const takeLive = db.prepare(
    `INSERT INTO holdfast_live (key, run, ended, open, wake_at, holder, expires_at) VALUES (?, ?, ?, 0, NULL, ?, ?)
     ON CONFLICT (key, run) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at`,
  )
  // The generation is checked by the very statement that writes.
  const renewRun = db.prepare(
    `UPDATE holdfast_live SET expires_at = ? WHERE key = ? AND run = ? AND holder = ? AND ${sameGeneration}`,
  )
  const releaseRun = db.prepare(
    `UPDATE holdfast_live SET holder = NULL WHERE key = ? AND run = ? AND holder = ? AND ${sameGeneration}`,
  )
  // Nothing is owed any more, and the key was free already.
  const forgetEnded = db.prepare(
    'DELETE FROM holdfast_live WHERE key = ? AND run = ? AND ended = 1 AND open = 0',
  )
  const selectHolderOf = db.prepare(
    `SELECT holder.holder FROM holdfast_runs AS run JOIN holdfast_live AS live ON live.key = run.key AND live.run = run.n
      JOIN holdfast_holders AS holder ON holder.n = live.holder WHERE run.id = ?`,
  )
  const selectKnown = db.prepare('SELECT n, key, resources FROM holdfast_runs WHERE id = ?')
  const selectHeld = db.prepare(
    'SELECT run.id, run.generation FROM holdfast_live AS live JOIN holdfast_runs AS run ON run.n = live.run WHERE live.holder = ?',
  )

  let number: number | null = null
  const holder = (): number => {
    if (number === null) throw new Error('nobody holds a lease before it is enrolled')
    return number
  }
  // Who is dead stays dead: a thousand runs of one dead process take one look at the machine.
  const gone = new Set<string>()
  const isGone = (text: string): boolean => {
    // Written by `newHolder` of some process, with an instance that no other has.
    if (!gone.has(text) && isDead(JSON.parse(text) as Holder)) gone.add(text)
    return gone.has(text)
  }
  const enroll = (): void => {
    if (number !== null) return
    number = inTransaction(db, () => {
      for (const other of selectHolders.all() as { n: number; holder: string }[])
        if (isGone(other.holder)) dropHolder.run(other.n)
      return (insertHolder.get(JSON.stringify(own)) as { n: number }).n
    })
  }
  // Looked up once for each lease. A number alone proves nothing: every write names the run as well.
  const known = new Map<string, KnownRun>()
  const find = (run: string): KnownRun | null => {
    const held = known.get(run)
    if (held !== undefined) return held
    // The columns of `selectKnown`.
    const row = selectKnown.get(run) as { n: number; key: string; resources: string } | undefined
    if (row === undefined) return null
    const found = { n: row.n, key: row.key, hasResources: row.resources !== '[]' }
    known.set(run, found)
    return found
  }
  const ended = (run: string): void => {
    if (find(run)?.hasResources === true) freeResources.run(run)
    known.delete(run)
  }
  const isLeftByTheDead = (run: string): boolean => {
    const left = selectHolderOf.get(run) as { holder: string } | undefined
    return left !== undefined && isGone(left.holder)
  }
  const takeResources = (run: RunIdentity): void => {
    for (const name of run.resources) takeResource.run(name, run.id)
  }
  const release = (run: string, generation: number): WriteResult => {
    const found = find(run)
    if (found === null) return { ok: false, problem: 'stale' }
    const { n, key } = found
    if (Number(releaseRun.run(key, n, holder(), run, generation).changes) === 0) {
      known.delete(run)
      return { ok: false, problem: 'stale' }
    }
    forgetEnded.run(key, n)
    ended(run)
    return { ok: true, generation }
  }

  return {
    enroll,
    holder,
    takeResources,
    release,
    ended,
    find,
    remember: (run, n) => {
      known.set(run.id, { n, key: run.key, hasResources: run.resources.length > 0 })
    },
    conflict: (run) => {
      // The column of `selectKey`; two runs under way never share a key.
      const sameKey = selectKey.get(run.key) as { id: string } | undefined
      if (sameKey !== undefined && sameKey.id !== run.id)
        return { ok: false, problem: 'held', by: sameKey.id, what: `key:${run.key}` }
      for (const what of run.resources) {
        const held = selectResource.get(what) as { run: string } | undefined
        if (held !== undefined && held.run !== run.id && !isLeftByTheDead(held.run))
          return { ok: false, problem: 'held', by: held.run, what }
      }
      return null
    },
    isHeld: (row) => {
      if (row.holder === null || row.holder === number || (row.expires_at ?? 0) <= clock.now()) return false
      const other = selectHolder.get(row.holder) as { holder: string } | undefined
      return other !== undefined && !isGone(other.holder)
    },
    take: (row, run) => {
      const { generation } = takeRun.get(row.n) as { generation: number }
      const hasEnded = isEnd(row.last_status ?? row.status)
      takeLive.run(row.key, row.n, hasEnded ? 1 : 0, holder(), clock.now() + leaseDuration)
      takeResources(run)
      return generation
    },
    renew: (run, generation) => {
      const found = find(run)
      if (number === null || found === null) return false
      const { key, n } = found
      return Number(renewRun.run(clock.now() + leaseDuration, key, n, number, run, generation).changes) > 0
    },
    releaseAll: (keep) => {
      if (number === null) return
      for (const held of selectHeld.all(number)) {
        // The columns of `selectHeld`.
        const { id, generation } = held as { id: string; generation: number }
        if (!keep.includes(id)) release(id, generation)
      }
      dropHolder.run(number)
      number = null
    },
  }
}
