import type { MemoryJournalStore } from '../src/index.js'

/** Leaves the store as processes leave it that were killed: their leases stay, and nobody renews them any more. */
export function dieWith(store: MemoryJournalStore): void {
  for (const [run, lease] of store.leases) store.leases.set(run, { ...lease, holder: {}, expiresAt: 0 })
}
