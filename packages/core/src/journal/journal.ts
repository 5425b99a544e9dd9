import type { ErrorReport } from '../errors/holdfast-error.js'
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
    }
  /** The end of a lease. */
  | { readonly kind: 'release'; readonly run: string; readonly generation: number }

/** What became of a write. */
export type WriteResult =
  | { readonly ok: true; readonly generation: number }
  /** Another holder has taken the run over: nothing was written, and nothing ever will be under that generation. */
  | { readonly ok: false; readonly problem: 'stale' }
  /** Another run has the key or a resource, or the run itself is held: by which run, through what. */
  | { readonly ok: false; readonly problem: 'held'; readonly by: string; readonly what: string }

/** Which runs to list; every condition that is given must hold. */
export interface RunFilter {
  readonly id?: string
  readonly status?: readonly RunStatus[]
  readonly saga?: string
  readonly key?: string
  readonly owner?: string
  /** Only runs with something left to be done: open, or with a `wakeAt`. */
  readonly unattended?: boolean
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
   * Takes the lease on a run and on its resources: when nobody has them, or the holder is dead or has let the lease expire.
   *
   * @throws HoldfastError `RUN_UNKNOWN`, `JOURNAL_FAILED`.
   */
  claim(run: string): Promise<WriteResult>

  /** Prolongs leases of this process. The result says, in order, which of them it still has. */
  renew(leases: readonly { readonly run: string; readonly generation: number }[]): Promise<readonly boolean[]>

  /** Milliseconds for which a lease lasts without being renewed. */
  readonly leaseDuration: number

  /**
   * All entries of a run, in order.
   *
   * @throws HoldfastError `RUN_UNKNOWN`, `JOURNAL_DAMAGED` when some are missing or unreadable.
   */
  entries(run: string): Promise<readonly Entry[]>

  /** Runs that match, oldest first. */
  runs(filter?: RunFilter): Promise<readonly RunHeader[]>

  /** Gives up every lease of this process and closes what the journal opened itself. */
  close(): Promise<void>
}
