import { describe, it } from 'vitest'
import { canonicalJson } from '../json/json.js'
import { MemoryLibrary } from './memory-library.js'
import { storageContract } from './storage-contract.js'

describe('the in-memory library', () => {
  const suite = storageContract(async () => {
    const library = new MemoryLibrary()
    return {
      storage: library,
      reopen: async () => library,
      dump: async () => ({
        records: library
          .visible()
          .map((item) => canonicalJson(item))
          .sort(),
        files: new Map([...library.contents()].map(([sha256, content]) => [sha256, [...content]])),
      }),
      tamper: {
        removeFile: async (sha256) => library.tamper({ file: sha256 }, 'removed'),
        changeFile: async (sha256) => library.tamper({ file: sha256 }, 'changed'),
        changeMessage: async (guid) => library.tamper({ message: guid }, 'changed'),
        removeMessage: async (guid) => library.tamper({ message: guid }, 'removed'),
        addFile: async () => library.plant({ file: 'nobody’s' }),
        addMessage: async (guid, like, id) => library.plant({ message: guid, like, import: id }),
        moveMessage: async (guid, id) => library.move(guid, id),
      },
      addOwnMessage: null,
      cleanUp: async () => {},
    }
  })
  for (const { name, run } of suite) it(name, () => run())
})
