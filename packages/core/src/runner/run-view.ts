import type { ErrorReport } from '../errors/holdfast-error.js'
import type { JsonObject } from '../json/json.js'
import type { AnySaga } from '../machine/define-saga.js'
import { type Ask, type SagaContext, timers, type UndoState } from '../machine/saga-context.js'
import type { Progress } from '../saga/step.js'
import { type RunState, stateName } from './run-state.js'

/** A step as a view shows it. */
export interface StepView {
  readonly name: string
  readonly status: 'pending' | 'working' | 'waiting' | 'done' | 'failed' | 'undoing' | 'undone'
  readonly attempts: number
  /** Unix milliseconds UTC; null before the first attempt. */
  readonly startedAt: number | null
  /** Unix milliseconds UTC of the end of the last attempt; null while it works. */
  readonly endedAt: number | null
}

/** What a host shows of a run: plain JSON, a new object at each change. */
export interface RunViewSnapshot {
  readonly run: string
  readonly saga: string
  readonly owner: string
  /** A step's name, or `compensating`, `retryable`, `stuck`, `done`, `discarded`. */
  readonly state: string
  /** The step at work, or the one that the run is parked at. */
  readonly step: string
  readonly attempt: number
  readonly error: ErrorReport | null
  /** What the run waits for a human to give; null when for nothing. */
  readonly ask: Ask | null
  /** Unix milliseconds at which the engine tries again by itself; null when it does not. */
  readonly retryAt: number | null
  /** The undo under way, or the one that is stuck. */
  readonly undo: Pick<UndoState, 'reason' | 'queue'> | null
  /** Steps whose side effects may remain, while the run is stuck. */
  readonly sideEffects: readonly string[]
  readonly pastPivot: boolean
  readonly progress: {
    /** Of the step at work; null before it told any. */
    readonly step: Progress | null
    /** Of the whole run, 0 to 1, never going back. */
    readonly overall: number
  }
  /** Resources that the step at work needs; when empty, the user may unplug and lock whatever there is. */
  readonly needs: readonly string[]
  readonly steps: readonly StepView[]
  /** The saga's facts, such as `backupPath`. */
  readonly facts: JsonObject
  readonly startedAt: number
  readonly updatedAt: number
  /** Why this process no longer drives the run; null while it does, or while the run rests. */
  readonly suspended: ErrorReport | null
}

/** An external store, as React's `useSyncExternalStore` and its like take it. */
export interface RunView {
  subscribe(listener: () => void): () => void
  /** The same object until something changes. */
  getSnapshot(): RunViewSnapshot
}

/** What a view shows beside the durable state. */
export interface Volatile {
  readonly progress: Progress | null
  readonly overall: number
  readonly suspended: ErrorReport | null
  /** Whether the question in the state is really being asked: after a crash it is not, until the step comes to it again. */
  readonly asks: boolean
}

/** The view of a state. Pure. */
export function viewOf(saga: AnySaga, state: RunState, volatile: Volatile): RunViewSnapshot {
  const context: SagaContext = state.snapshot.context
  const name = stateName(state)
  const { definition } = saga
  const { input, outputs, checkpoints } = context
  const atWork = definition.steps.find((step) => step.name === name)
  const ask = volatile.asks ? context.ask : null
  return {
    run: state.run.id,
    saga: state.run.saga,
    owner: state.run.owner,
    state: name,
    step: context.step,
    attempt: context.attempt,
    error: context.error,
    ask,
    retryAt: state.timers.get(timers.backoff)?.due ?? state.timers.get(timers.autoRetry)?.due ?? null,
    undo: context.undo === null ? null : { reason: context.undo.reason, queue: context.undo.queue },
    sideEffects: name === 'stuck' ? (context.undo?.queue ?? []) : [],
    pastPivot: context.pastPivot,
    progress: { step: volatile.progress, overall: name === 'done' ? 1 : volatile.overall },
    needs: atWork?.needs ?? [],
    steps: definition.steps.map((step) => {
      const timing = state.timings[step.name]
      return {
        name: step.name,
        status: stepStatus(step.name, name, context, ask),
        attempts: timing?.attempts ?? 0,
        startedAt: timing?.startedAt ?? null,
        endedAt: timing?.endedAt ?? null,
      }
    }),
    facts: definition.facts({ input, outputs, checkpoints }),
    startedAt: state.run.startedAt,
    updatedAt: state.updatedAt,
    suspended: volatile.suspended,
  }
}

/** How much of a run is done, 0 to 1: finished steps by weight, and the share of the step at work where its total is known. */
export function overallProgress(saga: AnySaga, context: SagaContext, progress: Progress | null): number {
  let all = 0
  let done = 0
  for (const step of saga.definition.steps) {
    all += step.weight
    if (context.finished.includes(step.name)) done += step.weight
    else if (
      step.name === context.step &&
      progress !== null &&
      progress.total !== null &&
      progress.total > 0
    ) {
      done += step.weight * Math.min(1, progress.done / progress.total)
    }
  }
  return done / all
}

function stepStatus(step: string, state: string, context: SagaContext, ask: Ask | null): StepView['status'] {
  if (step === state) return context.waiting || ask !== null ? 'waiting' : 'working'
  if (state === 'compensating' && context.undo?.queue[0] === step) return 'undoing'
  if (state === 'discarded')
    return context.finished.includes(step) || step === context.step ? 'undone' : 'pending'
  if (context.finished.includes(step)) return 'done'
  if (step === context.step && state !== 'done') return 'failed'
  return 'pending'
}
