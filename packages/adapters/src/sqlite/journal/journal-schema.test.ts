import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isHoldfastError } from '@holdfast/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { v1 } from './migrations/v1.js'
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
