import type { Storage } from '@holdfast/core/import'

/** How far an import's staging has come in this process. */
export interface Staged {
  /** Items that were staged when the storage was last asked to begin or go on. */
  readonly from: number
  /** Items that are staged now. */
  readonly items: number
}

/** A Storage that remembers how much of each import is staged: exact, where progress is throttled. */
export interface WatchedStorage extends Storage {
  /** Null for an import that this process has not begun or gone on with. */
  staged(id: string): Staged | null
}

/** Watches a Storage; what it does stays the same. */
export function watchedStorage(storage: Storage): WatchedStorage {
  const imports = new Map<string, Staged>()
  return {
    ...storage,
    staged: (id) => imports.get(id) ?? null,
    begin: async (ref) => {
      const state = await storage.begin(ref)
      imports.set(ref.id, { from: state.items, items: state.items })
      return state
    },
    write: async (id, batch, options) => {
      await storage.write(id, batch, options)
      const known = imports.get(id)
      if (known !== undefined) imports.set(id, { ...known, items: known.items + batch.records.length })
    },
    discard: async (id) => {
      await storage.discard(id)
      imports.delete(id)
    },
  }
}
