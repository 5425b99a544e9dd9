import type { Clock } from '../time/clock.js'

interface Timer {
  /** By the elapsed time, which nobody can set. */
  readonly due: number
  readonly callback: () => void
}

/**
 * A clock that stands still until a test turns it. As in a machine, the wall clock can be set, and timers do not mind:
 * they go by the time that has really passed.
 */
export class VirtualClock implements Clock {
  #now: number
  #elapsed = 0
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
    this.#timers.set(id, { due: this.#elapsed + milliseconds, callback })
    return id
  }

  clearTimeout(handle: unknown): void {
    if (typeof handle === 'number') this.#timers.delete(handle)
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size
  }

  /** Unix milliseconds of the next timer, unless the clock is set meanwhile; null when there is none. */
  get nextDue(): number | null {
    const due = this.#nextDue()
    return due === null ? null : this.#now + due - this.#elapsed
  }

  /**
   * Lets time pass: timers fire in the order of their due times, each at its own time, and between them everything that promises
   * bring about happens first.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds
    await settle()
    for (;;) {
      const due = this.#nextDue()
      if (due === null || due > end) break
      this.#pass(Math.max(0, due - this.#elapsed))
      const firing = [...this.#timers].filter(([, timer]) => timer.due <= this.#elapsed)
      for (const [id, { callback }] of firing) {
        if (this.#timers.delete(id)) callback()
      }
      await settle()
    }
    this.#pass(end - this.#elapsed)
    await settle()
  }

  /**
   * Sets the wall clock without letting time pass, as a user or a time server does. To a machine whose timers stand still while
   * it sleeps, as on Linux, a sleep is the same.
   */
  jump(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** Lets the machine sleep, as macOS and Windows do: time passes, nothing happens, and what became due fires when it wakes. */
  async sleep(milliseconds: number): Promise<void> {
    await settle()
    this.#pass(milliseconds)
    await this.advance(0)
  }

  #nextDue(): number | null {
    let next: number | null = null
    for (const { due } of this.#timers.values()) next = next === null ? due : Math.min(next, due)
    return next
  }

  #pass(milliseconds: number): void {
    this.#elapsed += milliseconds
    this.#now += milliseconds
  }
}

/** Lets everything happen that promises and immediate tasks bring about. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
