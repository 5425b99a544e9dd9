import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isHoldfastError } from '@holdfast/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { v1 } from './migrations/v1.js'
import { v2 } from './migrations/v2.js'
import { v3 } from './migrations/v3.js'
import { sqliteJournal } from './sqlite-journal.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-schema-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A database with a journal of version 1, as that version left it: a done run, a parked one, and one at work. */
function journalOfVersion1(path: string): void {
  const db = openTestSqlite(path, { readonly: false })
  db.exec(
    `CREATE TABLE holdfast_journal (version INTEGER NOT NULL) STRICT; INSERT INTO holdfast_journal VALUES (1); ${v1}`,
  )
  const holder = JSON.stringify({ host: 'h', boot: 'b', pid: 1, started: null, instance: 'i' })
  const insertRun = db.prepare(
    `INSERT INTO holdfast_runs VALUES (?, 's', 1, ?, 'me', '["device:1"]', ?, ?, ?, 'a', NULL, ?, NULL, ?, 1, 3, ?, 99)`,
  )
  const insertEntry = db.prepare('INSERT INTO holdfast_entries VALUES (?, ?, ?, ?)')
  const run = (id: string, at: number, status: string, entries: number, heldBy: string | null): void => {
    insertRun.run(id, `key-${id}`, at, at + entries, status, status === 'working' ? 1 : 0, entries, heldBy)
    for (let seq = 1; seq <= entries; seq++)
      insertEntry.run(
        id,
        seq,
        at + seq,
        JSON.stringify({ type: seq === 1 ? 'run.started' : 'step.checkpoint' }),
      )
  }
  run('z-done', 100, 'done', 3, null)
  run('m-parked', 200, 'retryable', 2, null)
  run('a-working', 300, 'working', 1, holder)
  db.exec("INSERT INTO holdfast_resources VALUES ('device:1', 'a-working')")
  db.close()
}

function codeOf(work: () => unknown): string | null {
  try {
    work()
    return null
  } catch (error) {
    return isHoldfastError(error) ? error.code : String(error)
  }
}

/** What of a database file its first page says: another journal mode or another table would show here. */
function bytes(path: string): Buffer {
  return readFileSync(path)
}

describe('a journal of version 1', () => {
  it('is brought to the present one with every run, entry, lease and resource', async () => {
    const path = join(folder, 'j.db')
    journalOfVersion1(path)
    const db = openTestSqlite(path, { readonly: false })
    const journal = sqliteJournal(db)
    const runs = await journal.runs()
    expect(runs.map(({ id, status, entries }) => [id, status, entries])).toEqual([
      ['z-done', 'done', 3],
      ['m-parked', 'retryable', 2],
      ['a-working', 'working', 1],
    ])
    expect((await journal.entries('z-done')).map(({ seq, at, body }) => [seq, at, body.type])).toEqual([
      [1, 101, 'run.started'],
      [2, 102, 'step.checkpoint'],
      [3, 103, 'step.checkpoint'],
    ])
    // Its holder is on another machine and its lease is over.
    expect(await journal.claim(['m-parked', 'a-working'])).toMatchObject([
      { ok: false, by: 'a-working', what: 'device:1' },
      { ok: true, generation: 4 },
    ])
    expect(tables(db).filter((name) => name.endsWith('_v1'))).toEqual([])
    db.close()
  })

  it('keeps the order in which runs began, also where the clock was set back between two of one key', async () => {
    const path = join(folder, 'j.db')
    journalOfVersion1(path)
    const db = openTestSqlite(path, { readonly: false })
    db.exec("UPDATE holdfast_runs SET key = 'k' WHERE id IN ('z-done', 'm-parked')")
    db.exec("UPDATE holdfast_runs SET started_at = 1 WHERE id = 'm-parked'")
    const journal = sqliteJournal(db)
    const run = { id: 'new', saga: 's', version: 1, key: 'k', owner: '', resources: [], startedAt: 1 }
    const summary = { status: 'working', step: 'a', error: null, open: true, wakeAt: null } as const
    const entries = [{ seq: 1, at: 1, body: { type: 'run.started', input: null } as const }]
    expect(await journal.commit([{ kind: 'begin', run, entries, summary }])).toEqual([
      { ok: false, problem: 'held', by: 'm-parked', what: 'key:k' },
    ])
    db.close()
  })

  it('is refused and not touched where it may not be brought to the present one', () => {
    const path = join(folder, 'j.db')
    journalOfVersion1(path)
    const before = bytes(path)
    const db = openTestSqlite(path, { readonly: false })
    expect(codeOf(() => sqliteJournal(db, { migrate: false }))).toBe('JOURNAL_OLDER')
    db.close()
    expect(bytes(path).equals(before)).toBe(true)
  })

  it('stays as it was when the migration is cut short', () => {
    const path = join(folder, 'j.db')
    journalOfVersion1(path)
    const db = openTestSqlite(path, { readonly: false })
    // A table of the host's stands where the migration wants to go.
    db.exec('CREATE TABLE holdfast_snapshots (mine TEXT)')
    expect(codeOf(() => sqliteJournal(db))).toBe('JOURNAL_FAILED')
    db.exec('DROP TABLE holdfast_snapshots')
    expect(db.prepare('SELECT version FROM holdfast_journal').get()).toEqual({ version: 1 })
    expect(codeOf(() => sqliteJournal(db))).toBeNull()
    db.close()
  })
})

describe('a journal of version 3', () => {
  /** As that version left it. What goes on as before had its entry alone, and its row waited. */
  function journalOfVersion3(path: string): SqliteDatabase {
    const db = openTestSqlite(path, { readonly: false })
    db.exec(
      `CREATE TABLE holdfast_journal (version INTEGER NOT NULL) STRICT; INSERT INTO holdfast_journal VALUES (3); ${v1}${v2}${v3}`,
    )
    const insertRun = db.prepare(
      `INSERT INTO holdfast_runs VALUES (?, ?, 's', 1, ?, 'me', '[]', ?, ?, ?, 'first', ?, ?, ?, ?, 1, ?, NULL, 0)`,
    )
    const insertEntry = db.prepare('INSERT INTO holdfast_entries VALUES (?, ?, ?, ?)')
    const run = (
      n: number,
      status: string,
      told: number,
      more: { error?: string; wakeAt?: number } = {},
    ): void => {
      const open = status === 'working' ? 1 : 0
      insertRun.run(
        n,
        `r${n}`,
        `k${n}`,
        n,
        n,
        status,
        more.error ?? null,
        open,
        more.wakeAt ?? null,
        told,
        n + 4,
      )
    }
    const entry = (n: number, seq: number, step: string | null): void => {
      const body = JSON.stringify({ type: seq === 1 ? 'run.started' : 'retry.requested', input: n })
      insertEntry.run(n * 2 ** 24 + seq, 100 * n + seq, step, body)
    }
    run(1, 'done', 2)
    entry(1, 1, 'first')
    entry(1, 2, 'first')
    run(2, 'working', 1)
    entry(2, 1, 'first')
    entry(2, 2, 'second')
    entry(2, 3, 'third')
    run(3, 'retryable', 2, { error: '{"code":"X"}', wakeAt: 77 })
    entry(3, 1, 'first')
    entry(3, 2, null)
    run(4, 'working', 1)
    entry(4, 1, 'first')
    // Of these two something is missing.
    run(5, 'retryable', 3)
    entry(5, 1, 'first')
    entry(5, 2, 'first')
    run(6, 'working', 1)
    entry(6, 2, 'second')
    return db
  }

  it('is brought to the present one: each run stands where its last entry says, with the same entries', async () => {
    const db = journalOfVersion3(join(folder, 'j.db'))
    const journal = sqliteJournal(db)
    const runs = await journal.runs()
    expect(
      runs.map(({ id, status, step, error, wakeAt, updatedAt, entries }) =>
        [id, status, step, error?.code ?? null, wakeAt, updatedAt, entries].join(' '),
      ),
    ).toEqual([
      'r1 done first   102 2',
      'r2 working third   203 3',
      'r3 retryable first X 77 302 2',
      'r4 working first   401 1',
      'r5 retryable first   502 2',
      'r6 working second   602 2',
    ])
    expect((await journal.runs({ unattended: true })).map(({ id }) => id)).toEqual(['r2', 'r3', 'r4', 'r6'])
    expect(await journal.entries('r2')).toEqual([
      { seq: 1, at: 201, body: { type: 'run.started', input: 2 } },
      { seq: 2, at: 202, body: { type: 'retry.requested', input: 2 } },
      { seq: 3, at: 203, body: { type: 'retry.requested', input: 2 } },
    ])
    expect(await journal.entries('r4')).toHaveLength(1)
    expect(await journal.claim(['r2', 'r3'])).toMatchObject([
      { ok: true, generation: 7 },
      { ok: true, generation: 8 },
    ])
    expect(tables(db).filter((name) => name.endsWith('_v3'))).toEqual([])
    db.close()
  })

  it('is no less damaged afterwards than before', async () => {
    const db = journalOfVersion3(join(folder, 'j.db'))
    const journal = sqliteJournal(db)
    for (const run of ['r5', 'r6'])
      await expect(journal.load(run)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
    db.close()
  })
})

describe('a journal of a newer version', () => {
  it('is refused and not touched, not even its journal mode', () => {
    const path = join(folder, 'j.db')
    const db = openTestSqlite(path, { readonly: false })
    db.exec(
      'CREATE TABLE holdfast_journal (version INTEGER NOT NULL); INSERT INTO holdfast_journal VALUES (99)',
    )
    const before = bytes(path)
    expect(codeOf(() => sqliteJournal(db))).toBe('JOURNAL_NEWER')
    expect(tables(db)).toEqual(['holdfast_journal'])
    db.close()
    expect(bytes(path).equals(before)).toBe(true)
  })
})

function tables(db: SqliteDatabase): readonly string[] {
  const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
  return rows.map((row) => String(Reflect.get(Object(row), 'name')))
}
