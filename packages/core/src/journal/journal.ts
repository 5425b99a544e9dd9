import type { ErrorReport, HoldfastError } from '../errors/holdfast-error.js'
import type { Json } from '../json/json.js'
import type { Entry } from './entry.js'

/** Where a run stands, as far as a list of runs tells. `working` covers every state in which something is being done. */
export type RunStatus = 'working' | 'retryable' | 'stuck' | 'done' | 'discarded'

/** What identifies a run, and never changes. */
export interface RunIdentity {
  readonly id: string
  readonly saga: string
  readonly version: number
  /** Two runs under way never share a key. */
  readonly key: string
  /** Whose run it is; captured when it started. */
  readonly owner: string
  /** What the run has for itself while it works. */
  readonly resources: readonly string[]
  /** Unix milliseconds UTC. */
  readonly startedAt: number
}

/** What a list of runs shows of each. */
export interface RunSummary {
  readonly status: RunStatus
  /** The step at work, or the one that the run is parked at. */
  readonly step: string
  /** Why it rests; null when nothing failed. */
  readonly error: ErrorReport | null
  /**
   * Whether something is left to be done without anybody asking: the run works, or hooks are pending.
   * `recover()` looks at these.
   */
  readonly open: boolean
  /** Unix milliseconds at which a parked run goes on by itself; null otherwise. */
  readonly wakeAt: number | null
}

/** A run as a journal lists it. */
export interface RunHeader extends RunIdentity, RunSummary {
  /** Unix milliseconds UTC of the last entry. */
  readonly updatedAt: number
  /** Number of entries. */
  readonly entries: number
}

/** What is known of the state of a run up to an entry; shortens the fold, and is never needed for it. */
export interface RunSnapshot {
  /** The last entry that it covers. */
  readonly seq: number
  /** What the runner made; to the journal it is any JSON. */
  readonly state: Json
}

/** All that it takes to go on with a run. */
export interface RunRecord {
  readonly header: RunHeader
  /** The newest snapshot; null when there is none. */
  readonly snapshot: RunSnapshot | null
  /** The entries after the snapshot, or all of them, in order. */
  readonly entries: readonly Entry[]
}

/** A write to a journal; all of it happens or nothing. */
export type JournalWrite =
  /** A new run with its first entries, and the lease on it and on its resources. */
  | {
      readonly kind: 'begin'
      readonly run: RunIdentity
      readonly entries: readonly Entry[]
      readonly summary: RunSummary
    }
  /** Further entries, under the lease. With `release` the lease ends in the same write. */
  | {
      readonly kind: 'append'
      readonly run: string
      readonly generation: number
      readonly entries: readonly Entry[]
      readonly summary: RunSummary
      readonly release: boolean
      /** The state after the last of the entries; takes the place of an earlier snapshot. */
      readonly snapshot?: Json
      /** The version of the saga that the run goes on under from here. */
      readonly version?: number
    }
  /** The end of a lease. */
  | { readonly kind: 'release'; readonly run: string; readonly generation: number }

/** Why a write or a claim was refused: another run has the key or a resource, or the run itself is held. */
export interface Held {
  readonly ok: false
  readonly problem: 'held'
  /** The run that has it. */
  readonly by: string
  /** What it has: `key:…`, `run:…` or the name of a resource. */
  readonly what: string
}

/** What became of a write. */
export type WriteResult =
  | { readonly ok: true; readonly generation: number }
  /** Another holder has taken the run over: nothing was written, and nothing ever will be under that generation. */
  | { readonly ok: false; readonly problem: 'stale' }
  | Held

/** What became of a claim. */
export type ClaimResult =
  | { readonly ok: true; readonly generation: number; readonly record: RunRecord }
  | Held
  /** The run cannot be read (`JOURNAL_DAMAGED`, `JOURNAL_NEWER`) or is not there (`RUN_UNKNOWN`): nothing of it was changed. */
  | { readonly ok: false; readonly problem: 'unreadable'; readonly error: HoldfastError }

/** Which runs to list; every condition that is given must hold. */
export interface RunFilter {
  readonly id?: string
  readonly status?: readonly RunStatus[]
  readonly saga?: string
  readonly key?: string
  readonly owner?: string
  /** Only runs with something left to be done: open, or with a `wakeAt`. */
  readonly unattended?: boolean
  /** Only runs that began after this one; for the next page. */
  readonly after?: string
  /** At most so many. @default all */
  readonly limit?: number
}

/** Which finished runs a journal may forget. */
export interface CompactionRule {
  /** Only runs whose last entry is older; unix milliseconds UTC. */
  readonly finishedBefore: number
  /** At most so many at once, so that nothing else waits long. */
  readonly limit: number
}

/**
 * Port: the durable record of runs, and the leases on them. It alone knows who its own process is and whether another holder
 * is still alive, because that needs the machine.
 *
 * A lease has a generation that grows with every holder; a write under an older one fails, in the same transaction.
 */
export interface Journal {
  /**
   * Performs writes in order, in one transaction; what one of them is refused does not touch the others.
   * When it resolves, all that succeeded survives a power cut.
   *
   * @throws HoldfastError `JOURNAL_FAILED` (or `DISK_FULL`): then nothing of the group was written.
   */
  commit(writes: readonly JournalWrite[]): Promise<readonly WriteResult[]>

  /**
   * A journal that blocks while it commits lets the rest of the process have its turn here, before each group of writes, and wherever
   * much follows from one. Whatever is written until it resolves shares the next commit. A journal without it commits at the end of the
   * tick. Never rejects.
   */
  ready?(): Promise<void>

  /**
   * Takes the leases on runs and on their resources, in one transaction: each that nobody has, or whose holder is dead or has let
   * it expire. The results come in order, with the record as it was then; what one run is refused does not touch the others.
   *
   * @throws HoldfastError `JOURNAL_FAILED`.
   */
  claim(runs: readonly string[]): Promise<readonly ClaimResult[]>

  /** Prolongs leases of this process. The result says, in order, which of them it still has. */
  renew(leases: readonly { readonly run: string; readonly generation: number }[]): Promise<readonly boolean[]>

  /** Milliseconds for which a lease lasts without being renewed. */
  readonly leaseDuration: number

  /**
   * What is known of a run, without a lease.
   *
   * @throws HoldfastError `RUN_UNKNOWN`, `JOURNAL_DAMAGED` when entries are missing or unreadable, `JOURNAL_NEWER`.
   */
  load(run: string): Promise<RunRecord>

  /** All entries of a run, in order, those before a snapshot included. Throws as {@link load}. */
  entries(run: string): Promise<readonly Entry[]>

  /** Runs that match, in the order in which they began. */
  runs(filter?: RunFilter): Promise<readonly RunHeader[]>

  /**
   * Forgets finished runs, and says how many; 0 when there are none left. It goes by what a run means: the last `done` run of a
   * key stays whatever its age, because it holds the last receipt of its source, and so does all that owes a hook.
   */
  compact(rule: CompactionRule): Promise<number>

  /**
   * Gives up the leases of this process and closes what the journal opened itself. Those on the runs in `keep`, whose steps did
   * not end, stay until they expire or the process is dead.
   */
  close(keep?: readonly string[]): Promise<void>
}
