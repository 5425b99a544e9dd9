import type { Journal } from '../journal/journal.js'
import type { Clock } from '../time/clock.js'
import { leaseLost } from './lease-errors.js'
import type { RunDriver } from './run-driver.js'

/** Renews the leases of the runs that this process drives, three times in a lease's length; no timer runs while there are none. */
export class LeaseKeeper {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #drivers = new Set<RunDriver>()
  #timer: unknown = null

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal
    this.#clock = clock
  }

  /** The driver took a lease or gave it back. */
  update(driver: RunDriver): void {
    if (driver.generation === null) this.#drivers.delete(driver)
    else this.#drivers.add(driver)
    if (this.#drivers.size === 0) this.stop()
    else this.#timer ??= this.#clock.setTimeout(() => void this.#renew(), this.#journal.leaseDuration / 3)
  }

  /** Renews now what is held, for a machine that has slept for longer than a lease lasts. */
  renewNow(): void {
    if (this.#timer === null) return
    this.stop()
    void this.#renew()
  }

  /** Renews nothing any more. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  async #renew(): Promise<void> {
    const held = [...this.#drivers].flatMap((driver) =>
      driver.generation === null || driver.isReleasing
        ? []
        : [{ driver, run: driver.run.id, generation: driver.generation }],
    )
    const since = this.#clock.now()
    try {
      const kept = await this.#journal.renew(held)
      for (const [index, { driver, generation }] of held.entries()) {
        // One that is giving its lease back may have done so already, and not have heard of it.
        if (driver.generation !== generation || driver.isReleasing) continue
        if (kept[index] === true) driver.prolong(since)
        else driver.suspend(leaseLost(driver.run.id))
      }
    } catch {
      // Tried again in a third of the lease; one that ran out meanwhile is noticed by the next append, in its own transaction.
    }
    this.stop()
    const [any] = this.#drivers
    if (any !== undefined) this.update(any)
  }
}
