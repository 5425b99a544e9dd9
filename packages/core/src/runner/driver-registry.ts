import type { RunDriver } from './run-driver.js'

/**
 * The drivers of this process, one a run. Those that hold a lease or wait for a timer are kept; one that rests only as long as the
 * host holds a handle, so that a parked run costs no memory: whoever asks for it again reads its journal. One that has ended is
 * forgotten at once: nothing can happen to it any more.
 */
export class DriverRegistry {
  readonly #busy = new Map<string, RunDriver>()
  readonly #resting = new Map<string, WeakRef<RunDriver>>()
  readonly #collected = new FinalizationRegistry<string>((id) => {
    if (this.#resting.get(id)?.deref() === undefined) this.#resting.delete(id)
  })

  /** Remembers a driver that was made for a run at rest, and returns it. */
  add(driver: RunDriver): RunDriver {
    if (!driver.hasEnded) this.#remember(driver)
    return driver
  }

  get(id: string): RunDriver | undefined {
    return this.#busy.get(id) ?? this.#resting.get(id)?.deref()
  }

  /** Keeps the driver while it has something to do. */
  update(driver: RunDriver): void {
    const { id } = driver.run
    if (driver.isBusy) {
      this.#busy.set(id, driver)
      this.#resting.delete(id)
    } else if (this.#busy.delete(id) && !driver.hasEnded) this.#remember(driver)
  }

  /** How many hold a lease or wait for a timer. */
  get busyCount(): number {
    return this.#busy.size
  }

  /** Drivers that hold a lease or wait for a timer. */
  busy(): readonly RunDriver[] {
    return [...this.#busy.values()]
  }

  #remember(driver: RunDriver): void {
    this.#resting.set(driver.run.id, new WeakRef(driver))
    this.#collected.register(driver, driver.run.id)
  }
}
