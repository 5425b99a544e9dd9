import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openFilesIn } from '../../../test/open-files.js'
import { readFileChunks } from './backup-file.js'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-chunks-'))
afterAll(() => rmSync(folder, { recursive: true }))

const chunk = 256 * 1024
const { signal } = new AbortController()

function fileOf(bytes: number): { readonly path: string; readonly content: Buffer } {
  const path = join(folder, String(bytes))
  const content = randomBytes(bytes)
  writeFileSync(path, content)
  return { path, content }
}

describe('a file that is read in chunks', () => {
  it.each([0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 5 * chunk + 17])(
    'comes whole and in order, whether chunks are overwritten or kept (%i bytes)',
    async (bytes) => {
      const { path, content } = fileOf(bytes)
      const kept: Uint8Array[] = []
      for await (const each of readFileChunks(path, signal)) kept.push(each)
      expect(Buffer.concat(kept).equals(content)).toBe(true)
      const hash = createHash('sha256')
      for await (const each of readFileChunks(path, signal, true)) {
        // A caller may take its time: the next chunk goes elsewhere.
        await new Promise((resolve) => setTimeout(resolve, 2))
        hash.update(each)
      }
      expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'))
    },
  )

  it.runIf(process.platform === 'linux')(
    'is closed when its reader has enough, and when the signal ends it, although the next chunk was under way',
    async () => {
      const { path } = fileOf(6 * chunk)
      for await (const _ of readFileChunks(path, signal, true)) {
        expect(openFilesIn(path)).toHaveLength(1)
        break
      }
      expect(openFilesIn(path)).toEqual([])
      const stopping = new AbortController()
      const reading = readFileChunks(path, stopping.signal, true)
      await reading.next()
      stopping.abort(new Error('enough'))
      await expect(reading.next()).rejects.toThrow('enough')
      expect(openFilesIn(path)).toEqual([])
    },
  )
})
