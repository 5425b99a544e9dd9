import { describe, expect, it } from 'vitest'
import { MemoryLibrary } from '../testing/memory-library.js'
import { type PublishedImport, verifyLibrary, verifyPublished } from './index.js'

const { signal } = new AbortController()
const published: PublishedImport = { id: 'i1', owner: '', publishedAt: 0, receipt: null }

describe('how a library is verified', () => {
  it.each([
    [undefined, 'OPTION_INVALID'],
    [{}, 'OPTION_INVALID'],
    [{ signal: 'now' }, 'OPTION_INVALID'],
    [{ signal, progress: 10 }, 'OPTION_INVALID'],
    [{ signl: signal }, 'OPTION_UNKNOWN'],
  ])('is checked before anything is read: %j is refused', async (options, code) => {
    const library = new MemoryLibrary()
    await expect(verifyLibrary(library, options as never)).rejects.toMatchObject({ code })
    await expect(verifyPublished(library, published, options as never)).rejects.toMatchObject({ code })
  })
})
