import type { EntryBody } from '../src/index.js'
import type { SagaShape, StepShape } from './generated-sagas.js'

/**
 * The rules of a run in as few words as possible, written from the design and without the engine: what a run's entries mean. An entry
 * that the rules do not allow is an error of the engine.
 */
export class ReferenceModel {
  readonly #shape: SagaShape
  phase: 'step' | 'compensating' | 'retryable' | 'stuck' | 'done' | 'discarded' = 'step'
  /** Index of the present step. */
  at = 0
  /** Whether it waits for a backoff to pass. */
  waits = false
  /** Whether a parked run goes on by itself. */
  wakes = false
  asks = false
  /** Entries so far when it asked last. */
  askedAt = 0
  /** Steps that are still to be undone, by their index. */
  left: readonly number[] = []
  reason: 'failed' | 'cancelled' | 'discarded' | 'unverified' | null = null
  /** Tries of the undo that is at work. */
  undoTries = 0
  /** Entries so far when the actor at work began. */
  since = 1
  /** Steps that have finished and count: those before this index. */
  #finished = 0
  #entries = 0
  #tries = 1
  readonly #attempts: number[] = [1]
  #autoRetries = 0
  #isCancelled = false
  /** The step whose automatic retries are counted. */
  #parkedAt: number | null = null
  #mayWake = false

  constructor(shape: SagaShape) {
    this.#shape = shape
  }

  /** Attempts of the present step so far, the one at work included. */
  get attempt(): number {
    return this.#attempts[this.at] ?? 0
  }

  /** What has to be at work; null when nothing. */
  get working(): { readonly kind: 'run' | 'undo'; readonly step: number; readonly attempt: number } | null {
    if (this.waits) return null
    if (this.phase === 'step') return { kind: 'run', step: this.at, attempt: this.attempt }
    if (this.phase !== 'compensating') return null
    return { kind: 'undo', step: this.left[0] ?? -1, attempt: this.undoTries }
  }

  get hasEnded(): boolean {
    return this.phase === 'done' || this.phase === 'discarded'
  }

  get pastPivot(): boolean {
    const { pivot, steps } = this.#shape
    return pivot !== null && (this.phase === 'done' ? steps.length : this.at) > pivot
  }

  /** Applies an entry. Throws where the rules do not allow it. */
  apply(body: EntryBody): void {
    this.#entries += 1
    const isRule = this.#follow(body)
    if (!isRule)
      throw new Error(`entry ${this.#entries} (${JSON.stringify(body)}) in ${JSON.stringify(this)}`)
  }

  #follow(body: EntryBody): boolean {
    switch (body.type) {
      case 'run.started':
        return this.#entries === 1
      case 'step.succeeded':
        return this.#isAtWork('run', body.step) && this.#finish()
      case 'step.failed':
        return this.#isAtWork('run', body.step) && this.#fail(body.error)
      case 'undo.succeeded':
        return this.#isAtWork('undo', body.step) && this.#undone()
      case 'undo.failed':
        return this.#isAtWork('undo', body.step) && this.#undoFailed(body.error.retryable)
      case 'step.checkpoint':
        return this.#isAtWork('run', body.step)
      case 'run.asked':
        this.asks = true
        this.askedAt = this.#entries
        return this.working?.kind === 'run'
      case 'run.answered': {
        const asked = this.asks
        this.asks = false
        return asked
      }
      case 'timer.fired':
        return this.waits ? this.#again() : this.wakes && this.#reenter(this.#autoRetries + 1)
      case 'retry.requested':
        if (this.waits) return this.#again()
        if (this.phase === 'stuck') return this.#undo(this.left)
        return this.phase === 'retryable' && this.#reenter(0)
      case 'cancel.requested':
        if (this.phase === 'retryable') {
          this.wakes = false
          return true
        }
        if (this.phase === 'compensating') return this.#staysParked()
        return this.phase === 'step' && this.#leave('cancelled', false)
      case 'discard.requested':
        return !this.pastPivot && !this.hasEnded && this.#discard()
      default:
        return false
    }
  }

  /** A cancel while what failed is being undone: once it is, the run goes on by itself no more. Said once, and only where it could. */
  #staysParked(): boolean {
    const couldWake = this.reason === 'failed' || this.reason === 'unverified'
    if (!couldWake || this.#isCancelled || this.#step.autoRetries === 0) return false
    this.#isCancelled = true
    this.#mayWake = false
    return true
  }

  get #step(): StepShape {
    return this.#shape.steps[this.at] ?? { undo: false, tries: 1, undoTries: 1, autoRetries: 0 }
  }

  #isAtWork(kind: 'run' | 'undo', step: string): boolean {
    return this.working?.kind === kind && step === `s${this.working.step + 1}`
  }

  #canUndo(step: number): boolean {
    const { pivot, steps } = this.#shape
    return steps[step]?.undo === true && (pivot === null || step <= pivot)
  }

  #begin(): true {
    this.waits = false
    this.asks = false
    this.wakes = false
    this.since = this.#entries
    return true
  }

  #finish(): boolean {
    if (this.at === this.#shape.steps.length - 1) {
      this.phase = 'done'
      this.asks = false
      return true
    }
    this.at += 1
    this.#finished = this.at
    this.#tries = 1
    this.reason = null
    return this.#attempted()
  }

  #attempted(): true {
    this.#attempts[this.at] = this.attempt + 1
    return this.#begin()
  }

  #fail({ code, retryable: isRetryable }: { readonly code: string; readonly retryable: boolean }): boolean {
    this.asks = false
    const { verifies } = this.#shape
    if (verifies?.by === this.at && code === 'REFUTED') return this.#refute(verifies.from, isRetryable)
    if (isRetryable && this.#tries < this.#step.tries) {
      this.waits = true
      return true
    }
    return this.#leave('failed', isRetryable)
  }

  /** The present step is undone, and then the run parks. */
  #leave(reason: 'failed' | 'cancelled', mayWake: boolean): boolean {
    this.reason = reason
    this.#isCancelled = false
    this.#mayWake = mayWake
    return this.#canUndo(this.at) ? this.#undo([this.at]) : this.#park()
  }

  /** What was found wrong is undone, the last first, and counts as not done. */
  #refute(from: number, mayWake: boolean): boolean {
    this.reason = 'unverified'
    this.#isCancelled = false
    this.#mayWake = mayWake
    this.#finished = from
    const wrong = Array.from({ length: this.at - from + 1 }, (_, index) => this.at - index)
    const left = wrong.filter((step) => this.#canUndo(step))
    return left.length > 0 ? this.#undo(left) : this.#park()
  }

  #park(): boolean {
    if (this.#parkedAt !== this.at) this.#autoRetries = 0
    this.#parkedAt = this.at
    this.phase = 'retryable'
    this.waits = false
    this.asks = false
    this.left = []
    this.wakes = this.#mayWake && this.#autoRetries < this.#step.autoRetries
    return true
  }

  #again(): boolean {
    if (this.phase === 'compensating') this.undoTries += 1
    else {
      this.#attempts[this.at] = this.attempt + 1
      this.#tries += 1
    }
    return this.#begin()
  }

  #reenter(autoRetries: number): boolean {
    this.phase = 'step'
    this.reason = null
    this.#autoRetries = autoRetries
    // The failed step; where it has found earlier ones wrong, the first of those.
    this.at = this.#finished
    this.#tries = 1
    return this.#attempted()
  }

  #discard(): boolean {
    // One that is discarded already is only helped on where it is stuck.
    if (this.reason === 'discarded') return this.phase === 'stuck' && this.#undo(this.left)
    const done = Array.from({ length: this.#finished }, (_, index) => this.#finished - 1 - index)
    // What was to be undone for another reason is undone again for this one.
    const all = new Set([this.at, ...(this.reason === null ? [] : this.left), ...done])
    const left = [...all].filter((step) => this.#canUndo(step))
    this.reason = 'discarded'
    if (left.length > 0) return this.#undo(left)
    return this.#end()
  }

  #end(): boolean {
    this.phase = 'discarded'
    this.waits = false
    this.asks = false
    this.wakes = false
    this.left = []
    return true
  }

  #undo(left: readonly number[]): boolean {
    this.phase = 'compensating'
    this.left = left
    this.undoTries = 1
    return this.#begin()
  }

  #undone(): boolean {
    const left = this.left.slice(1)
    if (left.length > 0) return this.#undo(left)
    return this.reason === 'discarded' ? this.#end() : this.#park()
  }

  #undoFailed(isRetryable: boolean): boolean {
    const { undoTries } = this.#shape.steps[this.left[0] ?? -1] ?? { undoTries: 1 }
    if (isRetryable && this.undoTries < undoTries) this.waits = true
    else this.phase = 'stuck'
    return true
  }
}
