import { HoldfastError } from '@holdfast/core'

/** Entries that a run can have. */
export const mostEntries = 0xff_ffff

/**
 * Where an entry lies in `holdfast_entries`: those of a run one after the other, those of the next run behind them.
 *
 * @throws HoldfastError `JOURNAL_FAILED` behind the last place of a run: the next one is another run's.
 */
export function placeOf(run: number, seq: number): number {
  if (seq > mostEntries) {
    throw new HoldfastError(
      'JOURNAL_FAILED',
      `A run can have ${mostEntries} entries, and this one has them`,
      {
        hint: 'Save checkpoints less often; discard this run and start it anew.',
        retryable: false,
      },
    )
  }
  // No bit operators: they know 32 bits only. A double counts to 2 ** 53, which leaves numbers for 500 million runs.
  return run * (mostEntries + 1) + seq
}
