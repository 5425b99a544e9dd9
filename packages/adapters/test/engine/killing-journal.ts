import type { Journal } from '@holdfast/core'

/** A moment at a boundary of the journal: just before or just after its nth write. */
export interface Boundary {
  /** 1 for the first write. */
  readonly write: number
  readonly when: 'before' | 'after'
}

/** A journal that counts its writes. */
export interface CountedJournal {
  readonly journal: Journal
  readonly writes: () => number
}

/** Reading and prolonging a lease change nothing that a run depends on; everything else that is asked of a journal may write. */
const harmless: ReadonlySet<PropertyKey> = new Set(['runs', 'entries', 'load', 'ready', 'renew'])

/** The journal, in a process that ends itself, as suddenly as a power cut, at one of its boundaries. */
export function killingJournal(inner: Journal, at: Boundary | null): CountedJournal {
  let writes = 0
  const dieAt = (when: Boundary['when']): void => {
    if (at?.write === writes && at.when === when) process.kill(process.pid, 'SIGKILL')
  }
  const journal = new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || harmless.has(name)) return value
      return async (...parameters: unknown[]): Promise<unknown> => {
        writes += 1
        dieAt('before')
        const result: unknown = await Reflect.apply(value, target, parameters)
        dieAt('after')
        return result
      }
    },
  })
  return { journal, writes: () => writes }
}
