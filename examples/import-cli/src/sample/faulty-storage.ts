import { HoldfastError } from '@holdfast/core'
import type { Storage } from '@holdfast/core/import'

/**
 * A Storage that refuses one batch, once, as a volume does that has become full: nothing of that batch is staged.
 * For the demo, which announces it.
 */
export function faultyStorage(storage: Storage, fault: { readonly atBatch: number }): Storage {
  let batches = 0
  return {
    ...storage,
    write: async (id, batch, options) => {
      batches += 1
      if (batches === fault.atBatch) {
        throw new HoldfastError('DISK_FULL', 'The disk is full (an injected fault)', {
          hint: 'Free some space, then retry. The backup is kept, and what was stored so far stays.',
          facts: { systemCode: 'ENOSPC', injected: true },
        })
      }
      await storage.write(id, batch, options)
    },
  }
}
