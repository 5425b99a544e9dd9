import type { Storage } from '../../import/storage.js'
import { canonicalJson } from '../../json/json.js'
import { MemoryLibrary } from '../memory-library.js'
import type { StorageUnderTest } from './storage-under-test.js'

/** The in-memory library for the contract suite; `as` may make another storage of it, such as one that breaks its contract. */
export async function openMemoryLibrary(
  as: (library: MemoryLibrary) => Storage = (library) => library,
): Promise<StorageUnderTest> {
  const library = new MemoryLibrary()
  const storage = as(library)
  return {
    storage,
    reopen: async () => storage,
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
      changeReceipt: async (id) => library.tamper({ receiptOf: id }, 'changed'),
      moveMessage: async (guid, id) => library.move(guid, id),
    },
    addOwnMessage: null,
    cleanUp: async () => {},
  }
}
