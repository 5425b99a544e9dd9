import { type HoldfastError, toHoldfastError } from '../../errors/holdfast-error.js'
import type { Entry } from '../../journal/entry.js'
import type { Journal, JournalWrite } from '../../journal/journal.js'
import { type Json, toJson } from '../../json/json.js'
import type { AnySaga } from '../../machine/define-saga.js'
import { identityOf, restoreRun } from '../../runner/restore-run.js'
import { foldEntries, type RunState, summarise } from '../../runner/run-state.js'
import { faulty } from '../faults/faulty.js'
import { differenceOf, plainState } from './plain-state.js'
import { type Fold, replayDiffers, replayEntries } from './replay-entries.js'

/** A journal whose runs are replayed while they are driven. */
export interface ReplayingJournal {
  /** For the runner. */
  readonly journal: Journal
  /**
   * How many entries were replayed.
   *
   * @throws HoldfastError `REPLAY_DIFFERS` for the first replay that differed; `JOURNAL_DAMAGED` for entries that cannot be folded.
   */
  verify(): number
}

/**
 * Replays every run after each entry that a runner writes: reads the journal back, as another process would, folds it in every way of
 * {@link replayEntries}, and holds the result against what the runner itself says of the run's state in the very write.
 *
 * @example
 * const replaying = replayingJournal(memoryJournal(), [saga])
 * const run = await createRunner({ journal: replaying.journal, sagas: [saga] }).start(saga, input)
 * await run.outcome()
 * replaying.verify()
 */
export function replayingJournal(
  journal: Journal,
  sagas: readonly AnySaga[],
  ways: Readonly<Record<string, Fold>> = {},
): ReplayingJournal {
  let replayed = 0
  let wrong: HoldfastError | null = null

  const replay = async (write: Extract<JournalWrite, { kind: 'begin' | 'append' }>): Promise<void> => {
    const record = await journal.load(write.kind === 'begin' ? write.run.id : write.run)
    const { header } = record
    const saga = sagas.find(({ definition }) => definition.name === header.saga)
    const entries = await journal.entries(header.id)
    const last = entries.at(-1)
    if (saga === undefined || last === undefined) return
    // As a recovery restores it, from the snapshot that the journal keeps where it keeps one.
    const restored = await restoreRun(saga, record, journal)
    const ofRunner = differenceOf(summaryOf(saga, restored), toJson(write.summary, 'the summary'))
    if (ofRunner !== null) throw replayDiffers(header.id, last, 'beside its runner', ofRunner)
    replayed += write.entries.length
    // Entries of an older version are not this saga's own: what they mean is for its migrations to say.
    if (header.version !== saga.definition.version || entries.some(isMigration)) return
    replayEntries(saga, identityOf(header), entries, ways)
    const folded = foldEntries(saga, identityOf(header), entries)
    const difference = differenceOf(plainState(restored), plainState(folded))
    if (difference !== null) throw replayDiffers(header.id, last, 'as a recovery restores it', difference)
  }

  return {
    journal: faulty(journal, {
      commit: async (call) => {
        const results = await call.proceed()
        for (const [index, write] of call.parameters[0].entries()) {
          if (wrong !== null || write.kind === 'release' || results[index]?.ok !== true) continue
          try {
            await replay(write)
          } catch (error) {
            wrong = toHoldfastError(error, 'REPLAY_DIFFERS')
          }
        }
        return results
      },
    }).port,
    verify: () => {
      if (wrong !== null) throw wrong
      return replayed
    },
  }
}

function summaryOf(saga: AnySaga, state: RunState): Json {
  return toJson(summarise(saga, state), 'the summary')
}

function isMigration({ body }: Entry): boolean {
  return body.type === 'run.migrated'
}
