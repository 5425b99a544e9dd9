import { isFailure } from '../errors/failure.js'
import { type ErrorReport, HoldfastError, reportError } from '../errors/holdfast-error.js'
import { type Json, toJson } from '../json/json.js'
import type { NamedStep } from '../saga/saga-definition.js'
import type { AskRequest, Progress, StepContext } from '../saga/step.js'
import type { Clock } from '../time/clock.js'
import { LimitTimer } from '../time/limit-timer.js'

/** Milliseconds of the timeout that the attempt has used; empty for a step that has none. */
export type UsedTime = { readonly used?: number }

/** What an attempt tells its run. */
export interface AttemptReports {
  readonly progress: (progress: Progress) => void
  readonly checkpoint: (value: Json, used: UsedTime) => Promise<void>
  /** Resolves when the question is durable and shown. */
  readonly asked: (request: AskRequest, used: UsedTime) => Promise<void>
  /** Resolves when it is durable that the question was answered elsewhere, and it is shown no more. */
  readonly answered: (kind: string) => Promise<void>
}

/** Where a context keeps what makes its signal. */
const makeSignal = Symbol('makeSignal')

/** A context before it has the signal. */
type UnsignalledContext = Omit<StepContext, 'signal'> & { readonly [makeSignal]: () => AbortSignal }

/**
 * One getter for all contexts. A getter in the literal would be another function each time, for which V8 lays out every context anew,
 * in memory that only a full collection frees, and all that the run holds with it.
 */
const signalGetter = {
  get(this: UnsignalledContext): AbortSignal {
    return this[makeSignal]()
  },
  enumerable: true,
}

/** How an attempt ended. */
export type AttemptResult =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly error: ErrorReport }

/** What of a step's context the run gives; the attempt adds the rest. */
export type AttemptFacts = Omit<StepContext, 'signal' | 'saveCheckpoint' | 'progress' | 'activity' | 'ask'>

/**
 * One attempt of a step: runs it under its timeout and stall limit, and ends exactly once, when the step's own promise has settled.
 * An attempt that is asked to end and does not is waited for: nobody can know what it still writes.
 */
export class StepAttempt {
  /** Made when the step first looks at its signal: most never do, and it costs more than the rest of an attempt. */
  #controller: AbortController | null = null
  /** What the attempt was asked to end for. */
  #reason: HoldfastError | null = null
  readonly #step: NamedStep
  readonly #timeout: LimitTimer | null
  readonly #stall: LimitTimer | null
  #answer: ((value: Json) => void) | null = null
  #done = 0
  /** Resolves when the step has really ended. */
  readonly result: Promise<AttemptResult>

  /** `used`: milliseconds of the timeout that were used before a process died, or the attempt was taken over for another reason. */
  constructor(step: NamedStep, facts: AttemptFacts, reports: AttemptReports, clock: Clock, used = 0) {
    const { name, timeout, stall } = step
    const ended = (code: 'STEP_TIMED_OUT' | 'STEP_STALLED', what: string) => (): void =>
      this.end(new HoldfastError(code, `Step '${name}' ${what}`))
    this.#step = step
    this.#timeout =
      timeout === null
        ? null
        : new LimitTimer(clock, timeout, ended('STEP_TIMED_OUT', `took longer than ${timeout} ms`), used)
    this.#stall =
      stall === null
        ? null
        : new LimitTimer(clock, stall, ended('STEP_STALLED', `showed no activity for ${stall} ms`))
    this.result = this.#run(facts, reports)
  }

  /** Asks the step to end; the first reason counts. */
  end(reason: HoldfastError): void {
    if (this.#reason !== null) return
    this.#reason = reason
    this.#controller?.abort(reason)
  }

  get #signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#reason !== null) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  #refuseEnded(): void {
    if (this.#reason !== null) throw this.#reason
  }

  /** Whether the step waits for an answer. */
  get asks(): boolean {
    return this.#answer !== null
  }

  /** Gives the answer that the step waits for. */
  answer(value: Json): void {
    const answer = this.#answer
    this.#answer = null
    answer?.(value)
  }

  async #run(facts: AttemptFacts, reports: AttemptReports): Promise<AttemptResult> {
    this.#startClocks()
    try {
      const output = await this.#step.run(this.#context(facts, reports))
      // What the step was ended for counts, also when it answers to that by returning.
      if (this.#reason !== null) return { ok: false, error: reportError(this.#reason) }
      if (isFailure(output)) return { ok: false, error: reportError(output.error) }
      return { ok: true, output: toJson(output, `the output of step '${this.#step.name}'`) }
    } catch (error) {
      return { ok: false, error: reportError(this.#reason ?? error) }
    } finally {
      this.#stopClocks()
    }
  }

  #context(facts: AttemptFacts, reports: AttemptReports): StepContext {
    const { run, owner, step, attempt, input, checkpoint, output } = facts
    // Property by property: a spread that others are added to takes most of the time of an attempt.
    const context: UnsignalledContext = {
      run,
      owner,
      step,
      attempt,
      input,
      checkpoint,
      output,
      saveCheckpoint: async (value) => {
        this.#refuseEnded()
        this.#stall?.reset()
        await reports.checkpoint(toJson(value, `the checkpoint of step '${step}'`), this.#used())
      },
      progress: (progress) => {
        if (this.#reason !== null) return
        this.#stall?.reset()
        // What is no number says nothing.
        if (progress.done > this.#done) this.#done = progress.done
        reports.progress({ ...progress, done: this.#done })
      },
      activity: () => this.#stall?.reset(),
      ask: (request) => this.#ask(request, reports),
      [makeSignal]: () => this.#signal,
    }
    // It has a signal from here on.
    return Object.defineProperty(context, 'signal', signalGetter) as StepContext & UnsignalledContext
  }

  async #ask(request: AskRequest, reports: AttemptReports): Promise<Json> {
    // Also where nobody asks any more, so that it is not left unhandled.
    request.elsewhere?.catch(() => {})
    this.#refuseEnded()
    this.#stopClocks()
    let listening = (): void => {}
    const answered = new Promise<{ readonly answer: Json; readonly isElsewhere: boolean }>(
      (resolve, reject) => {
        this.#answer = (answer) => resolve({ answer, isElsewhere: false })
        request.elsewhere?.then((answer) => resolve({ answer, isElsewhere: true }), reject)
        listening = () => reject(this.#signal.reason)
        this.#signal.addEventListener('abort', listening)
      },
    )
    try {
      // Both are awaited together, so that an abort while the question is being written is not left unhandled.
      const [{ answer, isElsewhere }] = await Promise.all([answered, reports.asked(request, this.#used())])
      if (isElsewhere) {
        // Who was ended must write nothing more: the run may be waiting for the end.
        this.#refuseEnded()
        await reports.answered(request.kind)
      }
      return answer
    } finally {
      this.#signal.removeEventListener('abort', listening)
      this.#answer = null
      if (this.#reason === null) this.#startClocks()
    }
  }

  #startClocks(): void {
    this.#timeout?.start()
    this.#stall?.reset()
    this.#stall?.start()
  }

  #stopClocks(): void {
    this.#timeout?.stop()
    this.#stall?.stop()
  }

  #used(): UsedTime {
    return this.#timeout === null ? {} : { used: Math.round(this.#timeout.used) }
  }
}
