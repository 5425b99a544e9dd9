import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { ImportRecord } from '@holdfast/core/import'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OpenSqlite } from '../sqlite/driver.js'
import {
  blobPath,
  contactsFile,
  fileId,
  makeSyntheticBackup,
  messagesFile,
  openTestSqlite,
  type SyntheticBackup,
} from '../testing/index.js'
import { describeBackup, fingerprintBackup, iosBackup } from './index.js'

const { signal } = new AbortController()
let folder: string
let made: SyntheticBackup
/** A fresh copy of the backup for each test. */
let path: string
let scratch: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-reader-'))
  made = await makeSyntheticBackup({ into: folder, seed: 'untouched', messages: 120, attachments: 25 })
})

beforeEach(async () => {
  const own = await mkdtemp(join(folder, 'test-'))
  path = join(own, made.udid)
  scratch = join(own, 'scratch')
  await cp(made.path, path, { recursive: true, preserveTimestamps: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the options', () => {
  test('refuse a misspelt name and a wrong value', () => {
    expect(() => iosBackup(parsed({ scrath: '/tmp' }))).toThrow(
      expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
    )
    expect(() => iosBackup({ scratch: '' })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => iosBackup(parsed({ openSqlite: 'sqlite' }))).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })

  test.each(['.', 'scratch', '3d'])('refuse a scratch folder inside the backup: %s', async (inside) => {
    const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(path, inside) })
    const before = await snapshot(path)
    await expect(reader.open(path, { signal })).rejects.toMatchObject({ code: 'DESTINATION_UNSAFE' })
    expect(await snapshot(path)).toEqual(before)
  })

  // Version 12 is what is installed here under its own name; it is compiled only where 13 does not run.
  const isBuilt = Number(process.versions['napi'] ?? 0) < 10
  test.runIf(isBuilt)('default to the SQLite that is installed', async () => {
    expect((await describeBackup(path)).totals).toEqual(made.counts)
  })
  test.runIf(!isBuilt)(
    'say so where the SQLite that is installed is not built for this runtime',
    async () => {
      await expect(describeBackup(path)).rejects.toMatchObject({ code: 'DRIVER_MISSING' })
    },
  )
})

describe('the backup is the same to the last byte and time', () => {
  test('after it was read in place', async () => {
    const before = await snapshot(path)
    await useAll(path)
    expect(await snapshot(path)).toEqual(before)
    expect(existsSync(scratch)).toBe(false)
  })

  test('after databases in write-ahead mode were read, which are copied for that', async () => {
    for (const file of [
      join(path, 'Manifest.db'),
      blobPath(path, messagesFile),
      blobPath(path, contactsFile),
    ]) {
      changeDatabase(file, 'PRAGMA journal_mode = WAL')
    }
    const before = await snapshot(path)
    const records = await useAll(path, async () => {
      const [name = ''] = await readdir(scratch)
      const own = join(scratch, name)
      expect((await lstat(own)).mode & 0o777).toBe(0o700)
      for (const copy of await readdir(own)) expect((await lstat(join(own, copy))).mode & 0o077).toBe(0)
    })
    expect(records).toBe(
      made.counts.contacts + made.counts.chats + made.counts.messages + made.counts.attachments,
    )
    expect(await snapshot(path)).toEqual(before)
    expect(await readdir(scratch)).toEqual([])
  })

  test('after opening failed half-way', async () => {
    changeDatabase(join(path, 'Manifest.db'), 'PRAGMA journal_mode = WAL')
    await writeFile(blobPath(path, messagesFile), 'torn')
    const before = await snapshot(path)
    await expect(useAll(path)).rejects.toMatchObject({ code: 'MESSAGES_DAMAGED' })
    expect(await snapshot(path)).toEqual(before)
    expect(await readdir(scratch)).toEqual([])
  })
})

describe('a write-ahead log that the phone backed up with its database', () => {
  test('is read with it: here it holds all that the database has', async () => {
    const work = await mkdtemp(join(folder, 'wal-'))
    const database = join(work, 'sms.db')
    const db = openTestSqlite(database, { readonly: false })
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
      CREATE TABLE message (guid TEXT, text TEXT); INSERT INTO message VALUES ('A', 'only in the log')`)
    const wal = { ...messagesFile, relativePath: `${messagesFile.relativePath}-wal` }
    await cp(database, blobPath(path, messagesFile))
    await mkdir(dirname(blobPath(path, wal)), { recursive: true })
    await cp(`${database}-wal`, blobPath(path, wal))
    db.close()
    expect((await lstat(blobPath(path, messagesFile))).size).toBeLessThanOrEqual(4096)
    changeDatabase(
      join(path, 'Manifest.db'),
      `INSERT INTO Files VALUES ('${fileId(wal)}', '${wal.domain}', '${wal.relativePath}', 1, NULL)`,
    )
    const before = await snapshot(path)
    const backup = await iosBackup({ openSqlite: openTestSqlite, scratch }).open(path, { signal })
    const texts: (string | null)[] = []
    for await (const batch of backup.read({ after: { after: 'chats', rows: [1] }, batchSize: 10, signal })) {
      for (const record of batch.records) if (record.type === 'message') texts.push(record.text)
    }
    await backup.close()
    expect(texts).toEqual(['only in the log'])
    expect(await snapshot(path)).toEqual(before)
  })
})

test('a write-ahead log that lies beside the manifest is read with it, and belongs to the fingerprint', async () => {
  const manifest = join(path, 'Manifest.db')
  const original = await fingerprintBackup(path, signal)
  const work = await mkdtemp(join(folder, 'wal-'))
  const database = join(work, 'Manifest.db')
  await cp(manifest, database)
  const db = openTestSqlite(database, { readonly: false })
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
    INSERT INTO Files (fileID, relativePath) VALUES ('../outside', 'x')`)
  await cp(database, manifest)
  await cp(`${database}-wal`, `${manifest}-wal`)
  db.close()
  await expect(useAll(path)).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
  expect(await fingerprintBackup(path, signal)).not.toBe(original)
})

describe('the fingerprint', () => {
  test('is the same for a copy with other times, and after looking into the manifest with SQLite', async () => {
    const original = await fingerprintBackup(made.path, signal)
    await utimes(join(path, 'Manifest.db'), 1, 1)
    await writeFile(join(path, 'Manifest.db-wal'), '')
    expect(await fingerprintBackup(path, signal)).toBe(original)
    expect((await describeBackup(path, { openSqlite: openTestSqlite })).source.fingerprint).toBe(original)
  })

  test.each([
    'Manifest.db',
    'Manifest.plist',
    'Status.plist',
    'Info.plist',
    'sms.db',
    'AddressBook.sqlitedb',
  ])('changes with a byte of %s, and when it is gone', async (name) => {
    const file =
      { 'sms.db': blobPath(path, messagesFile), 'AddressBook.sqlitedb': blobPath(path, contactsFile) }[
        name
      ] ?? join(path, name)
    const original = await fingerprintBackup(path, signal)
    const bytes = await readFile(file)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    await writeFile(file, bytes)
    const changed = await fingerprintBackup(path, signal)
    await rm(file)
    expect(new Set([original, changed, await fingerprintBackup(path, signal)]).size).toBe(3)
  })

  test('needs a folder', async () => {
    await expect(fingerprintBackup(join(path, 'nothing'), signal)).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
    })
  })
})

describe('a signal', () => {
  test('that was given already keeps the backup shut', async () => {
    const reason = new Error('stop')
    const open = iosBackup({ openSqlite: openTestSqlite, scratch }).open(path, {
      signal: AbortSignal.abort(reason),
    })
    await expect(open).rejects.toBe(reason)
  })

  test('ends reading between two batches with its reason', async () => {
    const backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
    const reason = new Error('stop')
    const controller = new AbortController()
    const batches: number[] = []
    const reading = (async () => {
      for await (const batch of backup.read({ after: null, batchSize: 10, signal: controller.signal })) {
        batches.push(batch.records.length)
        if (batches.length === 3) controller.abort(reason)
      }
    })()
    await expect(reading).rejects.toBe(reason)
    expect(batches).toHaveLength(3)
    await backup.close()
  })

  test('ends content, a digest and a fingerprint', async () => {
    const backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
    const record = made.truth.attachments.find((each) => each.unavailable === null)
    if (record === undefined) throw new Error('no attachment')
    const reason = new Error('stop')
    const stopped = AbortSignal.abort(reason)
    await expect(backup.digest(record, stopped)).rejects.toBe(reason)
    await expect(backup.content(record, stopped)[Symbol.asyncIterator]().next()).rejects.toBe(reason)
    await expect(fingerprintBackup(path, stopped)).rejects.toBe(reason)
    await backup.close()
  })
})

describe('reading', () => {
  test.each([
    [{ after: 'nothing', rows: [1] }],
    [{ after: 'chats', rows: [] }],
    [{ after: 'chats', rows: ['1'] }],
    ['chats'],
    [[1]],
  ])('refuses %o as a cursor', async (after) => {
    const backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
    const reading = backup.read({ after, batchSize: 10, signal })[Symbol.asyncIterator]().next()
    await expect(reading).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await backup.close()
  })

  test.each([0, -1, 1.5, Number.NaN])('refuses batches of %d', async (batchSize) => {
    const backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
    const reading = backup.read({ after: null, batchSize, signal })[Symbol.asyncIterator]().next()
    await expect(reading).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await backup.close()
  })

  test('is over when the backup is closed, and closing again changes nothing', async () => {
    const backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
    const reading = backup.read({ after: null, batchSize: 10, signal })[Symbol.asyncIterator]()
    await reading.next()
    await backup.close()
    await backup.close()
    await expect(reading.next()).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
  })

  test('lets the event loop turn between batches', async () => {
    const backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    for await (const batch of backup.read({ after: null, batchSize: 1, signal }))
      expect(batch.records).toHaveLength(1)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
    await backup.close()
  })
})

describe('an error of the driver', () => {
  test.each([
    [{ code: 'SQLITE_BUSY' }, 'BACKUP_UNREADABLE', true],
    [{ code: 'SQLITE_IOERR_READ' }, 'BACKUP_UNREADABLE', true],
    [{ code: 'SQLITE_IOERR_SHORT_READ' }, 'MESSAGES_DAMAGED', false],
    [{ code: 'SQLITE_CORRUPT_VTAB' }, 'MESSAGES_DAMAGED', false],
    [{ code: 'SQLITE_NOTADB' }, 'MESSAGES_DAMAGED', false],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 11 }, 'MESSAGES_DAMAGED', false],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 266 }, 'BACKUP_UNREADABLE', true],
    [{ message: 'database disk image is malformed' }, 'MESSAGES_DAMAGED', false],
  ])('%o half-way through is %s', async (driverError, code, retryable) => {
    let broken = false
    const failing: OpenSqlite = (file, options) => {
      const db = openTestSqlite(file, options)
      return {
        exec: (sql) => db.exec(sql),
        close: () => db.close(),
        prepare(sql) {
          const statement = db.prepare(sql)
          return {
            run: (...parameters) => statement.run(...parameters),
            get: (...parameters) => statement.get(...parameters),
            iterate: (...parameters) => statement.iterate(...parameters),
            all(...parameters) {
              if (broken) throw Object.assign(new Error('disk trouble'), driverError)
              return statement.all(...parameters)
            },
          }
        },
      }
    }
    const backup = await iosBackup({ openSqlite: failing }).open(path, { signal })
    const batches = backup.read({ after: { after: 'chats', rows: [1000] }, batchSize: 10, signal })
    const reading = batches[Symbol.asyncIterator]()
    await reading.next()
    broken = true
    await expect(reading.next()).rejects.toMatchObject({ code, retryable })
    await backup.close()
  })
})

const realBackup = '../shared/data/ios14-backup'

describe.skipIf(!existsSync(realBackup))(
  'a real phone’s backup that is far from whole (skipped without ../shared/data)',
  () => {
    test('is described as what it is, its one message is read, and nothing of it changes', async () => {
      const before = await snapshot(realBackup)
      const backup = await iosBackup({ openSqlite: openTestSqlite, scratch }).open(realBackup, { signal })
      expect(backup.source).toMatchObject({
        udid: '1cb128eafa77c5be74283e9a3a2130af36a3c059',
        deviceName: 'iPhone',
        productType: 'iPhone9,3',
        osVersion: '14.3',
        encrypted: false,
        wholeness: 'unconfirmed',
        parts: [
          {
            part: 'contacts',
            state: 'blob-missing',
            detail: 'The backup lists AddressBook.sqlitedb, but its file is not on disk.',
          },
          { part: 'messages', state: 'present', detail: null },
          { part: 'attachments', state: 'absent', detail: 'sms.db has no table of attachments.' },
        ],
      })
      const remarks = backup.source.remarks.join('\n')
      expect(remarks).toContain('Status.plist is missing')
      expect(remarks).toContain('Manifest.plist is missing')
      expect(remarks).toContain('its SHA-1 is not the one in the manifest')
      expect(remarks).toContain("no table 'chat'")
      expect(await backup.totals()).toMatchObject({ contacts: 0, chats: 0, messages: 1, attachments: 0 })
      const records: ImportRecord[] = []
      for await (const batch of backup.read({ after: null, batchSize: 10, signal }))
        records.push(...batch.records)
      expect(records).toEqual([
        expect.objectContaining({
          guid: 'FDC6EC94-9D5A-434D-90FA-BF170E10A311',
          sender: 'apple',
          // 588813210539788... nanoseconds after 2001.
          sentAt: 1_567_120_410_539,
          text: 'Please click here https://badbadbad.example.org/',
          textState: 'plain',
          chatGuid: null,
        }),
      ])
      await backup.close()
      expect(await snapshot(realBackup)).toEqual(before)
      expect(await readdir(scratch)).toEqual([])
    })
  },
)

/** Opens a backup, reads all records and all content, and closes it. Resolves with the number of records. */
async function useAll(of: string, whileOpen: () => Promise<void> = async () => {}): Promise<number> {
  const backup = await iosBackup({ openSqlite: openTestSqlite, scratch }).open(of, { signal })
  let count = 0
  for await (const batch of backup.read({ after: null, batchSize: 50, signal })) {
    count += batch.records.length
    for (const record of batch.records) {
      if (record.type === 'attachment' && record.unavailable === null) await backup.digest(record, signal)
    }
  }
  await whileOpen()
  await backup.close()
  return count
}

/** Options as an untyped caller would pass them. */
function parsed(options: object): object {
  return JSON.parse(JSON.stringify(options)) as object
}

function changeDatabase(file: string, sql: string): void {
  const db = openTestSqlite(file, { readonly: false })
  db.exec(sql)
  db.close()
}

/** Every entry below a folder, the folder included: its kind, size, time of change and hash. */
async function snapshot(root: string, name = ''): Promise<string[]> {
  const stats = await lstat(join(root, name))
  const entry = `${name || basename(root)} ${stats.mode} ${stats.mtimeMs} ${stats.ctimeMs}`
  if (!stats.isDirectory()) {
    const hash = createHash('sha256')
      .update(await readFile(join(root, name)))
      .digest('hex')
    return [`${entry} ${stats.size} ${hash}`]
  }
  const inside = await readdir(join(root, name))
  return [entry, ...(await Promise.all(inside.sort().map((each) => snapshot(root, join(name, each))))).flat()]
}
