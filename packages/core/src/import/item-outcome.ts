import type { ImportRecord, ItemOutcome, SkipReason } from './records.js'

/**
 * How a record ends that a Storage has taken in, by the rules of the port. `isHeld` says whether the library held it already, unchanged.
 */
export function itemOutcome(
  record: ImportRecord,
  isHeld: boolean,
): { readonly outcome: ItemOutcome; readonly reason: SkipReason | null } {
  const { outcomes, reason } = expectedOutcomes(record)
  const [first, second = first] = outcomes
  return { outcome: isHeld ? second : first, reason }
}

/** The outcomes that a record can have: where there are two, the second is that of one which the library held already. */
export function expectedOutcomes(record: ImportRecord): {
  readonly outcomes: readonly [ItemOutcome, ...ItemOutcome[]]
  readonly reason: SkipReason | null
} {
  if (record.type === 'unreadable') return { outcomes: ['failed'], reason: null }
  if (record.type === 'attachment' && record.unavailable !== null) {
    return { outcomes: ['skipped'], reason: record.unavailable }
  }
  return { outcomes: ['stored', 'present'], reason: null }
}
