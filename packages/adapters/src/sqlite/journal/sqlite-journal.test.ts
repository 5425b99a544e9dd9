import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRunner, defineSaga, type JournalWrite, step } from '@holdfast/core'
import { journalContract, VirtualClock } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase, SqliteStatement } from '../driver.js'
import { sqliteJournal } from './sqlite-journal.js'

const open = (path: string) => openTestSqlite(path, { readonly: false })

/** The drivers that this Node has: node:sqlite came with Node 22. */
const drivers: Readonly<Record<string, ((path: string) => SqliteDatabase) | null>> = {
  'better-sqlite3': open,
  'node:sqlite': openNodeSqlite(),
}

for (const [name, openDriver] of Object.entries(drivers)) {
  // Without the driver the suite is still listed, as skipped.
  describe.skipIf(openDriver === null)(`the SQLite journal on ${name}`, () => {
    const openOn = openDriver ?? open
    const suite = journalContract(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
      const path = join(folder, 'journal.db')
      const clock = new VirtualClock()
      const databases: SqliteDatabase[] = []
      const openJournal = () => {
        const db = openOn(path)
        databases.push(db)
        return sqliteJournal(db, { clock })
      }
      return {
        journal: openJournal(),
        reopen: async () => openJournal(),
        expireLeases: async () => clock.advance(60_000),
        cleanUp: async () => {
          for (const db of databases) db.close()
          rmSync(folder, { recursive: true })
        },
      }
    })
    for (const { name: claim, run } of suite) it(claim, () => run())
  })
}

/** Opens databases with node:sqlite; null where this Node has none. */
function openNodeSqlite(): ((path: string) => SqliteDatabase) | null {
  try {
    const { DatabaseSync }: { DatabaseSync: new (path: string) => SqliteDatabase } = createRequire(
      import.meta.url,
    )('node:sqlite')
    return (path) => new DatabaseSync(path)
  } catch {
    return null
  }
}

describe('a SQLite journal on disk', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('commits with synchronous=FULL', () => {
    const db = open(join(folder, 'j.db'))
    sqliteJournal(db)
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    db.close()
  })

  it('sets a run with missing entries aside instead of guessing', async () => {
    const db = open(join(folder, 'j.db'))
    const journal = sqliteJournal(db)
    const run = { id: 'r', saga: 's', version: 1, key: 'k', owner: '', resources: [], startedAt: 1 }
    const summary = { status: 'working', step: 'a', error: null, open: true, wakeAt: null } as const
    const entries = [1, 2, 3].map((seq) => ({
      seq,
      at: seq,
      body: { type: 'run.started', input: null } as const,
    }))
    await journal.commit([{ kind: 'begin', run, entries, summary }])
    db.exec('DELETE FROM holdfast_entries WHERE seq = 2')
    await expect(journal.entries('r')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
    db.close()
  })

  it('sets a run aside whose last entries are missing, as far as what is left of it can tell', async () => {
    const db = open(join(folder, 'j.db'))
    const journal = sqliteJournal(db)
    const run = { id: 'r', saga: 's', version: 1, key: 'k', owner: '', resources: [], startedAt: 1 }
    const working = { status: 'working', step: 'a', error: null, open: true, wakeAt: null } as const
    const entry = (seq: number) => ({ seq, at: seq, body: { type: 'retry.requested' } as const })
    await journal.commit([{ kind: 'begin', run, entries: [entry(1)], summary: working }])
    const summary = { ...working, status: 'done', open: false } as const
    const last = { run: 'r', generation: 1, entries: [entry(2)], summary, release: true }
    await journal.commit([{ kind: 'append', ...last }])
    expect(await journal.entries('r')).toHaveLength(2)
    db.exec('DELETE FROM holdfast_entries')
    await expect(journal.entries('r')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
    await expect(journal.load('r')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
    db.close()
  })

  it('writes three pages to begin a run, one to go on and two to end it, however many runs there have been', async () => {
    const path = join(folder, 'j.db')
    const db = open(path)
    const journal = sqliteJournal(db)
    const working = { status: 'working', step: 'a', error: null, open: true, wakeAt: null } as const
    const done = { ...working, status: 'done', open: false } as const
    const pages: number[][] = []
    const pagesOf = async (write: JournalWrite): Promise<number> => {
      // Truncated, the log is an empty file; every page that a commit writes stands behind a head of 24 bytes.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      const [result] = await journal.commit([write])
      expect(result?.ok).toBe(true)
      return (statSync(`${path}-wal`).size - 32) / (4096 + 24)
    }
    for (let n = 0; n < 300; n++) {
      const id = String(n).padStart(36, '0')
      const run = { id, saga: 's', version: 1, key: `k-${id}`, owner: '', resources: [], startedAt: n }
      const entry = (seq: number) => ({ seq, at: n, body: { type: 'retry.requested' } as const })
      const append = { kind: 'append', run: id, generation: 1 } as const
      pages.push([
        await pagesOf({ kind: 'begin', run, entries: [entry(1)], summary: working }),
        await pagesOf({ ...append, entries: [entry(2)], summary: working, release: false }),
        await pagesOf({ ...append, entries: [entry(3)], summary: done, release: true }),
      ])
    }
    // A page that is full makes another one, now and then.
    const usual = [0, 1, 2].map((at) => pages.map((each) => each[at] ?? 0).sort((a, b) => a - b)[150])
    expect(usual).toEqual([3, 1, 2])
    db.close()
  })

  it('compacts a long history in parts, and leaves the last run of each key that was done', async () => {
    const db = open(join(folder, 'j.db'))
    const journal = sqliteJournal(db)
    const working = { status: 'working', step: 'a', error: null, open: true, wakeAt: null } as const
    const done = { ...working, status: 'done', open: false } as const
    const entry = (seq: number) => ({ seq, at: 1, body: { type: 'retry.requested' } as const })
    for (let n = 0; n < 900; n++) {
      const id = `r${n}`
      // The first six hundred have a key each; the others share one.
      const key = n < 600 ? `k${n}` : 'k'
      const run = { id, saga: 's', version: 1, key, owner: '', resources: [], startedAt: n }
      await journal.commit([{ kind: 'begin', run, entries: [entry(1)], summary: working }])
      const last = { run: id, generation: 1, entries: [entry(2)], summary: done, release: true }
      await journal.commit([{ kind: 'append', ...last }])
    }
    const rule = { finishedBefore: 2, limit: 100 }
    const forgotten = [await journal.compact(rule), await journal.compact(rule), await journal.compact(rule)]
    expect(forgotten.reduce((sum, some) => sum + some)).toBe(299)
    expect(await journal.compact(rule)).toBe(0)
    const left = await journal.runs()
    expect(left).toHaveLength(601)
    expect(left.at(-1)).toMatchObject({ id: 'r899', key: 'k' })
    db.close()
  })

  it('never puts an entry in the place of another run’s, however many a run has', async () => {
    const db = open(join(folder, 'j.db'))
    const journal = sqliteJournal(db)
    const run = { id: 'r', saga: 's', version: 1, key: 'k', owner: '', resources: [], startedAt: 1 }
    const summary = { status: 'working', step: 'a', error: null, open: true, wakeAt: null } as const
    const entry = (seq: number) => ({ seq, at: seq, body: { type: 'retry.requested' } as const })
    await journal.commit([{ kind: 'begin', run, entries: [entry(1)], summary }])
    const append = (seq: number) =>
      journal.commit([
        { kind: 'append', run: 'r', generation: 1, entries: [entry(seq)], summary, release: false },
      ])
    await append(2 ** 24 - 1)
    await expect(append(2 ** 24)).rejects.toMatchObject({ code: 'JOURNAL_FAILED', retryable: false })
    expect(db.prepare('SELECT run, seq FROM holdfast_entries').all()).toEqual([{ run: 1, seq: 2 ** 24 - 1 }])
    db.close()
  })

  it('reads a run as it was at one moment, though another process writes to it meanwhile', async () => {
    const db = open(join(folder, 'j.db'))
    const writer = sqliteJournal(db)
    const run = { id: 'r', saga: 's', version: 1, key: 'k', owner: '', resources: [], startedAt: 1 }
    const summary = { status: 'working', step: 'a', error: null, open: true, wakeAt: null } as const
    const entry = (seq: number) => ({ seq, at: seq, body: { type: 'retry.requested' } as const })
    await writer.commit([{ kind: 'begin', run, entries: [entry(1)], summary }])
    let seq = 1
    const append = (): void => {
      seq += 1
      const written = { run: 'r', generation: 1, entries: [entry(seq)], summary, release: false }
      // What a commit does on a synchronous driver is done when the call returns.
      void writer.commit([{ kind: 'append', ...written }])
    }
    const other = open(join(folder, 'j.db'))
    const reader = sqliteJournal({
      exec: (sql) => other.exec(sql),
      close: () => other.close(),
      prepare: (sql) => {
        const statement = other.prepare(sql)
        const all = (...parameters: unknown[]): unknown[] => {
          append()
          return statement.all(...parameters)
        }
        return sql.includes('FROM holdfast_entries') ? { ...bound(statement), all } : statement
      },
    })
    expect(await reader.entries('r')).toHaveLength(1)
    expect((await reader.load('r')).entries).toHaveLength(2)
    expect(await writer.entries('r')).toHaveLength(3)
    other.close()
    db.close()
  })
})

/** The statement, with methods that can be taken from it. */
function bound(statement: SqliteStatement): SqliteStatement {
  return {
    run: (...parameters) => statement.run(...parameters),
    get: (...parameters) => statement.get(...parameters),
    all: (...parameters) => statement.all(...parameters),
    iterate: (...parameters) => statement.iterate(...parameters),
  }
}

describe('the SQLite journal of a runner', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('takes no entry into a transaction of the app, which could be rolled back', async () => {
    const db = open(join(folder, 'app.db'))
    db.exec('CREATE TABLE mine (x)')
    let end = (): void => {}
    const first = new Promise<void>((resolve) => {
      end = resolve
    })
    let began = false
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: {
        a: step({ run: () => first.then(() => 1) }),
        b: step({
          run: () => {
            began = true
            return 2
          },
        }),
      },
    })
    const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
    const run = await runner.start(saga, null)
    db.exec('BEGIN; INSERT INTO mine VALUES (1)')
    end()
    expect(await run.outcome()).toMatchObject({
      status: 'suspended',
      error: { code: 'JOURNAL_FAILED', hint: expect.stringContaining('transaction of its own') },
    })
    expect(began).toBe(false)
    db.exec('ROLLBACK')
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    await runner.shutdown()
    db.close()
  })

  it('gives a new run what a dead process had, also where its run cannot be read', async () => {
    const path = join(folder, 'dead.db')
    const db = open(path)
    const saga = defineSaga({
      name: 's',
      version: 1,
      resources: () => ['device:1'],
      steps: { a: step({ run: () => null }) },
    })
    const journal = sqliteJournal(db)
    const begun: JournalWrite = {
      kind: 'begin',
      run: { id: 'r', saga: 'gone', version: 1, key: 'k', owner: '', resources: ['device:1'], startedAt: 1 },
      entries: [{ seq: 1, at: 1, body: { type: 'run.started', input: null } }],
      summary: { status: 'working', step: 'a', error: null, open: true, wakeAt: null },
    }
    await journal.commit([begun])
    const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
    await expect(runner.start(saga, null)).rejects.toMatchObject({ code: 'LEASE_HELD' })
    // No process has this number: it is beyond what Linux, macOS and Windows give.
    db.exec("UPDATE holdfast_holders SET holder = json_set(holder, '$.pid', 2147483646)")
    const { setAside } = await runner.recover()
    expect(setAside).toMatchObject([{ run: 'r', error: { code: 'SAGA_UNKNOWN' } }])
    const run = await runner.start(saga, null)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    await runner.shutdown()
    db.close()
  })

  it('compacts for two who ask at the same moment', async () => {
    const db = open(join(folder, 'two.db'))
    const saga = defineSaga({ name: 's', version: 1, steps: { a: step({ run: () => null }) } })
    const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
    for (let n = 0; n < 3; n++) await (await runner.start(saga, null)).outcome()
    for (let n = 0; n < 300; n++) await (await runner.start(saga, n)).outcome()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const forgotten = await Promise.all([runner.compact(), runner.compact({ olderThan: 0 })])
    expect(forgotten).toEqual([2, 0])
    await runner.shutdown()
    db.close()
  })
})
