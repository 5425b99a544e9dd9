import type { ErrorReport, RunHeader, RunStatus } from '@holdfast/core'

/** A row of `holdfast_runs`, with the last entry of its run. */
export interface RunRow {
  /** Number of the run, in the order in which they began. */
  readonly n: number
  readonly id: string
  readonly saga: string
  readonly version: number
  readonly key: string
  readonly owner: string
  /** JSON array of names. */
  readonly resources: string
  readonly started_at: number
  /** When the row was written; what the run did since, its entries tell. */
  readonly updated_at: number
  readonly status: RunStatus
  readonly step: string
  /** JSON of an ErrorReport. */
  readonly error: string | null
  readonly open: number
  readonly wake_at: number | null
  /** How many entries there were when the row was written. */
  readonly entries: number
  readonly entry_version: number
  readonly generation: number
  /** Number of the holder in `holdfast_holders`; null while nobody has the lease. */
  readonly holder: number | null
  readonly expires_at: number
  readonly last_seq: number | null
  readonly last_at: number | null
  readonly last_step: string | null
}

/** How many entries a run must have. */
export function entriesOf(row: RunRow): number {
  return Math.max(row.entries, row.last_seq ?? 0)
}

/** The run that a row describes. */
export function toHeader(row: RunRow): RunHeader {
  return {
    id: row.id,
    saga: row.saga,
    version: row.version,
    key: row.key,
    owner: row.owner,
    // The journal wrote both of them from values of these types.
    resources: JSON.parse(row.resources) as string[],
    error: row.error === null ? null : (JSON.parse(row.error) as ErrorReport),
    startedAt: row.started_at,
    updatedAt: row.last_at ?? row.updated_at,
    status: row.status,
    step: row.last_step ?? row.step,
    open: row.open === 1,
    wakeAt: row.wake_at,
    entries: entriesOf(row),
  }
}

/** What to select for a {@link RunRow}, from runs named `run`. */
export const runRow = `SELECT run.*, last.seq AS last_seq, last.at AS last_at, last.step AS last_step`

/** Brings the last entry of each `run`: one look into the table of entries, where those of a run lie together. */
export const lastEntry = `LEFT JOIN holdfast_entries AS last
  ON last.place = (SELECT max(place) FROM holdfast_entries WHERE place BETWEEN run.n << 24 AND run.n << 24 | 0xffffff)`

/**
 * Where to look for runs that are not at rest for good, in the order in which they began: an index that holds those alone. SQLite
 * would rather read through all runs that have ever been, in the hope of finding one soon.
 */
export const liveRuns = 'holdfast_runs AS run INDEXED BY holdfast_runs_live'

/** What is true of those runs; a query must say it in these words to use the index. */
export const isLive = '(open = 1 OR wake_at IS NOT NULL OR holder IS NOT NULL)'
