import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportRecord, StoredItem } from '@holdfast/core/import'
import { receiptFor, sampleMessage, storageContract } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeLibraryFolder, openLibrary } from '../../../test/library-fixture.js'
import { nodeFileSystem } from '../../attachment-files/file-system.js'
import { attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import { sqliteJournal } from '../journal/sqlite-journal.js'
import { sqliteLibrary } from './sqlite-library.js'

const signal = new AbortController().signal
const content = () => {
  throw new Error('there are no attachments')
}
const ref = { id: 'i', owner: 'o', fingerprint: 'f', udid: null }

describe('the SQLite library', () => {
  for (const { name, run } of storageContract(() => makeLibraryFolder(), { lacks: ['own-rows'] })) {
    it(name, async () => {
      await expect(run()).resolves.toBeUndefined()
    })
  }
})

let base: string
let closing: { close(): unknown }[]
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-library-'))
  closing = []
})
afterEach(() => {
  for (const db of closing) db.close()
  rmSync(base, { recursive: true })
})

function open(folder = base) {
  const library = openLibrary(folder)
  closing.push(library.db)
  return library
}

async function stage(storage: ReturnType<typeof open>['storage'], records: readonly ImportRecord[]) {
  await storage.begin(ref)
  await storage.write('i', { records, cursor: 1 }, { content, signal })
}

async function items(storage: ReturnType<typeof open>['storage']): Promise<readonly StoredItem[]> {
  const all: StoredItem[] = []
  for await (const item of storage.readBack('i', { signal })) all.push(item)
  return all
}

describe('opening a library', () => {
  it('commits with synchronous=FULL and a write-ahead log, whatever the host sets in between', async () => {
    const { db, storage } = open()
    await storage.begin(ref)
    db.exec('PRAGMA synchronous = NORMAL')
    await storage.publish('i', await receiptFor(ref))
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  })

  it('names the one real path of its database, whichever way it was opened', () => {
    const { storage } = open()
    symlinkSync(base, join(tmpdir(), `${base.slice(tmpdir().length + 1)}-link`))
    try {
      expect(open(`${base}-link`).storage.resources).toEqual(storage.resources)
      expect(storage.resources[0]).toMatch(/^library:.*library\.db$/)
    } finally {
      rmSync(`${base}-link`)
    }
  })

  it('refuses a library of a newer version and changes nothing', async () => {
    const { db, storage } = open()
    await storage.imports()
    db.exec("UPDATE library_meta SET value = 99 WHERE key = 'version'")
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const before = readFileSync(join(base, 'library.db'))
    const again = open().storage
    const newer = { code: 'LIBRARY_NEWER', retryable: false }
    await expect(again.check({ backupPath: null })).rejects.toMatchObject(newer)
    await expect(again.begin(ref)).rejects.toMatchObject(newer)
    await expect(again.imports()).rejects.toMatchObject(newer)
    await expect(again.discard('i')).rejects.toMatchObject(newer)
    expect(readFileSync(join(base, 'library.db')).equals(before)).toBe(true)
  })

  it('refuses a file that is no database', async () => {
    writeFileSync(join(base, 'library.db'), 'This is no database. '.repeat(100))
    const { storage } = open()
    const damaged = { code: 'LIBRARY_DAMAGED', retryable: false }
    await expect(storage.check({ backupPath: null })).rejects.toMatchObject(damaged)
    await expect(storage.begin(ref)).rejects.toMatchObject(damaged)
  })

  it('refuses a database that has tables of those names which are not its own', async () => {
    const { db, storage } = open()
    db.exec('CREATE TABLE messages (id)')
    const refused = { code: 'LIBRARY_DAMAGED', facts: { table: 'messages' } }
    await expect(storage.check({ backupPath: null })).rejects.toMatchObject(refused)
    await expect(storage.begin(ref)).rejects.toMatchObject(refused)
  })

  it('shares a database with the journal', async () => {
    const { db, storage } = open()
    sqliteJournal(db)
    await stage(storage, [sampleMessage('m1')])
    await storage.publish('i', await receiptFor(ref))
    expect(await storage.imports()).toHaveLength(1)
  })

  it('can be read through a connection that cannot write', async () => {
    const { storage } = open()
    await stage(storage, [sampleMessage('m1')])
    await storage.publish('i', await receiptFor(ref))
    const db = openTestSqlite(join(base, 'library.db'), { readonly: true })
    closing.push(db)
    const reader = sqliteLibrary(db, attachmentFiles(join(base, 'attachments')))
    expect(await reader.imports()).toHaveLength(1)
    expect(await items(reader)).toMatchObject([{ key: 'm1', difference: null }])
    await expect(reader.check({ backupPath: null })).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
    await expect(reader.begin({ ...ref, id: 'j' })).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
  })

  it('works in a database in memory', async () => {
    const db = openTestSqlite(':memory:', { readonly: false })
    closing.push(db)
    const storage = sqliteLibrary(db, attachmentFiles(join(base, 'attachments')))
    await stage(storage, [sampleMessage('m1')])
    expect(await items(storage)).toMatchObject([{ key: 'm1', difference: null }])
    expect(storage.resources).toEqual([`library:${join(base, 'attachments')}`])
  })
})

describe('the options of a library', () => {
  it('are refused at once when they are misspelt or of the wrong type', () => {
    const db = openTestSqlite(':memory:', { readonly: false })
    closing.push(db)
    const files = attachmentFiles(base)
    const misspelt = { now: Date.now, noww: Date.now }
    expect(() => sqliteLibrary(db, files, misspelt)).toThrow(
      expect.objectContaining({ code: 'OPTION_UNKNOWN', hint: "Did you mean 'now'?" }),
    )
    const wrong = { fs: nodeFileSystem, file: 'system' }
    expect(() => attachmentFiles(base, wrong)).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }))
  })
})

describe('checking the destination', () => {
  it('changes nothing, not even an empty database', async () => {
    const { db, storage } = open()
    await storage.check({ backupPath: join(base, 'backup') })
    expect(db.prepare('SELECT count(*) AS n FROM sqlite_master').get()).toEqual({ n: 0 })
    expect(readdirSync(base)).toEqual(['library.db'])
  })

  it('refuses a library inside the backup, and a backup inside the attachments', async () => {
    mkdirSync(join(base, 'backup', 'library'), { recursive: true })
    symlinkSync(join(base, 'backup'), join(base, 'alias'))
    const inside = open(join(base, 'backup', 'library')).storage
    const unsafe = { code: 'DESTINATION_UNSAFE', retryable: false }
    await expect(inside.check({ backupPath: join(base, 'backup') })).rejects.toMatchObject(unsafe)
    await expect(inside.check({ backupPath: join(base, 'alias') })).rejects.toMatchObject(unsafe)
    const around = open().storage
    await expect(around.check({ backupPath: join(base, 'attachments', 'backup') })).rejects.toMatchObject(
      unsafe,
    )
    await expect(around.check({ backupPath: join(base, 'backup') })).resolves.toBeUndefined()
  })

  it('refuses a file where the attachments folder would be', async () => {
    writeFileSync(join(base, 'attachments'), '')
    const { storage } = open()
    await expect(storage.check({ backupPath: null })).rejects.toMatchObject({
      code: 'DESTINATION_UNWRITABLE',
    })
  })
})

describe('the records of a library', () => {
  it('keep halves of surrogate pairs, which UTF-8 cannot', async () => {
    const { db, storage } = open()
    const half = '👩'.slice(0, 1)
    const records = [
      sampleMessage('m1', { text: `cut ${half}`, otherChatGuids: [half] }),
      sampleMessage('m2', { text: '\\ud83d is only text' }),
      sampleMessage(`m3 ${half}`),
      sampleMessage(`m3 ${half}`),
    ]
    await stage(storage, records)
    const read = await items(storage)
    expect(read.map((item) => item.record)).toEqual(records)
    expect(read.map((item) => item.key)).toEqual(records.map((record) => record.key))
    expect(read.map((item) => item.difference)).toEqual([null, null, null, null])
    expect(read.map((item) => item.outcome)).toEqual(['stored', 'stored', 'stored', 'present'])
    expect(db.prepare("SELECT text FROM message_rows WHERE guid = 'm1'").get()).toEqual({
      text: 'cut \uFFFD',
    })
    db.exec("UPDATE message_rows SET text = 'other' WHERE guid = 'm1'")
    expect((await items(storage)).map((item) => item.difference)).toEqual(['row-changed', null, null, null])
  })

  it('are told as changed when something else put a value there that no column holds', async () => {
    const { db, storage } = open()
    const guids = ['blob', 'number', 'list', 'flag', 'whole']
    await stage(
      storage,
      guids.map((guid) => sampleMessage(guid)),
    )
    db.exec(`
      UPDATE message_rows SET text = x'00ff' WHERE guid = 'blob';
      UPDATE message_rows SET sent_at = 'never' WHERE guid = 'number';
      UPDATE message_rows SET edits = 'no json' WHERE guid = 'list';
      UPDATE message_rows SET is_from_me = 7 WHERE guid = 'flag'`)
    expect((await items(storage)).map((item) => [item.key, item.difference])).toEqual([
      ['blob', 'row-changed'],
      ['number', 'row-changed'],
      ['list', 'row-changed'],
      ['flag', 'row-changed'],
      ['whole', null],
    ])
  })

  it('are refused with a key that does not follow from them', async () => {
    const { storage } = open()
    await expect(stage(storage, [{ ...sampleMessage('m1'), key: 'other' }])).rejects.toMatchObject({
      code: 'STORE_FAILED',
      retryable: false,
    })
  })
})

describe('a library whose database is full', () => {
  it('says so, keeps what was staged, and goes on after space was made', async () => {
    const { db, storage } = open()
    await stage(storage, [sampleMessage('m0')])
    const page = db.prepare('PRAGMA page_count').get()
    const pages =
      typeof page === 'object' && page !== null && 'page_count' in page ? Number(page.page_count) : 0
    db.exec(`PRAGMA max_page_count = ${pages + 2}`)
    const records = Array.from({ length: 500 }, (_, index) => sampleMessage(`m${index + 1}`))
    const batch = { records, cursor: 2 }
    await expect(storage.write('i', batch, { content, signal })).rejects.toMatchObject({
      code: 'DISK_FULL',
      retryable: true,
      facts: { systemCode: 'SQLITE_FULL' },
    })
    expect(await storage.begin(ref)).toEqual({ cursor: 1, items: 1, receipt: null })
    db.exec('PRAGMA max_page_count = 1000000')
    await storage.write('i', batch, { content, signal })
    expect(await items(storage)).toHaveLength(501)
  })
})
