import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRunner, memoryJournal } from '@holdfast/core'
import { backupImport, type Storage, verifyLibrary } from '@holdfast/core/import'
import { storageContract } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backupFolder } from '../src/backup-folder/index.js'
import { iosBackup } from '../src/ios-backup/index.js'
import type { SqliteDatabase } from '../src/sqlite/index.js'
import { openTestSqlite, type SyntheticBackup } from '../src/testing/index.js'
import { Workshop } from './import-workshop.js'
import { importTables, messageTable } from './writing-an-adapter/message-table.js'
import { appTables, openMessageTable } from './writing-an-adapter/open-message-table.js'

const guide = readFileSync(new URL('../../../docs/writing-an-adapter.md', import.meta.url), 'utf8')

describe('the guide to writing an adapter', () => {
  it.each(['message-table.ts', 'open-message-table.ts'])('shows %s word for word', (file) => {
    const source = readFileSync(new URL(`writing-an-adapter/${file}`, import.meta.url), 'utf8')
    const section = guide.split(/^## /m).find((each) => each.includes(`writing-an-adapter/${file}`)) ?? ''
    const blocks = [...section.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
    expect(blocks.join('\n')).toBe(source)
  })
})

describe('the storage of the guide', () => {
  for (const { name, run } of storageContract(openMessageTable, {
    lacks: ['origin', 'unchanged', 'space', 'links'],
  })) {
    it(name, async () => {
      await expect(run()).resolves.toBeUndefined()
    })
  }
})

describe('an import into the table of the guide', () => {
  let workshop: Workshop
  let backup: SyntheticBackup
  let db: SqliteDatabase
  beforeEach(async () => {
    workshop = new Workshop()
    backup = await workshop.makeBackup({ seed: 41 })
    db = openTestSqlite(join(workshop.folder, 'app.db'), { readonly: false })
    db.exec(appTables + importTables)
    // What the app wrote itself: of this user a message that the phone has as well, and one that it has not.
    const [first] = backup.truth.messages
    const add = db.prepare('INSERT INTO messages (user, guid, text, starred) VALUES (?, ?, ?, 1)')
    add.run('me', first?.guid, 'Written by the app')
    add.run('me', 'of-the-app', 'Written by the app')
    add.run('you', first?.guid, 'Somebody else’s')
  })
  afterEach(async () => {
    db.close()
    await workshop.cleanUp()
  })

  const rows = () => db.prepare('SELECT * FROM messages ORDER BY user, guid').all()
  const start = async (storage: Storage) => {
    const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(workshop.folder, 'scratch') })
    const saga = backupImport({ device: backupFolder(), reader, storage, batchSize: 50 })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    return runner.start(saga, { path: backup.path }, { owner: 'me' })
  }

  it('gives each message of the backup its row, and leaves alone what is the app’s', async () => {
    const storage = messageTable(db, 'app.db')
    const run = await start(storage)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    const imported = backup.truth.messages.map(({ guid, sender, sentAt, text }) => {
      const starred = guid === backup.truth.messages[0]?.guid ? 1 : 0
      return { user: 'me', guid, sender, sent_at: sentAt, text, starred }
    })
    const own = { sender: null, sent_at: null, starred: 1 }
    expect(new Set(rows().map(withoutNumber))).toEqual(
      new Set([
        ...imported,
        { ...own, user: 'me', guid: 'of-the-app', text: 'Written by the app' },
        { ...own, user: 'you', guid: backup.truth.messages[0]?.guid, text: 'Somebody else’s' },
      ]),
    )
    const { signal } = new AbortController()
    expect(await verifyLibrary(storage, { signal })).toMatchObject({ valid: true, found: 0 })
  })

  it('that finds no room parks with DISK_FULL, and goes on when there is some', async () => {
    const storage = messageTable(db, join(workshop.folder, 'app.db'))
    db.exec('PRAGMA max_page_count = 30')
    const run = await start(storage)
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'store',
      error: { code: 'DISK_FULL', facts: { systemCode: 'SQLITE_FULL' } },
    })
    db.exec('PRAGMA max_page_count = 1073741823')
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
  })

  it('that fails goes on when it is retried, and leaves nothing when it is discarded instead', async () => {
    const before = rows()
    const storage = messageTable(db, 'app.db')
    let writes = 0
    const failing: Storage = {
      ...storage,
      write: async (...call) => {
        writes += 1
        if (writes % 3 === 0) throw new Error('The disk is full.')
        await storage.write(...call)
      },
    }
    const run = await start(failing)
    const told = { status: 'retryable', step: 'store', error: { code: 'STEP_FAILED' } }
    expect(await run.outcome()).toMatchObject(told)
    expect(rows()).toEqual(before)
    await run.discard()
    expect(rows()).toEqual(before)
    expect(db.prepare('SELECT * FROM import_versions').all()).toEqual([])

    const again = await start(failing)
    for (let tries = 1; (await again.outcome()).status === 'retryable'; tries++) {
      expect(tries).toBeLessThan(20)
      await again.retry()
    }
    expect(await again.outcome()).toMatchObject({ status: 'done' })
    expect(rows().length).toBe(backup.truth.messages.length + 2)
    await storage.discard(again.id)
    expect(rows()).toEqual(before)
  })
})

function withoutNumber(row: unknown): object {
  // The query gives rows of the app's table.
  const { n: _, ...rest } = row as { readonly n: number }
  return rest
}
