import type { KeyVault } from './key-vault.js'

/**
 * Keys of runs that are under way, in memory alone: extract, store and verify open the same backup one after the other, and nobody
 * wants to be asked three times.
 */
export class RunKeys {
  readonly #runs = new Map<string, Map<string, Uint8Array>>()

  /** The keys of one run, as a vault. */
  of(run: string): KeyVault {
    return {
      get: (name) => this.#runs.get(run)?.get(name),
      set: (name, key) => {
        const keys = this.#runs.get(run) ?? new Map<string, Uint8Array>()
        this.#runs.set(run, keys.set(name, key))
      },
      delete: (name) => void this.#runs.get(run)?.delete(name),
    }
  }

  /** Overwrites and drops the keys of a run. */
  forget(run: string): void {
    for (const key of this.#runs.get(run)?.values() ?? []) key.fill(0)
    this.#runs.delete(run)
  }
}
