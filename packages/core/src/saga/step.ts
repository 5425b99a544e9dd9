import type { Failure } from '../errors/failure.js'
import type { ErrorReport } from '../errors/holdfast-error.js'
import type { Json, JsonObject } from '../json/json.js'
import { checkOptions, rule } from '../options/check-options.js'
import { noRetry, type ResolvedRetryPolicy, type RetryPolicy } from '../time/backoff.js'
import { resolveRetry } from './retry-policy.js'

/** How far a step has come. */
export interface Progress {
  /** Units finished; may not go back. */
  readonly done: number
  /** Units altogether; null while unknown. */
  readonly total: number | null
  /** What is counted, such as `messages` or `bytes`. */
  readonly unit: string
  /** What is being done, for people. */
  readonly label?: string
}

/** Something that a run needs from a human. */
export interface AskRequest {
  /** What is asked for, such as `password`, `passcode`, `trust`, `unlock` or `space`. */
  readonly kind: string
  /** A sentence for the human. */
  readonly message: string
  /** Whether the answer must never be shown or written. Answers are never journaled in any case. @default false */
  readonly secret?: boolean
  /**
   * Resolves when the question was answered elsewhere, such as on the phone itself: then it is asked no more, and `ask` gives this answer.
   * Its rejection is that of `ask`. @default never
   */
  readonly elsewhere?: Promise<Json>
}

/** What a step's `run` is given. */
export interface StepContext {
  /** Id of the run. */
  readonly run: string
  /** Whose run it is; captured when it started. */
  readonly owner: string
  /** Name of the step. */
  readonly step: string
  /** 1 for the first try of this step in this run, counting on over retries. */
  readonly attempt: number
  /** What the run was started with. */
  readonly input: Json
  /** What `saveCheckpoint` last saved in any attempt; null when there is none. */
  readonly checkpoint: Json
  /** Aborts when the attempt must end: cancelled, timed out, stalled, a needed resource lost. Its reason is a HoldfastError. */
  readonly signal: AbortSignal
  /**
   * The output of a step that has finished.
   *
   * @throws HoldfastError `OUTPUT_MISSING`.
   */
  output<Output>(step: Step<Output>): Output
  /** Journals how far the step has come; durable when it resolves. The next attempt finds it in `checkpoint`. */
  saveCheckpoint(checkpoint: Json): Promise<void>
  /** Tells how far the step has come; never goes back, whatever is told. Counts as activity. */
  progress(progress: Progress): void
  /** A sign of life: puts the stall limit off, without progress. */
  activity(): void
  /** Asks a human and waits, as long as it takes: timeout and stall clocks stand still. Rejects when the attempt must end. */
  ask(request: AskRequest): Promise<Json>
}

/**
 * Why a step is undone: its attempt failed, or was cancelled; the run is discarded; or a later step has found its work wrong.
 * After the first two the run comes back to the step and its checkpoint, after `unverified` it begins the step afresh.
 */
export type UndoReason = 'failed' | 'cancelled' | 'discarded' | 'unverified'

/** What a step's `compensate` is given. */
export interface UndoContext<Output = unknown> {
  readonly run: string
  readonly owner: string
  readonly step: string
  readonly input: Json
  readonly reason: UndoReason
  /** The error that the step failed with; null when it had not failed. */
  readonly error: ErrorReport | null
  /** What the step returned; null when it had not finished. */
  readonly output: Output | null
  /** The last checkpoint of the step; null when there is none. */
  readonly checkpoint: Json
  /** What `discard(options)` was given; empty otherwise. */
  readonly options: JsonObject
  /** 1 for the first try of this undo. */
  readonly attempt: number
  /** The output of another step; null when that one has not finished. */
  outputOf<Other>(step: Step<Other>): Other | null
}

/** What a step is made of. */
export interface StepOptions<Output> {
  /** Does the work. Returning a {@link Failure} and throwing are the same thing; what is returned is journaled, so it is plain JSON. */
  readonly run: (context: StepContext) => Promise<Output | Failure> | Output | Failure
  /**
   * Undoes the work, also half-done work: it is known to the engine before `run` starts, and is not cancelled. May run more than
   * once, so it must be safe to repeat. For the reasons `failed` and `cancelled` the run comes back to this step with its
   * checkpoint, so what a later attempt builds upon may stay as long as nobody sees it.
   */
  readonly compensate?: (context: UndoContext<Output>) => Promise<void> | void
  /** Tries of `run` before the run parks. @default one try */
  readonly retry?: RetryPolicy
  /** Tries of `compensate` before the run is stuck. @default three tries */
  readonly compensateRetry?: RetryPolicy
  /** How often and when a parked run goes on by itself from this step; `attempts` counts these retries. @default never */
  readonly autoRetry?: RetryPolicy
  /**
   * What this step proves of those before it. Where it fails with one of `codes`, their work is wrong: they are undone with the reason
   * `unverified`, from the last one back to `from`, and a retry of the parked run begins there and not at this step.
   * @default nothing
   */
  readonly verifies?: { readonly from: Step; readonly codes: readonly string[] }
  /** Success of this step is the point of no return: afterwards there is only forward. @default false */
  readonly pivot?: boolean
  /** Resources that must be there while the step runs, such as `device`. @default none */
  readonly needs?: readonly string[]
  /** Longest time of an attempt in milliseconds, asking excluded. @default none */
  readonly timeout?: number
  /** Longest time without progress or activity in milliseconds, asking excluded. @default none */
  readonly stall?: number
  /** Share of this step in the run's overall progress, relative to the others. @default 1 */
  readonly weight?: number
}

/** Options of a step with every default filled in; `run` and `compensate` no longer know their output's type. */
export interface ResolvedStep {
  readonly run: (context: StepContext) => unknown
  readonly compensate: ((context: UndoContext) => unknown) | null
  readonly retry: ResolvedRetryPolicy
  readonly compensateRetry: ResolvedRetryPolicy
  readonly autoRetry: ResolvedRetryPolicy | null
  readonly verifies: { readonly from: Step; readonly codes: readonly string[] } | null
  readonly pivot: boolean
  readonly needs: readonly string[]
  readonly timeout: number | null
  readonly stall: number | null
  readonly weight: number
}

declare const outputOf: unique symbol

/** A step of a saga; `Output` is what its `run` returns. Used under one name in one saga. */
export interface Step<Output = unknown> {
  readonly definition: ResolvedStep
  /** In the types only: ties the step to its output. */
  readonly [outputOf]?: Output
}

const stepRules = {
  run: rule.function,
  compensate: rule.function,
  retry: rule.object,
  compensateRetry: rule.object,
  autoRetry: rule.object,
  verifies: rule.object,
  pivot: rule.boolean,
  needs: rule.strings,
  timeout: rule.positive,
  stall: rule.positive,
  weight: rule.positive,
}

const verifiesRules = { from: rule.object, codes: rule.strings }

function checkVerifies(
  verifies: NonNullable<ResolvedStep['verifies']>,
): NonNullable<ResolvedStep['verifies']> {
  checkOptions('verifies', verifies, verifiesRules, ['from', 'codes'])
  return verifies
}

const defaultCompensateRetry: RetryPolicy = { attempts: 3, delay: 500 }

/**
 * Declares a step.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * const collect = step({ run: async ({ signal }) => ({ files: await listFiles(signal) }) })
 * const store = step({
 *   run: async (context) => insertRows(context.output(collect).files),
 *   compensate: async ({ run }) => deleteRows(run),
 *   retry: { attempts: 3 },
 * })
 */
export function step<Output>(options: StepOptions<Output>): Step<Output> {
  checkOptions('step', options, stepRules, ['run'])
  const { compensate } = options
  return {
    definition: {
      run: options.run,
      // The engine hands back the very output that this step returned, read from the journal.
      compensate: compensate === undefined ? null : (context) => compensate(context as UndoContext<Output>),
      retry: options.retry === undefined ? noRetry : resolveRetry('retry', options.retry),
      compensateRetry: resolveRetry('compensateRetry', options.compensateRetry ?? defaultCompensateRetry),
      autoRetry: options.autoRetry === undefined ? null : resolveRetry('autoRetry', options.autoRetry),
      verifies: options.verifies === undefined ? null : checkVerifies(options.verifies),
      pivot: options.pivot ?? false,
      needs: options.needs ?? [],
      timeout: options.timeout ?? null,
      stall: options.stall ?? null,
      weight: options.weight ?? 1,
    },
  }
}
