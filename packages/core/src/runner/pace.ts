/** How many begin in one turn of the event loop. */
const burst = 32

/** Spreads a burst of beginnings over turns of the event loop, in their order: a thousand at once would block it. */
export class Pace {
  readonly #nextTurn: () => Promise<void>
  #turn: Promise<void> = Promise.resolve()
  #left = burst

  constructor(nextTurn: () => Promise<void>) {
    this.#nextTurn = nextTurn
  }

  /** Resolves when the caller may begin: at once for the first of a burst. */
  next(): Promise<void> {
    if (this.#left === 0) {
      this.#left = burst
      this.#turn = this.#turn.then(this.#nextTurn)
    }
    this.#left -= 1
    return this.#turn
  }
}
