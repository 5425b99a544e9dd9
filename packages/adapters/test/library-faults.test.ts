import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { isHoldfastError } from '@holdfast/core'
import type { Storage } from '@holdfast/core/import'
import type { LibraryDump } from '@holdfast/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attachmentFiles, type FileSystem } from '../src/attachment-files/index.js'
import { type SqliteDatabase, sqliteLibrary } from '../src/sqlite/index.js'
import { openTestSqlite } from '../src/testing/open-sqlite.js'
import { failingFileSystem } from './faulty-file-system.js'
import { dumpLibrary } from './library-fixture.js'
import { firstImport, firstRecords, runImport, secondImport, secondRecords } from './library-scenario.js'

const batchSize = 120
/** Every how many calls one is made to fail, beginning with the first; `HOLDFAST_FAULT_POINTS=all` lets every one fail in its turn. */
const everyCall = process.env['HOLDFAST_FAULT_POINTS'] === 'all'

let base: string
let before: LibraryDump
let after: LibraryDump
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
  mkdirSync(join(base, 'first'))
  await inLibrary('first', {}, (storage) => runImport(storage, firstImport, firstRecords(), batchSize))
  before = dumpLibrary(join(base, 'first'))
  await inLibrary(copyOf('first', 'second'), {}, importSecond)
  after = dumpLibrary(join(base, 'second'))
}, 60_000)
afterAll(() => rmSync(base, { recursive: true }))

describe('an import during which one call fails', () => {
  for (const [code, step] of [
    ['ENOSPC', 7],
    ['EIO', 31],
    ['EACCES', 37],
    ['EBUSY', 29],
    ['EMFILE', 41],
  ] as const) {
    it(`shows nothing of itself after ${code} from the file system at any call, and a retry ends as if nothing had been`, async () => {
      const tried = await atEveryCall(step, async (n) => {
        const faulty = failingFileSystem(n, code)
        await tryTwice({ fs: faulty.fs }, `${code} at file call ${n}`)
        return faulty.calls() >= n
      })
      expect(tried * (everyCall ? 1 : step)).toBeGreaterThan(200)
    })
  }

  for (const [code, step] of [
    ['SQLITE_FULL', 53],
    ['SQLITE_IOERR_WRITE', 59],
  ] as const) {
    it(`shows nothing of itself after ${code} from the database at any statement, and a retry ends as if nothing had been`, async () => {
      const tried = await atEveryCall(step, async (n) => {
        let calls = 0
        const beforeCall = (): void => {
          calls++
          if (calls === n) throw Object.assign(new Error(`${code}: made to fail`), { code })
        }
        await tryTwice({ wrap: (db) => failingDatabase(db, beforeCall) }, `${code} at statement ${n}`)
        return calls >= n
      })
      expect(tried * (everyCall ? 1 : step)).toBeGreaterThan(700)
    })
  }
}, 3_600_000)

describe('a discard during which one call fails', () => {
  it('ends as if nothing had been when it is repeated', async () => {
    const tried = await atEveryCall(3, async (n) => {
      const faulty = failingFileSystem(n, 'EBUSY')
      const point = copyOf('second', `discard-${n}`)
      const failure = await failureOf(inLibrary(point, { fs: faulty.fs }, discardSecond))
      if (failure !== null) expect(failure, `call ${n}`).toMatchObject({ code: 'STORE_FAILED' })
      await inLibrary(point, {}, discardSecond)
      expect(dumpLibrary(join(base, point)), `call ${n}`).toEqual(before)
      rmSync(join(base, point), { recursive: true })
      return faulty.calls() >= n
    })
    expect(tried).toBeGreaterThan(20)
  })
}, 3_600_000)

interface Faults {
  readonly fs?: FileSystem
  readonly wrap?: (db: SqliteDatabase) => SqliteDatabase
}

const importSecond = (storage: Storage) => runImport(storage, secondImport, secondRecords(), batchSize)
const discardSecond = (storage: Storage) => storage.discard(secondImport.id)

/** Imports with a fault, then without. In between readers see what they saw before, or all of it when only its end was disturbed. */
async function tryTwice(faults: Faults, what: string): Promise<void> {
  const point = copyOf('first', 'point')
  const failure = await failureOf(inLibrary(point, faults, importSecond))
  const seen = dumpLibrary(join(base, point))
  if (failure !== null) {
    expect(isHoldfastError(failure) && failure.hint, `${what}: ${inspect(failure)}`).toBeTruthy()
    expect([before.records, after.records], what).toContainEqual(seen.records)
  }
  await inLibrary(point, {}, importSecond)
  expect(dumpLibrary(join(base, point)), what).toEqual(after)
  rmSync(join(base, point), { recursive: true })
}

/** Calls `work` with 1, 1 + step, … until it says that there was no such call; resolves with how many there were. */
async function atEveryCall(step: number, work: (n: number) => Promise<boolean>): Promise<number> {
  let tried = 0
  for (let n = 1; await work(n); n += everyCall ? 1 : step) tried++
  return tried
}

function failingDatabase(db: SqliteDatabase, step: () => void): SqliteDatabase {
  return {
    close: () => db.close(),
    exec(sql) {
      // A real failure of these would not leave a transaction behind, nor keep one from ending.
      if (sql !== 'ROLLBACK') step()
      return db.exec(sql)
    },
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        run: (...parameters) => {
          step()
          return statement.run(...parameters)
        },
        get: (...parameters) => statement.get(...parameters),
        all: (...parameters) => statement.all(...parameters),
        iterate: (...parameters) => statement.iterate(...parameters),
      }
    },
  }
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
    return null
  } catch (thrown) {
    return thrown
  }
}

function copyOf(from: string, to: string): string {
  cpSync(join(base, from), join(base, to), { recursive: true })
  return to
}

async function inLibrary(
  name: string,
  faults: Faults,
  work: (storage: Storage) => Promise<void>,
): Promise<void> {
  const folder = join(base, name)
  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  const files = attachmentFiles(join(folder, 'attachments'), faults.fs === undefined ? {} : { fs: faults.fs })
  try {
    await work(sqliteLibrary(faults.wrap?.(db) ?? db, files))
  } finally {
    db.close()
  }
}
