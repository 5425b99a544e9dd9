import type { Clock } from './clock.js'

// A timer waits in legs and looks at the clock after each, so that it fires soon after the machine slept or the clock was set
// forward: within a minute, or a thousandth of what was left. No leg comes near 2^31-1 ms, above which timeouts fire at once.
const shortLeg = 60_000
const legsToAWait = 1000
const longestLeg = 86_400_000

/**
 * Calls back once when the wall clock has reached a deadline, however far away.
 *
 * A wall clock that is set back never makes it wait longer than it was to wait when it was made. One that is set forward makes it
 * fire early, by as much at most: nobody can tell that from a machine that slept.
 */
export class DeadlineTimer {
  readonly #clock: Clock
  readonly #due: number
  readonly #callback: () => void
  /** Milliseconds that it may still wait, whatever the wall clock says. */
  #left: number
  #leg: { readonly since: number; readonly length: number; readonly handle: unknown } | null = null

  /** `due`: unix milliseconds. `longest`: milliseconds that it waits at most. */
  constructor(clock: Clock, due: number, callback: () => void, longest = Number.POSITIVE_INFINITY) {
    this.#clock = clock
    this.#due = due
    this.#callback = callback
    this.#left = Math.max(0, Math.min(due - clock.now(), longest))
    this.#wait()
  }

  /** Looks at the clock now, for a host that knows that the machine has just woken. */
  look(): void {
    if (this.#leg === null) return
    const { since, length } = this.#leg
    this.stop()
    this.#left -= Math.min(Math.max(0, this.#clock.now() - since), length)
    this.#wait()
  }

  /** Calls back no more. */
  stop(): void {
    if (this.#leg !== null) this.#clock.clearTimeout(this.#leg.handle)
    this.#leg = null
  }

  #wait(): void {
    const since = this.#clock.now()
    const rest = Math.max(0, Math.min(this.#due - since, this.#left))
    const length = Math.min(rest, Math.max(shortLeg, Math.ceil(rest / legsToAWait)), longestLeg)
    const handle = this.#clock.setTimeout(() => this.#over(length), length)
    this.#leg = { since, length, handle }
  }

  #over(length: number): void {
    this.#leg = null
    // A leg that is over has lasted its length, whatever became of the wall clock meanwhile.
    this.#left -= length
    if (this.#left <= 0 || this.#clock.now() >= this.#due) this.#callback()
    else this.#wait()
  }
}

/** Makes a {@link DeadlineTimer}; returns a function that stops it. */
export function atDeadline(clock: Clock, due: number, callback: () => void, longest?: number): () => void {
  const timer = new DeadlineTimer(clock, due, callback, longest)
  return () => timer.stop()
}
