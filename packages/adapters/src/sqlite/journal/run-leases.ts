import type { Clock, Held, RunIdentity, WriteResult } from '@holdfast/core'
import { inTransaction, type SqliteDatabase } from '../driver.js'
import { type Holder, isDead } from './process-holder.js'
import { isLive, liveRuns, type RunRow } from './run-row.js'

/** Leases on runs and on what they have for themselves, in the journal's tables. All but `enroll` belongs into a transaction. */
export interface RunLeases {
  /** Enters this process into `holdfast_holders`, once and before its first lease, and takes those out that are dead. */
  enroll(): void
  /** Its number there. */
  holder(): number
  /** The run that has the key or a resource; null when all of it is free. */
  conflict(run: RunIdentity): Held | null
  /** Whether another holder, not known to be dead, has the run. */
  isHeld(row: RunRow): boolean
  /** Takes the run over: its next generation. */
  take(row: RunRow, run: RunIdentity): number
  takeResources(run: RunIdentity): void
  /** The number of a run that this process holds; null when there is no such run. */
  numberOf(run: string): number | null
  /** Remembers the number of a run that was begun. */
  remember(run: RunIdentity, n: number): void
  /** The lease of a run ended with a write of its own. */
  ended(run: string): void
  renew(run: string, generation: number): boolean
  release(run: string, generation: number): WriteResult
  /** Gives up everything but the leases on the runs in `keep`. */
  releaseAll(keep: readonly string[]): void
}

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
    `DELETE FROM holdfast_holders WHERE n = ? AND n NOT IN (SELECT holder FROM ${liveRuns} WHERE holder IS NOT NULL AND ${isLive})`,
  )
  // A key is given to another run only when the one before has ended, so the newest is the only one that may be under way.
  const selectKey = db.prepare('SELECT id, status FROM holdfast_runs WHERE key = ? ORDER BY n DESC LIMIT 1')
  const selectResource = db.prepare('SELECT run FROM holdfast_resources WHERE name = ?')
  const takeResource = db.prepare('INSERT OR REPLACE INTO holdfast_resources (name, run) VALUES (?, ?)')
  const freeResources = db.prepare('DELETE FROM holdfast_resources WHERE run = ?')
  const takeRun = db.prepare(
    'UPDATE holdfast_runs SET generation = generation + 1, holder = ?, expires_at = ? WHERE n = ? RETURNING generation',
  )
  const renewRun = db.prepare(
    'UPDATE holdfast_runs SET expires_at = ? WHERE id = ? AND generation = ? AND holder = ?',
  )
  const releaseRun = db.prepare(
    'UPDATE holdfast_runs SET holder = NULL WHERE id = ? AND generation = ? AND holder = ?',
  )
  const selectNumber = db.prepare('SELECT n, resources FROM holdfast_runs WHERE id = ?')
  const selectHeld = db.prepare(`SELECT id, generation FROM ${liveRuns} WHERE holder = ? AND ${isLive}`)

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
  const known = new Map<string, { readonly n: number; readonly hasResources: boolean }>()
  const find = (run: string): { readonly n: number; readonly hasResources: boolean } | null => {
    const held = known.get(run)
    if (held !== undefined) return held
    // The columns of `selectNumber`.
    const row = selectNumber.get(run) as { n: number; resources: string } | undefined
    if (row === undefined) return null
    const found = { n: row.n, hasResources: row.resources !== '[]' }
    known.set(run, found)
    return found
  }
  const ended = (run: string): void => {
    if (find(run)?.hasResources === true) freeResources.run(run)
    known.delete(run)
  }
  const takeResources = (run: RunIdentity): void => {
    for (const name of run.resources) takeResource.run(name, run.id)
  }
  const release = (run: string, generation: number): WriteResult => {
    if (Number(releaseRun.run(run, generation, holder()).changes) === 0) {
      known.delete(run)
      return { ok: false, problem: 'stale' }
    }
    ended(run)
    return { ok: true, generation }
  }

  return {
    enroll,
    holder,
    takeResources,
    release,
    ended,
    numberOf: (run) => find(run)?.n ?? null,
    remember: (run, n) => {
      known.set(run.id, { n, hasResources: run.resources.length > 0 })
    },
    conflict: (run) => {
      // The columns of `selectKey`.
      const sameKey = selectKey.get(run.key) as Pick<RunRow, 'id' | 'status'> | undefined
      const isUnderWay = sameKey?.status !== 'done' && sameKey?.status !== 'discarded'
      if (sameKey !== undefined && isUnderWay && sameKey.id !== run.id)
        return { ok: false, problem: 'held', by: sameKey.id, what: `key:${run.key}` }
      for (const what of run.resources) {
        const held = selectResource.get(what) as { run: string } | undefined
        if (held !== undefined && held.run !== run.id)
          return { ok: false, problem: 'held', by: held.run, what }
      }
      return null
    },
    isHeld: (row) => {
      if (row.holder === null || row.holder === number || row.expires_at <= clock.now()) return false
      const other = selectHolder.get(row.holder) as { holder: string } | undefined
      return other !== undefined && !isGone(other.holder)
    },
    take: (row, run) => {
      const taken = takeRun.get(holder(), clock.now() + leaseDuration, row.n) as { generation: number }
      takeResources(run)
      return taken.generation
    },
    renew: (run, generation) =>
      number !== null &&
      Number(renewRun.run(clock.now() + leaseDuration, run, generation, number).changes) > 0,
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
