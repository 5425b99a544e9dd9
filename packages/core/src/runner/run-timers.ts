import type { Clock } from '../time/clock.js'
import { DeadlineTimer } from '../time/deadline-timer.js'
import type { PendingTimer } from './run-state.js'

/** The timers of one run in this process: always those that the state of the run has pending. */
export class RunTimers {
  readonly #clock: Clock
  readonly #onDue: (timer: string) => void
  readonly #set = new Map<string, DeadlineTimer>()

  constructor(clock: Clock, onDue: (timer: string) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Whether any is set. */
  get areSet(): boolean {
    return this.#set.size > 0
  }

  /** Sets what is pending and not set yet, and stops what is no longer pending. */
  follow(pending: ReadonlyMap<string, PendingTimer>): void {
    for (const [name, timer] of this.#set) {
      if (pending.has(name)) continue
      timer.stop()
      this.#set.delete(name)
    }
    for (const [name, { due, delay }] of pending) {
      if (this.#set.has(name)) continue
      const onDue = (): void => {
        this.#set.delete(name)
        this.#onDue(name)
      }
      this.#set.set(name, new DeadlineTimer(this.#clock, due, onDue, delay))
    }
  }

  /** Looks at the clock now. */
  look(): void {
    for (const timer of this.#set.values()) timer.look()
  }

  /** Stops all of them. */
  stop(): void {
    for (const timer of this.#set.values()) timer.stop()
    this.#set.clear()
  }
}
