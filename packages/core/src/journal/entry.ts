import type { ErrorReport } from '../errors/holdfast-error.js'
import type { Json, JsonObject } from '../json/json.js'
import type { Ask } from '../machine/saga-context.js'

/** Version of the entries' shapes; written with every run. */
export const entryVersion = 1

/**
 * What happened to a run, in the order in which it happened. The state of a run is the fold of its entries.
 * These words are on disk for years: choose a new one rather than give an old one another meaning.
 */
export type EntryBody =
  | { readonly type: 'run.started'; readonly input: Json }
  | { readonly type: 'step.succeeded'; readonly step: string; readonly output: Json }
  | { readonly type: 'step.failed'; readonly step: string; readonly error: ErrorReport }
  /** `used`, of a step with a timeout: milliseconds of it that the attempt had used by then. */
  | {
      readonly type: 'step.checkpoint'
      readonly step: string
      readonly value: Json
      readonly used?: number
    }
  | { readonly type: 'undo.succeeded'; readonly step: string }
  | { readonly type: 'undo.failed'; readonly step: string; readonly error: ErrorReport }
  | { readonly type: 'timer.fired'; readonly timer: string }
  /** `used` as in a checkpoint. */
  | { readonly type: 'run.asked'; readonly ask: Ask; readonly used?: number }
  /** An answer was given; the answer itself is written nowhere. */
  | { readonly type: 'run.answered'; readonly kind: string }
  | { readonly type: 'retry.requested' }
  | { readonly type: 'cancel.requested' }
  | { readonly type: 'discard.requested'; readonly options: JsonObject }
  /** From here on the run goes on under version `to` of its saga; the entries before are in the words of `from`. */
  | { readonly type: 'run.migrated'; readonly from: number; readonly to: number }
  | { readonly type: 'hook.succeeded'; readonly hook: string }
  | { readonly type: 'hook.failed'; readonly hook: string; readonly error: ErrorReport }

/** An entry of a run's journal. */
export interface Entry {
  /** 1 for the first entry of the run, without gaps. */
  readonly seq: number
  /** Unix milliseconds UTC. */
  readonly at: number
  readonly body: EntryBody
}
