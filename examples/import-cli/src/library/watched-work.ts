import type { ImportWork } from '@holdfast/core/import'

/** How far an import's staging has come in this process. */
export interface Staged {
  /** Items that were staged when the work was last asked to begin or go on. */
  readonly from: number
  /** Items that are staged now. */
  readonly items: number
}

/** Work that remembers how much of each import is staged: exact, where what a run tells of its progress is throttled. */
export interface WatchedWork extends ImportWork {
  /** Null for an import that this process has not begun or gone on with. */
  staged(id: string): Staged | null
}

/** Watches work on imports; what it does stays the same. */
export function watchedWork(work: ImportWork): WatchedWork {
  const imports = new Map<string, Staged>()
  return {
    ...work,
    staged: (id) => imports.get(id) ?? null,
    store: async (ref, path, settings, context) => {
      const { run, input, signal, ask, onRoom } = context
      let from: number | null = null
      const note = (items: number): void => {
        from ??= items
        imports.set(ref.id, { from, items })
      }
      const stored = await work.store(ref, path, settings, {
        run,
        input,
        signal,
        ask,
        onRoom,
        progress: (progress) => {
          note(progress.done)
          context.progress(progress)
        },
      })
      note(stored.items)
      return stored
    },
    discard: async (id) => {
      await work.discard(id)
      imports.delete(id)
    },
  }
}
