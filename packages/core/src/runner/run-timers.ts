import type { Clock } from '../time/clock.js'
import { DeadlineTimer } from '../time/deadline-timer.js'
import type { PendingTimer } from './run-state.js'

const none: readonly never[] = []

/** The timers of one run in this process: always those that the state of the run has pending. */
export class RunTimers {
  readonly #clock: Clock
  readonly #onDue: (timer: string, due: number) => void
  /** Not a map: most runs have none, and the table of an empty one is the largest thing that they would hold. */
  #set: readonly { readonly name: string; readonly timer: DeadlineTimer }[] = none

  /** `onDue` is told a timer by its name, and when it was due. */
  constructor(clock: Clock, onDue: (timer: string, due: number) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Whether any is set. */
  get areSet(): boolean {
    return this.#set.length > 0
  }

  /** Sets what is pending and not set yet, and stops what is no longer pending. */
  follow(pending: ReadonlyMap<string, PendingTimer>): void {
    if (pending.size === 0 && !this.areSet) return
    const kept = this.#set.filter(({ name }) => pending.has(name))
    for (const each of this.#set) if (!kept.includes(each)) each.timer.stop()
    const isSet = new Set(kept.map(({ name }) => name))
    for (const [name, { due, delay }] of pending) {
      if (!isSet.has(name)) kept.push(this.#made(name, due, due, delay))
    }
    this.#set = kept
  }

  /** Sets a timer that was due, and could not be told, once more. */
  again(name: string, due: number, delay: number): void {
    this.#set = [...this.#set, this.#made(name, due, this.#clock.now() + delay, delay)]
  }

  #made(name: string, due: number, at: number, delay: number): { name: string; timer: DeadlineTimer } {
    const onDue = (): void => {
      this.#set = this.#set.filter((other) => other.name !== name)
      this.#onDue(name, due)
    }
    return { name, timer: new DeadlineTimer(this.#clock, at, onDue, delay) }
  }

  /** Looks at the clock now. */
  look(): void {
    for (const { timer } of this.#set) timer.look()
  }

  /** Stops all of them. */
  stop(): void {
    for (const { timer } of this.#set) timer.stop()
    this.#set = none
  }
}
