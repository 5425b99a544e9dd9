import { describe, it } from 'vitest'
import { openMemoryLibrary } from './storage/open-memory-library.js'
import { storageContract } from './storage-contract.js'

describe('the in-memory library', () => {
  const suite = storageContract(() => openMemoryLibrary(), { lacks: ['own-rows', 'space', 'links'] })
  for (const { name, run } of suite) it(name, () => run())
})
