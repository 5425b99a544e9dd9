import { isFailure } from '../errors/failure.js'
import { type ErrorReport, HoldfastError, reportError } from '../errors/holdfast-error.js'
import { type Json, toJson } from '../json/json.js'
import type { NamedStep } from '../saga/saga-definition.js'
import type { AskRequest, Progress, StepContext } from '../saga/step.js'
import type { Clock } from '../time/clock.js'
import { atDeadline } from '../time/deadline-timer.js'

/** What an attempt tells its run. */
export interface AttemptReports {
  readonly progress: (progress: Progress) => void
  readonly checkpoint: (value: Json) => Promise<void>
  /** Resolves when the question is durable and shown. */
  readonly asked: (request: AskRequest) => Promise<void>
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
  readonly #controller = new AbortController()
  readonly #step: NamedStep
  readonly #clock: Clock
  #stopTimeout: () => void = () => {}
  #stopStall: () => void = () => {}
  #remaining: number | null
  #timeoutSince = 0
  #answer: ((value: Json) => void) | null = null
  #done = 0
  /** Resolves when the step has really ended. */
  readonly result: Promise<AttemptResult>

  constructor(step: NamedStep, facts: AttemptFacts, reports: AttemptReports, clock: Clock) {
    this.#step = step
    this.#clock = clock
    this.#remaining = step.timeout
    this.result = this.#run(facts, reports)
  }

  /** Asks the step to end; the first reason counts. */
  end(reason: HoldfastError): void {
    this.#controller.abort(reason)
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
    const { signal } = this.#controller
    try {
      const output = await this.#step.run({
        ...facts,
        signal,
        saveCheckpoint: async (value) => {
          signal.throwIfAborted()
          this.#touch()
          await reports.checkpoint(toJson(value, `the checkpoint of step '${this.#step.name}'`))
        },
        progress: (progress) => {
          if (signal.aborted) return
          this.#touch()
          this.#done = Math.max(this.#done, progress.done)
          reports.progress({ ...progress, done: this.#done })
        },
        activity: () => this.#touch(),
        ask: (request) => this.#ask(request, reports),
      })
      // What the step was ended for counts, also when it answers to that by returning.
      if (signal.aborted) return { ok: false, error: reportError(signal.reason) }
      if (isFailure(output)) return { ok: false, error: reportError(output.error) }
      return { ok: true, output: toJson(output, `the output of step '${this.#step.name}'`) }
    } catch (error) {
      return { ok: false, error: reportError(signal.aborted ? signal.reason : error) }
    } finally {
      this.#stopClocks()
    }
  }

  async #ask(request: AskRequest, reports: AttemptReports): Promise<Json> {
    const { signal } = this.#controller
    signal.throwIfAborted()
    this.#stopClocks()
    const answered = new Promise<Json>((resolve, reject) => {
      this.#answer = resolve
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    try {
      // Both are awaited together, so that an abort while the question is being written is not left unhandled.
      const [answer] = await Promise.all([answered, reports.asked(request)])
      return answer
    } finally {
      this.#answer = null
      if (!signal.aborted) this.#startClocks()
    }
  }

  #startClocks(): void {
    this.#timeoutSince = this.#clock.now()
    if (this.#remaining !== null) {
      this.#stopTimeout = atDeadline(this.#clock, this.#timeoutSince + this.#remaining, () =>
        this.end(
          new HoldfastError(
            'STEP_TIMED_OUT',
            `Step '${this.#step.name}' took longer than ${this.#step.timeout} ms`,
          ),
        ),
      )
    }
    this.#touch()
  }

  #stopClocks(): void {
    this.#stopTimeout()
    this.#stopStall()
    if (this.#remaining !== null) {
      this.#remaining = Math.max(0, this.#remaining - (this.#clock.now() - this.#timeoutSince))
    }
  }

  #touch(): void {
    const { stall } = this.#step
    if (stall === null || this.#answer !== null) return
    this.#stopStall()
    this.#stopStall = atDeadline(this.#clock, this.#clock.now() + stall, () =>
      this.end(
        new HoldfastError('STEP_STALLED', `Step '${this.#step.name}' showed no activity for ${stall} ms`),
      ),
    )
  }
}
