import type { Clock } from './clock.js'

// A limit is watched in legs of a twentieth of itself, within these bounds: a machine that sleeps takes a leg away at most.
const shortestLeg = 1000
const longestLeg = 60_000
const legsToALimit = 20

/** A leg that ends this many milliseconds late by the wall clock was slept through, or the clock was set. */
const overslept = 1000

/**
 * Calls back once when something has gone on for longer than a limit. What counts is time in which the process could run: neither
 * a sleep of the machine nor a wall clock that is set counts, but for one leg at most, and neither ends the limit at that moment:
 * what was cut off by it first gets another leg.
 */
export class LimitTimer {
  readonly #clock: Clock
  readonly #limit: number
  readonly #callback: () => void
  /** What was used before the present leg. */
  #counted: number
  #leg: { since: number; length: number; readonly handle: unknown } | null = null
  /** Whether the present leg was given because the machine slept through the last one. */
  #isGrace = false

  /** `limit` and `used`, what has been used of it already: milliseconds. It stands still until `start`. */
  constructor(clock: Clock, limit: number, callback: () => void, used = 0) {
    this.#clock = clock
    this.#limit = limit
    this.#callback = callback
    this.#counted = used
  }

  /** Milliseconds used of the limit. */
  get used(): number {
    return this.#counted + this.#ofLeg()
  }

  /** Goes on counting. */
  start(): void {
    if (this.#leg === null) this.#begin(Math.max(0, this.#limit - this.#counted))
  }

  /** Stands still, keeping what was used. */
  stop(): void {
    if (this.#leg === null) return
    this.#counted = this.used
    this.#clock.clearTimeout(this.#leg.handle)
    this.#leg = null
  }

  /** Counts from nothing again; cheap enough to be called at every sign of life. */
  reset(): void {
    this.#counted = 0
    this.#isGrace = false
    if (this.#leg === null) return
    // The leg goes on, and only what is left of it will count.
    this.#leg.length -= this.#ofLeg()
    this.#leg.since = this.#clock.now()
  }

  #ofLeg(): number {
    if (this.#leg === null) return 0
    return Math.min(Math.max(0, this.#clock.now() - this.#leg.since), this.#leg.length)
  }

  #begin(rest: number): void {
    const longest = Math.min(Math.max(Math.ceil(this.#limit / legsToALimit), shortestLeg), longestLeg)
    const length = Math.min(rest, longest)
    const handle = this.#clock.setTimeout(() => this.#over(), length)
    this.#leg = { since: this.#clock.now(), length, handle }
  }

  #over(): void {
    if (this.#leg === null) return
    const { since, length } = this.#leg
    this.#leg = null
    this.#counted += length
    const rest = this.#limit - this.#counted
    const wasSlept = this.#clock.now() - since - length > overslept
    if (rest > 0) this.#isGrace = false
    else if (!wasSlept || this.#isGrace) {
      this.#callback()
      return
    } else this.#isGrace = true
    // The leg that is given counts as well: a step that blocks the process for seconds on end must not go on for ever.
    this.#begin(rest > 0 ? rest : Math.min(this.#limit, shortestLeg))
  }
}
