import type { ErrorReport } from '../errors/holdfast-error.js'
import type { Json, JsonObject } from '../json/json.js'
import type { UndoReason } from '../saga/step.js'
import type { EventTime, TrySpan } from './try-span.js'

/** An undo under way. */
export interface UndoState {
  readonly reason: UndoReason
  /** Steps still to be undone, the first one now. */
  readonly queue: readonly string[]
  /** Tries of the first one, since it was last entered afresh. */
  readonly tries: number
  /** For how long these have gone on. */
  readonly trySpan: TrySpan
  /** Why the last of them failed; null when none has. */
  readonly error: ErrorReport | null
  /** What `discard(options)` was given. */
  readonly options: JsonObject
  /** Why the present step failed, whatever its undo fails with; null when it had not. */
  readonly cause: ErrorReport | null
  /** Somebody cancelled meanwhile: the run parks without a retry of its own. */
  readonly isCancelled?: boolean
}

/** What a run asks of a human; see AskRequest. */
export interface Ask {
  readonly kind: string
  readonly message: string
  readonly secret: boolean
}

/** The machine's context: all that is known of a run, as plain JSON. The saga's facts stand beside these fields. */
export interface SagaContext {
  readonly input: Json
  /** The step at work, or the one that the run is parked at. */
  readonly step: string
  /** Attempts of that step in this run so far. */
  readonly attempt: number
  /** Attempts of each step in this run so far, by name. */
  readonly attempts: Readonly<Record<string, number>>
  /** Attempts since the step was last entered afresh: what its retry policy counts. */
  readonly tries: number
  /** For how long these have gone on. */
  readonly trySpan: TrySpan
  /** Whether the engine waits for a backoff to pass. */
  readonly waiting: boolean
  /** Why the last attempt or undo failed; null while nothing has. */
  readonly error: ErrorReport | null
  /** Outputs of finished steps, by name. */
  readonly outputs: JsonObject
  /** Last checkpoints, by step name. */
  readonly checkpoints: JsonObject
  /** Names of finished steps, in the order in which they finished. */
  readonly finished: readonly string[]
  /** Whether only forward is left. */
  readonly pastPivot: boolean
  /** The step with an `autoRetry` policy at which the run was parked last; null before. */
  readonly parkedAt: string | null
  /** Retries that this policy has used. */
  readonly autoRetries: number
  /** For how long that has gone on, since the run parked. */
  readonly parkSpan: TrySpan
  /** The undo under way or stuck; null otherwise. */
  readonly undo: UndoState | null
  /** What the run asks of a human; null when nothing. */
  readonly ask: Ask | null
}

/** What a machine's step actor is invoked with. */
export interface StepInput {
  readonly step: string
  readonly attempt: number
  readonly input: Json
  readonly outputs: JsonObject
  readonly checkpoint: Json
}

/** What a step's actor gets when the machine itself invokes it: the way back to the machine as well. */
export interface InvokedStepInput extends StepInput {
  /** The machine's actor; it takes CHECKPOINT events. */
  readonly parent: { send(event: SagaEvent): void }
}

/** What the `compensate` actor is invoked with. */
export interface UndoInput extends StepInput {
  readonly reason: UndoReason
  readonly error: ErrorReport | null
  readonly output: Json
  readonly options: JsonObject
}

/**
 * Events that a saga's machine takes. RETRY, CANCEL and DISCARD are for hosts; the others tell it what its actors did meanwhile.
 * Results of actors come as XState's own `xstate.done.actor.*` and `xstate.error.actor.*`.
 */
export type SagaEvent = EventTime &
  (
    | { readonly type: 'RETRY'; readonly automatic?: boolean }
    | { readonly type: 'CANCEL' }
    | { readonly type: 'DISCARD'; readonly options?: JsonObject }
    | { readonly type: 'CHECKPOINT'; readonly step: string; readonly value: Json }
    | { readonly type: 'ASKED'; readonly ask: Ask }
    | { readonly type: 'ANSWERED' }
    | { readonly type: 'BACKOFF_OVER' }
  )

/** Names of the machine's timers, which are also the ids of its delayed events. */
export const timers = { backoff: 'backoff', autoRetry: 'auto-retry' } as const

/** What the actor of `step` is invoked with in this state. */
export function stepInput(context: SagaContext, step: string): StepInput {
  return {
    step,
    attempt: context.attempt,
    input: context.input,
    outputs: context.outputs,
    checkpoint: context.checkpoints[step] ?? null,
  }
}

/** What `compensate` is invoked with in this state. */
export function undoInput(context: SagaContext): UndoInput {
  const step = undoStep(context)
  return {
    ...stepInput(context, step),
    attempt: context.undo?.tries ?? 1,
    reason: context.undo?.reason ?? 'failed',
    error: step === context.step ? (context.undo?.cause ?? null) : null,
    output: context.outputs[step] ?? null,
    options: context.undo?.options ?? {},
  }
}

/** The step that is being undone, or is stuck. */
export function undoStep(context: SagaContext): string {
  return context.undo?.queue[0] ?? context.step
}
