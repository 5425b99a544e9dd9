import type { Clock } from '../time/clock.js'

interface Timer {
  readonly due: number
  readonly callback: () => void
}

/** A clock that stands still until a test turns it. */
export class VirtualClock implements Clock {
  #now: number
  #next = 1
  readonly #timers = new Map<number, Timer>()

  /** `start`: unix milliseconds. @default 1700000000000 */
  constructor(start = 1_700_000_000_000) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  setTimeout(callback: () => void, milliseconds: number): number {
    const id = this.#next++
    this.#timers.set(id, { due: this.#now + milliseconds, callback })
    return id
  }

  clearTimeout(handle: unknown): void {
    if (typeof handle === 'number') this.#timers.delete(handle)
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size
  }

  /** Unix milliseconds of the next timer; null when there is none. */
  get nextDue(): number | null {
    let next: number | null = null
    for (const { due } of this.#timers.values()) next = next === null ? due : Math.min(next, due)
    return next
  }

  /**
   * Lets time pass: timers fire in the order of their due times, each at its own time, and between them everything that promises
   * bring about happens first.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settle()
    for (;;) {
      const due = this.nextDue
      if (due === null || due > end) break
      this.#now = Math.max(this.#now, due)
      const firing = [...this.#timers].filter(([, timer]) => timer.due <= this.#now)
      for (const [id, { callback }] of firing) {
        if (this.#timers.delete(id)) callback()
      }
      await settle()
    }
    this.#now = end
    await settle()
  }

  /** Sets the wall clock without letting time pass, as a user or a time server does. */
  jump(milliseconds: number): void {
    this.#now += milliseconds
  }
}

/** Lets everything happen that promises and immediate tasks bring about. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
