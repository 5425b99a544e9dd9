import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttachmentRecord, RecordBatch, StoredItem, WriteOptions } from '@holdfast/core/import'
import { sampleAttachment } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileNames } from '../../../test/library-fixture.js'
import { type AttachmentFiles, attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { sqliteLibrary } from './sqlite-library.js'

const ref = { id: 'import', owner: 'o', fingerprint: 'f', udid: 'phone' }
const { signal } = new AbortController()

let base: string
let db: SqliteDatabase
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-ahead-'))
  db = openTestSqlite(join(base, 'library.db'), { readonly: false })
  mkdirSync(join(base, 'backup'))
})
afterEach(() => {
  db.close()
  rmSync(base, { recursive: true })
})

/** A batch whose contents lie in the backup. */
function batchOf(cursor: number): RecordBatch {
  const records = Array.from({ length: 20 }, (_, index) => sampleAttachment(`${cursor}-${index}`, 'm'))
  for (const record of records) writeFileSync(pathOf(record), record.guid)
  return { records, cursor }
}
const pathOf = ({ guid }: AttachmentRecord): string => join(base, 'backup', guid)

const source: WriteOptions = {
  async *content({ guid }) {
    yield* []
    throw new Error(`${guid} was read`)
  },
  contentFile: async (record) => pathOf(record),
  signal,
}

/** Files of a library; `onKeep` is called before files get their names. `taken` says how often each was taken in. */
function watched(onKeep: (taken: ReadonlyMap<string, number>) => Promise<void>) {
  const files = attachmentFiles(join(base, 'attachments'))
  const taken = new Map<string, number>()
  const watching: AttachmentFiles = {
    ...files,
    receiveFiles(paths, options) {
      for (const path of paths) taken.set(path, (taken.get(path) ?? 0) + 1)
      return files.receiveFiles(paths, options)
    },
    async keep(moves) {
      await onKeep(taken)
      await files.keep(moves)
    },
  }
  return { storage: sqliteLibrary(db, watching), taken }
}

describe('the content of the batch that follows', () => {
  it('is received while the one before is named, once, and stored as it is', async () => {
    const [first, second] = [batchOf(1), batchOf(2)]
    const ahead: number[] = []
    const { storage, taken } = watched(async (seen) => {
      await new Promise(setImmediate)
      ahead.push(seen.size)
    })
    await storage.begin(ref)
    await storage.write(ref.id, first, { ...source, following: Promise.resolve(second) })
    await storage.write(ref.id, second, { ...source, following: Promise.resolve(null) })
    expect(ahead).toEqual([40, 40])
    expect([...taken.values()].every((times) => times === 1)).toBe(true)
    const items: StoredItem[] = []
    for await (const item of storage.readBack(ref.id, { signal })) items.push(item)
    expect(items.map(({ key, difference }) => ({ key, difference }))).toEqual(
      [...first.records, ...second.records].map(({ key }) => ({ key, difference: null })),
    )
    expect(fileNames(join(base, 'attachments'))).toHaveLength(40)
  })

  it('is gone, and nothing of it under way, when the one before cannot be stored', async () => {
    const { storage } = watched(async () => {
      await new Promise(setImmediate)
      throw new Error('no names')
    })
    await storage.begin(ref)
    const writing = storage.write(ref.id, batchOf(1), { ...source, following: Promise.resolve(batchOf(2)) })
    await expect(writing).rejects.toThrow('no names')
    expect(fileNames(base).filter((name) => !/^backup|^library/.test(name))).toEqual([])
  })

  it('is dropped when another batch comes instead', async () => {
    const [first, other] = [batchOf(1), batchOf(3)]
    const { storage } = watched(() => new Promise<void>((resolve) => setImmediate(resolve)))
    await storage.begin(ref)
    await storage.write(ref.id, first, { ...source, following: Promise.resolve(batchOf(2)) })
    await storage.write(ref.id, other, source)
    expect(fileNames(join(base, 'attachments'))).toHaveLength(40)
    expect(await storage.begin(ref)).toMatchObject({ cursor: 3, items: 40 })
  })

  it('is received again where it could not be before, and the error is the one of its own turn', async () => {
    const [first, second] = [batchOf(1), batchOf(2)]
    const [gone] = second.records
    if (gone?.type !== 'attachment') throw new Error('no attachment')
    rmSync(pathOf(gone))
    const { storage } = watched(() => new Promise<void>((resolve) => setImmediate(resolve)))
    await storage.begin(ref)
    await storage.write(ref.id, first, { ...source, following: Promise.resolve(second) })
    await expect(storage.write(ref.id, second, source)).rejects.toThrow(`${gone.guid} was read`)
    expect(fileNames(join(base, 'attachments'))).toHaveLength(20)
    expect(await storage.begin(ref)).toMatchObject({ cursor: 1, items: 20 })
  })

  it('is left alone where reading it fails', async () => {
    const { storage } = watched(async () => {})
    await storage.begin(ref)
    const following = Promise.reject(new Error('torn'))
    // Who reads has heard of it.
    following.catch(() => undefined)
    await storage.write(ref.id, batchOf(1), { ...source, following })
    expect(await storage.begin(ref)).toMatchObject({ cursor: 1, items: 20 })
  })
})
