import type { ErrorReport, RunHeader, RunStatus } from '@holdfast/core'

/** A row of `holdfast_runs`, with the last entry of its run, and with its row of `holdfast_live`. */
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
  readonly entry_version: number
  readonly generation: number
  /** The first entry, and what it made of the run. */
  readonly at: number
  readonly step: string
  readonly status: RunStatus
  /** JSON of an ErrorReport. */
  readonly error: string | null
  /** JSON of an EntryBody; null where entries are known to be missing. */
  readonly body: string | null
  /** The last entry; all of it is null where the first one is the only one. */
  readonly last_seq: number | null
  readonly last_at: number | null
  readonly last_step: string | null
  readonly last_status: RunStatus | null
  readonly last_error: string | null
  /** Of the row in `holdfast_live`; all of it is null for a run at rest for good. */
  readonly ended: number | null
  readonly open: number | null
  readonly wake_at: number | null
  /** Number of the holder in `holdfast_holders`; null while nobody has the lease. */
  readonly holder: number | null
  readonly expires_at: number | null
}

/** How many entries a run must have. */
export function entriesOf(row: RunRow): number {
  return row.last_seq ?? 1
}

/** Whether a status is the end of a run. */
export function isEnd(status: RunStatus): boolean {
  return status === 'done' || status === 'discarded'
}

/** The run that a row describes. */
export function toHeader(row: RunRow): RunHeader {
  const error = row.last_seq === null ? row.error : row.last_error
  return {
    id: row.id,
    saga: row.saga,
    version: row.version,
    key: row.key,
    owner: row.owner,
    // The journal wrote both of them from values of these types.
    resources: JSON.parse(row.resources) as string[],
    error: error === null ? null : (JSON.parse(error) as ErrorReport),
    startedAt: row.started_at,
    updatedAt: row.last_at ?? row.at,
    status: row.last_status ?? row.status,
    step: row.last_step ?? row.step,
    open: row.open === 1,
    wakeAt: row.wake_at,
    entries: entriesOf(row),
  }
}

/** A {@link RunRow} of each `run`. The last entry is one look into the table of entries, where those of a run lie together. */
export const selectRunRow = `SELECT run.*, last.seq AS last_seq, last.at AS last_at, last.step AS last_step, last.status AS last_status,
    last.error AS last_error, live.ended, live.open, live.wake_at, live.holder, live.expires_at
  FROM holdfast_runs AS run
  LEFT JOIN holdfast_entries AS last
    ON last.place = (SELECT max(place) FROM holdfast_entries WHERE place BETWEEN run.n << 24 AND run.n << 24 | 0xffffff)
  LEFT JOIN holdfast_live AS live ON live.key = run.key AND live.run = run.n`

/** The status of a run that is selected so. */
export const statusOfRow = 'coalesce(last.status, run.status)'
