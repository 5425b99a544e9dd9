import { HoldfastError } from '../../errors/holdfast-error.js'
import type { Entry } from '../../journal/entry.js'
import type { RunIdentity } from '../../journal/journal.js'
import { type Json, toJson } from '../../json/json.js'
import type { AnySaga } from '../../machine/define-saga.js'
import { readState, writeState } from '../../runner/run-snapshot.js'
import { applyEntry, foldEntries, type RunState } from '../../runner/run-state.js'
import { differenceOf, plainState } from './plain-state.js'

/** A way to come by a run's state from its entries. */
export type Fold = (saga: AnySaga, run: RunIdentity, entries: readonly Entry[]) => RunState

/**
 * Replays a run entry by entry, in several ways at once: as a driver that keeps its state; as one that folds the journal from scratch
 * before each entry, as after a crash; as one that goes on from a snapshot; and in the other ways that it is given. After every entry all states, and the effects with their
 * ids, must be the same.
 *
 * @throws HoldfastError `REPLAY_DIFFERS`, with the entry, the way and the first field that differs; `JOURNAL_DAMAGED`.
 */
export function replayEntries(
  saga: AnySaga,
  run: RunIdentity,
  entries: readonly Entry[],
  ways: Readonly<Record<string, Fold>> = {},
): void {
  let kept: RunState | null = null
  for (const [index, entry] of entries.entries()) {
    const previous: RunState | null = kept
    const live = applyEntry(saga, run, previous, entry)
    kept = live.state
    const afresh = index === 0 ? null : foldEntries(saga, run, reread(entries.slice(0, index)))
    const again = applyEntry(saga, run, afresh, entry)
    const before = reread(entries.slice(0, index + 1))
    compare(run, entry, 'with its state thrown away', plainState(again.state), plainState(kept))
    compare(run, entry, 'with its state thrown away', effects(again.effects), effects(live.effects))
    const resumed = fromSnapshot(saga, run, previous, entry)
    if (resumed !== null) compare(run, entry, 'from a snapshot', plainState(resumed), plainState(kept))
    compare(run, entry, 'from scratch', plainState(foldEntries(saga, run, before)), plainState(kept))
    for (const [way, fold] of Object.entries(ways)) {
      compare(run, entry, way, plainState(fold(saga, run, before)), plainState(kept))
    }
  }
}

/** The state after an entry, from a snapshot of the state before it; null for the first. */
function fromSnapshot(
  saga: AnySaga,
  run: RunIdentity,
  previous: RunState | null,
  entry: Entry,
): RunState | null {
  if (previous === null) return null
  // A snapshot is plain JSON, and comes back from it as it was.
  const state = JSON.parse(JSON.stringify(writeState(previous))) as Json
  return foldEntries(saga, run, reread([entry]), readState(saga, run, { seq: previous.seq, state }))
}

/** The entries as another process finds them. */
function reread(entries: readonly Entry[]): readonly Entry[] {
  // Entries are plain JSON, and come back from it as they were.
  return JSON.parse(JSON.stringify(entries)) as readonly Entry[]
}

function effects(list: unknown): Json {
  return { effects: toJson(list, 'the effects') }
}

function compare(run: RunIdentity, entry: Entry, way: string, found: Json, expected: Json): void {
  const difference = differenceOf(found, expected)
  if (difference !== null) throw replayDiffers(run.id, entry, way, difference)
}

/** The error of a replay that came to another state. */
export function replayDiffers(run: string, { seq, body }: Entry, way: string, field: string): HoldfastError {
  return new HoldfastError(
    'REPLAY_DIFFERS',
    `Run '${run}' replayed ${way} differs in '${field}' after entry ${seq} (${body.type})`,
    {
      hint: 'What a decision depends on must be in the entries: no clock, no randomness, nothing that the process remembers.',
      retryable: false,
      facts: { run, seq, way, field },
    },
  )
}
