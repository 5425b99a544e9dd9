import type { RunDriver } from './run-driver.js'

/**
 * The drivers of this process, one a run. Those that hold a lease or wait for a timer are kept; the others only as long as the
 * host holds a handle, so that a parked run costs no memory: whoever asks for it again reads its journal.
 */
export class DriverRegistry {
  readonly #busy = new Map<string, RunDriver>()
  readonly #known = new Map<string, WeakRef<RunDriver>>()
  readonly #collected = new FinalizationRegistry<string>((id) => {
    if (this.#known.get(id)?.deref() === undefined) this.#known.delete(id)
  })

  /** Remembers a new driver, and returns it. */
  add(driver: RunDriver): RunDriver {
    this.#known.set(driver.run.id, new WeakRef(driver))
    this.#collected.register(driver, driver.run.id)
    return driver
  }

  get(id: string): RunDriver | undefined {
    return this.#busy.get(id) ?? this.#known.get(id)?.deref()
  }

  /** Keeps the driver while it has something to do. */
  update(driver: RunDriver): void {
    const isBusy = driver.generation !== null || (driver.suspended === null && driver.state.timers.size > 0)
    if (isBusy) this.#busy.set(driver.run.id, driver)
    else this.#busy.delete(driver.run.id)
  }

  /** Drivers that hold a lease or wait for a timer. */
  busy(): readonly RunDriver[] {
    return [...this.#busy.values()]
  }
}
