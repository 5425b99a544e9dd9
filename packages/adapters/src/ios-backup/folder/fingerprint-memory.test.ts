import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileIdOf, messageDatabase } from '../manifest/file-id.js'
import { fingerprintBackup } from './fingerprint.js'
import { FingerprintMemory } from './fingerprint-memory.js'

const { signal } = new AbortController()
const blob = fileIdOf(messageDatabase)
const bytes = 4 * 2 ** 20
/** When the files have not been written to for so long that their times tell of the next change. */
const later = (): number => Date.now() + 10_000

let folder: string
let database: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-memory-'))
  writeFileSync(join(folder, 'Info.plist'), 'a property list')
  mkdirSync(join(folder, blob.slice(0, 2)))
  database = join(folder, blob.slice(0, 2), blob)
  writeFileSync(database, Buffer.alloc(bytes, 1))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Bytes that this process has read so far, from memory or from a disk; only Linux tells. */
const bytesRead = (): number => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])

describe('a fingerprint that was taken', () => {
  it.runIf(process.platform === 'linux')(
    'is known without the files being read again, as long as nobody wrote to them',
    async () => {
      const memory = new FingerprintMemory(later)
      const { fingerprint } = await memory.take(folder, signal)
      const before = bytesRead()
      expect(await memory.recall(folder, signal)).toBe(fingerprint)
      expect(bytesRead() - before).toBeLessThan(bytes)
    },
  )

  it('is taken again when a file was written to, though it kept its size and its time of change', async () => {
    const memory = new FingerprintMemory(later)
    const { fingerprint } = await memory.take(folder, signal)
    const { atime, mtime } = statSync(database)
    writeFileSync(database, Buffer.alloc(bytes, 2))
    utimesSync(database, atime, mtime)
    const found = await memory.recall(folder, signal)
    expect(found).not.toBe(fingerprint)
    expect(found).toBe(await fingerprintBackup(folder, signal))
  })

  it('is taken again when a file came or went, and for another folder', async () => {
    const memory = new FingerprintMemory(later)
    await memory.take(folder, signal)
    writeFileSync(join(folder, 'Status.plist'), 'another')
    expect(await memory.recall(folder, signal)).toBe(await fingerprintBackup(folder, signal))
    rmSync(database)
    expect(await memory.recall(folder, signal)).toBe(await fingerprintBackup(folder, signal))
    const other = mkdtempSync(join(tmpdir(), 'holdfast-memory-'))
    try {
      expect(await memory.recall(other, signal)).toBe(await fingerprintBackup(other, signal))
    } finally {
      rmSync(other, { recursive: true })
    }
  })

  it.runIf(process.platform === 'linux')(
    'of files that were written a moment ago is taken again: their next change may have the same time',
    async () => {
      const memory = new FingerprintMemory()
      await memory.take(folder, signal)
      const before = bytesRead()
      await memory.recall(folder, signal)
      expect(bytesRead() - before).toBeGreaterThanOrEqual(bytes)
    },
  )
})
