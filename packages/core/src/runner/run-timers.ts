import type { Clock } from '../time/clock.js'
import { atDeadline } from '../time/deadline-timer.js'
import type { PendingTimer } from './run-state.js'

/** The timers of one run in this process: always those that the state of the run has pending. */
export class RunTimers {
  readonly #clock: Clock
  readonly #onDue: (timer: string) => void
  readonly #stops = new Map<string, () => void>()

  constructor(clock: Clock, onDue: (timer: string) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Whether any is set. */
  get areSet(): boolean {
    return this.#stops.size > 0
  }

  /** Sets what is pending and not set yet, and stops what is no longer pending. */
  follow(pending: ReadonlyMap<string, PendingTimer>): void {
    for (const [name, stop] of this.#stops) {
      if (pending.has(name)) continue
      stop()
      this.#stops.delete(name)
    }
    for (const [name, { due }] of pending) {
      if (this.#stops.has(name)) continue
      const stop = atDeadline(this.#clock, due, () => {
        this.#stops.delete(name)
        this.#onDue(name)
      })
      this.#stops.set(name, stop)
    }
  }

  /** Stops all of them. */
  stop(): void {
    for (const stop of this.#stops.values()) stop()
    this.#stops.clear()
  }
}
