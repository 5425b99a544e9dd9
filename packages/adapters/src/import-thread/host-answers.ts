import type { Proving, Storing } from '@holdfast/core/import'
import type { KeyVault } from '../ios-backup/index.js'
import type { HostCalls } from './calls.js'
import { crossing } from './crossing.js'

/** What a call of the thread comes back to; nothing where it asks for nothing. */
export type CallContext = Partial<Pick<Proving, 'ask' | 'progress' | 'now'> & Pick<Storing, 'onRoom'>>

/** Answers what the thread asks during its calls, and for the keys of the vault. */
export function answersOf(contexts: ReadonlyMap<number, CallContext>, vault: KeyVault | null): HostCalls {
  // A call that was given up has no context any more, and nobody waits for what it asks.
  const of = (call: number): CallContext => contexts.get(call) ?? {}
  return {
    progress: (call, progress) => of(call).progress?.(progress),
    ask: (call, request) => crossing(async () => (await of(call).ask?.(request)) ?? null),
    now: (call) => crossing(async () => (await of(call).now?.()) ?? Date.now()),
    onRoom: (call, shortage) => crossing(async () => of(call).onRoom?.(shortage)),
    getKey: (name) =>
      crossing(async () => {
        const key = (await vault?.get(name)) ?? null
        // A copy in memory of its own: what crosses is all of the memory that a view shows a part of.
        return key === null ? null : Uint8Array.from(key)
      }),
    setKey: (name, key) => crossing(async () => vault?.set(name, key)),
    deleteKey: (name) => crossing(async () => vault?.delete(name)),
  }
}
