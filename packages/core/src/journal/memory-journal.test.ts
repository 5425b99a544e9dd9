import { describe, it } from 'vitest'
import { journalContract } from '../testing/journal-contract.js'
import { VirtualClock } from '../testing/virtual-clock.js'
import { MemoryJournalStore, memoryJournal } from './memory-journal.js'

describe('the in-memory journal', () => {
  const suite = journalContract(async () => {
    const store = new MemoryJournalStore()
    const clock = new VirtualClock()
    return {
      journal: memoryJournal({ store, clock }),
      reopen: async () => memoryJournal({ store, clock }),
      expireLeases: async () => clock.advance(60_000),
      cleanUp: async () => {},
    }
  })
  for (const { name, run } of suite) it(name, () => run())
})
