import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { journalContract, VirtualClock } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import { sqliteJournal } from './sqlite-journal.js'

const open = (path: string) => openTestSqlite(path, { readonly: false })

describe('the SQLite journal', () => {
  const suite = journalContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
    const path = join(folder, 'journal.db')
    const clock = new VirtualClock()
    const databases = [open(path)]
    const journalOn = (db: (typeof databases)[number]) => sqliteJournal(db, { clock })
    const [first] = databases
    if (first === undefined) throw new Error('unreachable')
    return {
      journal: journalOn(first),
      reopen: async () => {
        const db = open(path)
        databases.push(db)
        return journalOn(db)
      },
      expireLeases: async () => clock.advance(60_000),
      cleanUp: async () => {
        for (const db of databases) db.close()
        rmSync(folder, { recursive: true })
      },
    }
  })
  for (const { name, run } of suite) it(name, () => run())
})

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
})
