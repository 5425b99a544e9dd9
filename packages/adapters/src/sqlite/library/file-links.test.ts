import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttachmentRecord, ImportRecord, Storage, StoredItem, WriteOptions } from '@holdfast/core/import'
import { receiptFor, sampleAttachment } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { watchedFileSystem } from '../../../test/faulty-file-system.js'
import { fileNames } from '../../../test/library-fixture.js'
import { attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { sqliteLibrary } from './sqlite-library.js'

const signal = new AbortController().signal

let base: string
let db: SqliteDatabase
let storage: Storage
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-links-'))
  db = openTestSqlite(join(base, 'library.db'), { readonly: false })
  // Links on every file system, also on those that would rather clone.
  const fs = watchedFileSystem((call) => {
    if (call === 'copyFile') throw Object.assign(new Error('no clones'), { code: 'ENOTSUP' })
  })
  storage = sqliteLibrary(db, attachmentFiles(join(base, 'attachments'), { fs }))
})
afterEach(() => {
  db.close()
  rmSync(base, { recursive: true })
})

/** A backup in a folder of its own: a file for each attachment, with what `content` says. */
function backupOf(name: string, content: Readonly<Record<string, string>>) {
  const folder = join(base, name)
  mkdirSync(folder)
  for (const [guid, text] of Object.entries(content)) writeFileSync(join(folder, guid), text)
  const ref = { id: name, owner: 'o', fingerprint: name, udid: 'phone' }
  const contentFile = async ({ guid }: AttachmentRecord) => join(folder, guid)
  const records: readonly ImportRecord[] = Object.keys(content).map((guid) => sampleAttachment(guid, 'm'))
  const source: WriteOptions = {
    content: async function* ({ guid }) {
      yield readFileSync(join(folder, guid))
    },
    contentFile,
    backup: 'goes',
    signal,
  }
  return {
    folder,
    stage: async (more: Partial<WriteOptions> = {}) => {
      await storage.begin(ref)
      await storage.write(name, { records, cursor: 1 }, { ...source, ...more })
    },
    publish: async () => storage.publish(name, await receiptFor(ref)),
    checkLinks: async () => storage.links?.check(name, { signal }),
    endLinks: async () => storage.links?.end(name, { signal }),
    items: async () => {
      const items: StoredItem[] = []
      for await (const item of storage.readBack(name, { signal, contentFile })) items.push(item)
      return items
    },
    inode: (guid: string) => statSync(join(folder, guid)).ino,
  }
}

function pathOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex')
  return join(base, 'attachments', hash.slice(0, 2), `${hash}.heic`)
}

const links = () => db.prepare('SELECT count(*) AS n FROM file_links').get()
const none = { n: 0 }

describe('a library with links to the files of a backup that will go', () => {
  it('reads them back as the backup’s own files, until they are linked no more', async () => {
    const backup = backupOf('one', { a: 'content of a', b: 'content of b' })
    await backup.stage()
    expect(statSync(pathOf('content of a')).ino).toBe(backup.inode('a'))
    expect((await backup.items()).map((item) => item.isFileOfBackup)).toEqual([true, true])
    await backup.publish()
    await backup.checkLinks()
    await backup.endLinks()
    expect(statSync(pathOf('content of a')).ino).not.toBe(backup.inode('a'))
    const after = await backup.items()
    expect(after.map((item) => [item.isFileOfBackup ?? false, item.difference])).toEqual([
      [false, null],
      [false, null],
    ])
    expect(links()).toEqual(none)
  })

  it('keeps its files as they are when the backup is gone', async () => {
    const backup = backupOf('one', { a: 'content of a' })
    await backup.stage()
    await backup.publish()
    const inode = backup.inode('a')
    rmSync(backup.folder, { recursive: true })
    await backup.endLinks()
    expect(statSync(pathOf('content of a')).ino).toBe(inode)
    expect(readFileSync(pathOf('content of a'), 'utf8')).toBe('content of a')
    expect(links()).toEqual(none)
  })

  it('finds what was done to the backup: before it is published by reading it back, afterwards before the backup goes', async () => {
    const backup = backupOf('one', { a: 'content of a', b: 'content of b' })
    await backup.stage()
    writeFileSync(join(backup.folder, 'b'), 'CONTENT of b')
    expect((await backup.items()).map((item) => item.difference)).toEqual([null, 'file-changed'])
    writeFileSync(join(backup.folder, 'b'), 'content of b')
    await backup.publish()
    // Touched, with the same content: that is no change.
    await backup.checkLinks()
    utimesSync(join(backup.folder, 'a'), 1, 1)
    await backup.checkLinks()
    writeFileSync(join(backup.folder, 'a'), 'CONTENT of a')
    utimesSync(join(backup.folder, 'a'), 1, 1)
    await expect(backup.checkLinks()).rejects.toMatchObject({ code: 'BACKUP_CHANGED', retryable: false })
    // It stays so until it is stored again.
    await expect(backup.checkLinks()).rejects.toMatchObject({ code: 'BACKUP_CHANGED' })
  })

  it('finds that a linked file is gone before the backup goes', async () => {
    const backup = backupOf('one', { a: 'content of a' })
    await backup.stage()
    await backup.publish()
    rmSync(pathOf('content of a'))
    await expect(backup.checkLinks()).rejects.toMatchObject({ code: 'BACKUP_CHANGED' })
  })

  it('is as it was before when the import is taken back, and so is the backup', async () => {
    const backup = backupOf('one', { a: 'content of a' })
    await backup.stage()
    await storage.discard('one')
    expect(fileNames(join(base, 'attachments'))).toEqual([])
    expect(readFileSync(join(backup.folder, 'a'), 'utf8')).toBe('content of a')
    expect(statSync(join(backup.folder, 'a')).nlink).toBe(1)
    expect(links()).toEqual(none)
  })

  it('never lets another import rely on them: that one brings its own', async () => {
    const first = backupOf('one', { a: 'the same', b: 'other' })
    await first.stage()
    const second = backupOf('two', { c: 'the same' })
    await second.stage()
    // A copy, because the first import relies on it as well.
    expect(statSync(pathOf('the same')).nlink).toBe(1)
    await storage.discard('one')
    await second.stage()
    await second.publish()
    writeFileSync(join(first.folder, 'a'), 'CHANGED!')
    expect((await second.items()).map((item) => item.difference)).toEqual([null])
  })

  it('nor one that finds its rows present in an import whose backup still is to go', async () => {
    const first = backupOf('one', { a: 'the same' })
    await first.stage()
    await first.publish()
    const second = backupOf('two', { a: 'the same' })
    await second.stage({ backup: 'stays' })
    await second.publish()
    expect((await second.items()).map((item) => item.outcome)).toEqual(['present'])
    expect(statSync(pathOf('the same')).nlink).toBe(1)
    expect(links()).toEqual(none)
  })

  it('replaces a file that others rely on, and that is damaged, by a copy', async () => {
    const first = backupOf('one', { a: 'the same' })
    await first.stage()
    await first.publish()
    await first.endLinks()
    writeFileSync(pathOf('the same'), 'other')
    const second = backupOf('two', { c: 'the same' })
    await second.stage()
    expect(readFileSync(pathOf('the same'), 'utf8')).toBe('the same')
    expect(statSync(pathOf('the same')).nlink).toBe(1)
    await storage.discard('two')
    expect((await first.items()).map((item) => item.difference)).toEqual([null])
  })

  it('holds content that several records share once, and each file of the backup is linked once', async () => {
    const backup = backupOf('one', { a: 'the same', b: 'the same', c: 'other' })
    await backup.stage()
    expect(fileNames(join(base, 'attachments'))).toHaveLength(2)
    expect(statSync(join(backup.folder, 'a')).nlink + statSync(join(backup.folder, 'b')).nlink).toBe(3)
    await storage.discard('one')
    expect(existsSync(pathOf('the same'))).toBe(false)
  })
})

describe('a file that is gone, or is not what its row says', () => {
  for (const [damage, how] of [
    ['is gone', (path: string) => rmSync(path)],
    ['is shorter', (path: string) => writeFileSync(path, 'cut')],
    ['has another byte', (path: string) => writeFileSync(path, 'Xontent of a')],
  ] as const) {
    it(`${damage}: is stored again by the retry of the import that staged it`, async () => {
      const backup = backupOf('one', { a: 'content of a' })
      await backup.stage({ backup: 'stays' })
      how(pathOf('content of a'))
      expect((await backup.items())[0]?.difference).toMatch(/^file-/)
      await storage.discard('one')
      await backup.stage({ backup: 'stays' })
      expect((await backup.items())[0]).toMatchObject({ difference: null, outcome: 'stored' })
    })

    it(`${damage}: is stored again by a later batch of the same import that has its content`, async () => {
      const backup = backupOf('one', { a: 'content of a', b: 'content of a' })
      const ref = { id: 'one', owner: 'o', fingerprint: 'one', udid: 'phone' }
      const source = {
        content: async function* ({ guid }: AttachmentRecord) {
          yield readFileSync(join(backup.folder, guid))
        },
        signal,
      }
      await storage.begin(ref)
      await storage.write('one', { records: [sampleAttachment('a', 'm')], cursor: 1 }, source)
      how(pathOf('content of a'))
      await backup.items()
      await storage.write('one', { records: [sampleAttachment('b', 'm')], cursor: 2 }, source)
      expect((await backup.items()).map((item) => item.difference)).toEqual([null, null])
    })

    it(`${damage}: is stored again by the next import of an unchanged backup, whichever way it comes in`, async () => {
      const first = backupOf('one', { a: 'content of a' })
      await first.stage()
      await first.publish()
      await first.endLinks()
      for (const way of ['goes', 'stays'] as const) {
        how(pathOf('content of a'))
        await first.items()
        const next = backupOf(`next-${way}`, { a: 'content of a' })
        await next.stage({ backup: way })
        await next.publish()
        expect((await next.items())[0]).toMatchObject({ difference: null, outcome: 'present' })
        expect((await first.items())[0]?.difference).toBeNull()
      }
    })
  }
})
