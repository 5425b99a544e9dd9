import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import type { ContentCopy, StoredItem, WriteOptions } from '@holdfast/core/import'
import { sampleAttachment } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileNames } from '../../../test/library-fixture.js'
import { nodeFileSystem } from '../../attachment-files/file-system.js'
import { attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { sqliteLibrary } from './sqlite-library.js'

const { signal } = new AbortController()
const ref = { id: 'import', owner: 'o', fingerprint: 'f', udid: 'phone' }
const records = Array.from({ length: 30 }, (_, index) => sampleAttachment(`a${index}`, 'm'))

let base: string
let db: SqliteDatabase
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-receive-'))
  db = openTestSqlite(join(base, 'library.db'), { readonly: false })
})
afterEach(() => {
  db.close()
  rmSync(base, { recursive: true })
})

const digestOf = (text: string) => ({
  sha256: createHash('sha256').update(text).digest('hex'),
  bytes: text.length,
})

/** A source that writes its contents itself, and says how many it had to write at the same time. */
function writing(before: (guid: string) => void = () => {}) {
  let underWay = 0
  let most = 0
  const copyContent: ContentCopy = async ({ guid }, path) => {
    most = Math.max(most, ++underWay)
    writeFileSync(path, guid, { flag: 'wx', mode: 0o600 })
    await new Promise(setImmediate)
    underWay--
    before(guid)
    return digestOf(guid)
  }
  // Fails whoever reads what it would rather write.
  const content: WriteOptions['content'] = async function* ({ guid }) {
    yield* []
    throw new Error(`${guid} was read`)
  }
  return { source: { content, copyContent, signal }, most: () => most }
}

describe('contents that a reader writes itself', () => {
  it('are never streamed, several are written at a time, and each is stored as it is', async () => {
    const storage = sqliteLibrary(db, attachmentFiles(join(base, 'attachments')))
    const { source, most } = writing()
    await storage.begin(ref)
    await storage.write(ref.id, { records, cursor: 1 }, source)
    const items: StoredItem[] = []
    for await (const item of storage.readBack(ref.id, { signal })) items.push(item)
    expect(items.map(({ outcome, content }) => ({ outcome, content }))).toEqual(
      records.map(({ guid }) => ({ outcome: 'stored', content: digestOf(guid) })),
    )
    expect(most()).toBeGreaterThan(1)
    expect(fileNames(join(base, 'attachments'))).toHaveLength(records.length)
  })

  it('leave nothing of a batch when one of them fails, and the error is the one that the reader gave', async () => {
    const storage = sqliteLibrary(db, attachmentFiles(join(base, 'attachments')))
    const torn = new HoldfastError('BACKUP_UNREADABLE', 'torn')
    const { source } = writing((guid) => {
      if (guid === 'a17') throw torn
    })
    await storage.begin(ref)
    await expect(storage.write(ref.id, { records, cursor: 1 }, source)).rejects.toBe(torn)
    expect(fileNames(join(base, 'attachments'))).toEqual([])
    expect(await storage.begin(ref)).toMatchObject({ items: 0, cursor: null })
  })

  it('are told as a full disk where the folder refuses them', async () => {
    const storage = sqliteLibrary(db, attachmentFiles(join(base, 'attachments')))
    const { source } = writing((guid) => {
      if (guid === 'a5') throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    })
    await storage.begin(ref)
    const full = { code: 'DISK_FULL', facts: { systemCode: 'ENOSPC' } }
    await expect(storage.write(ref.id, { records, cursor: 1 }, source)).rejects.toMatchObject(full)
    await storage.write(ref.id, { records, cursor: 1 }, writing().source)
    expect(await storage.begin(ref)).toMatchObject({ items: records.length })
    const [name = ''] = fileNames(join(base, 'attachments'))
    expect(readFileSync(join(base, 'attachments', name), 'utf8')).toMatch(/^a\d+$/)
  })

  it('are streamed where the folder is on a file system of the host', async () => {
    const storage = sqliteLibrary(db, attachmentFiles(join(base, 'attachments'), { fs: nodeFileSystem }))
    const { source } = writing()
    await storage.begin(ref)
    await expect(storage.write(ref.id, { records, cursor: 1 }, source)).rejects.toThrow('a0 was read')
  })
})
