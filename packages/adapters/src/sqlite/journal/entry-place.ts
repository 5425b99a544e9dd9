/** Entries that a run can have. */
export const mostEntries = 0xff_ffff

/** Where an entry lies in `holdfast_entries`: those of a run one after the other, those of the next run behind them. */
export function placeOf(run: number, seq: number): number {
  // No bit operators: they know 32 bits only. A double counts to 2 ** 53, which leaves numbers for 500 million runs.
  return run * (mostEntries + 1) + seq
}
