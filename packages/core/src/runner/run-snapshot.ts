import type { EntryBody } from '../journal/entry.js'
import type { RunIdentity, RunSnapshot } from '../journal/journal.js'
import type { Json } from '../json/json.js'
import type { AnySaga, SagaSnapshot } from '../machine/define-saga.js'
import { pureMachine } from '../machine/pure-machine.js'
import type { PendingTimer, RunState, StepTiming } from './run-state.js'

/** Version of the shape below. One of another version is not read; the entries are all there. */
const snapshotVersion = 1

/** The state of a run as a journal keeps it. */
type WrittenState = {
  readonly version: typeof snapshotVersion
  readonly saga: number
  readonly value: string
  readonly context: SagaSnapshot['context']
  readonly updatedAt: number
  readonly last: EntryBody | null
  readonly working: RunState['working']
  readonly attempt: RunState['attempt']
  readonly timers: readonly (readonly [string, PendingTimer])[]
  readonly timings: readonly (readonly [string, StepTiming])[]
  readonly hooks: readonly (readonly [string, { readonly tries: number; readonly settled: boolean }])[]
}

/** A run's state as plain JSON, for the journal. */
export function writeState(state: RunState): Json {
  const { snapshot, updatedAt, last, working, attempt } = state
  const written: WrittenState = {
    version: snapshotVersion,
    saga: state.run.version,
    value: snapshot.value,
    context: snapshot.context,
    updatedAt,
    last,
    working,
    attempt,
    timers: [...state.timers],
    timings: Object.entries(state.timings),
    hooks: [...state.hooks],
  }
  // All of it is JSON; interfaces only lack the index signature that the type of JSON objects has.
  return written as unknown as Json
}

/** The state that {@link writeState} wrote; null when it was written by another version of the saga or of this code. */
export function readState(saga: AnySaga, run: RunIdentity, { seq, state }: RunSnapshot): RunState | null {
  if (typeof state !== 'object' || state === null || !('version' in state) || !('saga' in state)) return null
  if (state['version'] !== snapshotVersion || state['saga'] !== saga.definition.version) return null
  // The version says that it has this shape.
  const written = state as unknown as WrittenState
  // A state that the machine does not have makes XState throw later, out of reach: look first.
  if (saga.machine.states[written.value] === undefined) return null
  return {
    run,
    snapshot: pureMachine(saga.machine).restore(written),
    seq,
    updatedAt: written.updatedAt,
    last: written.last,
    working: written.working,
    attempt: written.attempt,
    timers: new Map(written.timers),
    timings: Object.fromEntries(written.timings),
    hooks: new Map(written.hooks),
  }
}
