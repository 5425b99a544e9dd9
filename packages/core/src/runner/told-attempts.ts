import type { Entry, EntryBody } from '../journal/entry.js'
import type { RunIdentity } from '../journal/journal.js'
import type { AnySaga } from '../machine/define-saga.js'
import { type SagaContext, stepInput, undoInput } from '../machine/saga-context.js'
import { inPresentWords } from './migrate-entries.js'
import { applyEntry, type RunState } from './run-state.js'

/** One try of a step or of its undo, as the entries tell of it. Times are unix milliseconds. */
export interface ToldAttempt {
  readonly what: 'run' | 'undo'
  readonly step: string
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number | null
  readonly result: 'succeeded' | 'failed' | 'stopped' | null
  readonly code: string | null
}

/**
 * Every attempt of a step and of an undo that a run's entries tell of, in order, by the present names of the steps. Pure.
 *
 * @throws HoldfastError `JOURNAL_DAMAGED`.
 */
export function tellAttempts(
  saga: AnySaga,
  run: RunIdentity,
  entries: readonly Entry[],
): readonly ToldAttempt[] {
  const attempts: ToldAttempt[] = []
  let state: RunState | null = null
  for (const { at, body } of presentEntries(saga, run, entries)) {
    const previous: RunState | null = state
    const before = previous?.working ?? null
    // Entries that a migration made have no numbers of their own.
    const entry: Entry = { seq: (previous?.seq ?? 0) + 1, at, body }
    state = applyEntry(saga, run, previous, entry).state
    const { working, snapshot } = state
    if (working?.id === before?.id) continue
    const open = attempts.at(-1)
    if (before !== null && open !== undefined) {
      attempts[attempts.length - 1] = { ...open, endedAt: at, ...resultOf(body) }
    }
    if (working !== null) attempts.push({ ...triedBy(working.actor, snapshot.context), startedAt: at })
  }
  return attempts
}

/** What an actor that begins in this state tries. */
function triedBy(actor: string, context: SagaContext): Omit<ToldAttempt, 'startedAt'> {
  const isUndo = actor === 'compensate'
  const { step, attempt } = isUndo ? undoInput(context) : stepInput(context, actor)
  return { what: isUndo ? 'undo' : 'run', step, attempt, endedAt: null, result: null, code: null }
}

/** The entries in the words of the present version of the saga. */
function presentEntries(
  { definition }: AnySaga,
  { version }: RunIdentity,
  entries: readonly Entry[],
): readonly Entry[] {
  const isOld = version !== definition.version || entries.some(({ body }) => body.type === 'run.migrated')
  return isOld ? inPresentWords(definition, version, entries) : entries
}

function resultOf(body: EntryBody): Pick<ToldAttempt, 'result' | 'code'> {
  switch (body.type) {
    case 'step.succeeded':
    case 'undo.succeeded':
      return { result: 'succeeded', code: null }
    case 'step.failed':
    case 'undo.failed':
      return { result: 'failed', code: body.error.code }
    default:
      return { result: 'stopped', code: null }
  }
}
