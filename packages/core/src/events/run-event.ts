import type { ErrorReport } from '../errors/holdfast-error.js'
import type { Ask } from '../machine/saga-context.js'
import type { Progress, UndoReason } from '../saga/step.js'

/** Version of the events' shapes. */
export const runEventVersion = 1

/** What every event carries. */
interface RunEventBase {
  readonly version: typeof runEventVersion
  readonly run: string
  /** Sequence number of the journal entry that the event follows; several events may follow one entry. */
  readonly seq: number
  /** Unix milliseconds UTC. */
  readonly at: number
}

/** What happened, without what every event carries. */
export type RunEventBody =
  | { readonly type: 'run.started'; readonly saga: string }
  | { readonly type: 'step.started'; readonly step: string; readonly attempt: number }
  /** Volatile and throttled; everything else follows a durable entry. */
  | {
      readonly type: 'step.progress'
      readonly step: string
      readonly progress: Progress
      readonly overall: number
    }
  | { readonly type: 'step.checkpoint'; readonly step: string }
  | { readonly type: 'step.succeeded'; readonly step: string }
  /** `retryAt`: unix milliseconds of the next try under the step's own policy; null when there is none. */
  | {
      readonly type: 'step.failed'
      readonly step: string
      readonly error: ErrorReport
      readonly retryAt: number | null
    }
  | {
      readonly type: 'undo.started'
      readonly step: string
      readonly reason: UndoReason
      readonly attempt: number
    }
  | { readonly type: 'undo.succeeded'; readonly step: string }
  | { readonly type: 'undo.failed'; readonly step: string; readonly error: ErrorReport }
  /** The run rests in `retryable`. */
  | {
      readonly type: 'run.parked'
      readonly step: string
      readonly error: ErrorReport | null
      readonly wakeAt: number | null
    }
  | { readonly type: 'run.stuck'; readonly step: string; readonly error: ErrorReport | null }
  | { readonly type: 'run.asked'; readonly ask: Ask }
  | { readonly type: 'run.answered'; readonly kind: string }
  /** This process no longer drives the run; its journal is intact. */
  | { readonly type: 'run.suspended'; readonly error: ErrorReport }
  /** The one terminal event of a run, after its state is durable. */
  | { readonly type: 'run.ended'; readonly status: 'done' | 'discarded' }
  | { readonly type: 'hook.succeeded'; readonly hook: string }
  | { readonly type: 'hook.failed'; readonly hook: string; readonly error: ErrorReport }

/** An event of a run: plain JSON, safe to send to another process or window. */
export type RunEvent = RunEventBase & RunEventBody
