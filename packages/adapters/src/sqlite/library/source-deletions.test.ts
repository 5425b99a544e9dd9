import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportRecord, ImportRef, PublishOptions } from '@holdfast/core/import'
import { receiptFor, sampleContact, sampleMessage, sampleUnreadable } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { type SqliteLibrary, sqliteLibrary } from './sqlite-library.js'

const signal = new AbortController().signal
const content = () => {
  throw new Error('there are no attachments')
}

let folder: string
let db: SqliteDatabase
let storage: SqliteLibrary
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-deletions-'))
  db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  storage = open('mark')
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

function open(deletedInSource: 'keep' | 'mark'): SqliteLibrary {
  return sqliteLibrary(db, attachmentFiles(join(folder, 'attachments')), { deletedInSource, now: () => 7 })
}

/** Imports of one phone, each a day younger than the one before it. */
let day = 0
async function importIt(
  id: string,
  records: readonly ImportRecord[],
  more: Partial<ImportRef> = {},
  publishing?: PublishOptions,
) {
  day += 1
  const ref = { id, owner: 'ann', fingerprint: id, udid: 'phone', parts: ['messages'], takenAt: day, ...more }
  await storage.begin(ref)
  await storage.write(id, { records, cursor: 1 }, { content, signal })
  await storage.publish(id, await receiptFor(ref), publishing)
}

const messages = (...guids: string[]) => guids.map((guid) => sampleMessage(guid))
const gone = () =>
  db
    .prepare('SELECT key, import FROM deleted_in_source ORDER BY key')
    .all()
    .map((row) => JSON.stringify(row))
const marked = (key: string, by: string) => JSON.stringify({ key, import: by })
const seen = () => db.prepare('SELECT count(*) AS n FROM messages').get()

describe('records that the phone no longer has', () => {
  it('stay, and are marked with the import that noticed', async () => {
    await importIt('one', [...messages('m1', 'm2', 'm3'), sampleContact('1')])
    await importIt('two', [...messages('m1', 'm3', 'm4')])
    await importIt('three', messages('m1', 'm3', 'm4'))
    expect(gone()).toEqual([marked('1', 'two'), marked('m2', 'two')])
    expect(seen()).toEqual({ n: 4 })
    expect(db.prepare("SELECT * FROM deleted_in_source WHERE type = 'message'").all()).toEqual([
      { type: 'message', key: 'm2', device: 'phone', import: 'two', noticed_at: 7, owner: 'ann' },
    ])
  })

  it('stay unmarked where nobody asked for marks', async () => {
    storage = open('keep')
    await importIt('one', messages('m1', 'm2'))
    await importIt('two', messages('m1'))
    expect(gone()).toEqual([])
    expect(seen()).toEqual({ n: 2 })
  })

  it('are marked, or not, as the run asks that published the import, whatever the library was made with', async () => {
    storage = open('keep')
    await importIt('one', messages('m1', 'm2', 'm3'))
    await importIt('two', messages('m1', 'm2'), {}, { deletedInSource: 'mark' })
    expect(gone()).toEqual([marked('m3', 'two')])
    storage = open('mark')
    await importIt('three', messages('m1'), {}, { deletedInSource: 'keep' })
    expect(gone()).toEqual([marked('m3', 'two')])
  })

  it('are marked only once the import that noticed is published', async () => {
    await importIt('one', messages('m1', 'm2'))
    const ref = {
      id: 'two',
      owner: 'ann',
      fingerprint: 'two',
      udid: 'phone',
      parts: ['messages'],
      takenAt: 99,
    }
    await storage.begin(ref)
    await storage.write('two', { records: messages('m1'), cursor: 1 }, { content, signal })
    expect(gone()).toEqual([])
    await storage.publish('two', await receiptFor(ref))
    expect(gone()).toEqual([marked('m2', 'two')])
  })

  it('are no longer marked when they are there again, changed or not', async () => {
    await importIt('one', messages('m1', 'm2', 'm3'))
    await importIt('two', messages('m1'))
    await importIt('three', [...messages('m1', 'm2'), sampleMessage('m3', { text: 'Edited' })])
    expect(gone()).toEqual([])
    await importIt('four', messages('m1', 'm2'))
    expect(gone()).toEqual([marked('m3', 'four')])
  })

  it('are not those that were changed', async () => {
    await importIt('one', messages('m1', 'm2'))
    await importIt('two', [...messages('m1'), sampleMessage('m2', { text: 'Edited' })])
    expect(gone()).toEqual([])
  })
})

describe('nothing is marked', () => {
  it.each([
    ['of another phone', { udid: 'other phone' }],
    ['of a phone that is not known', { udid: null }],
    ['of other parts', { parts: ['contacts'] }],
    ['of another owner', { owner: 'bob' }],
    ['because an older backup is imported after a newer one', { takenAt: 0 }],
    ['because a backup does not say how old it is', { takenAt: null }],
  ])('%s', async (_, more) => {
    await importIt('one', messages('m1', 'm2'))
    await importIt('two', messages('m1'), more)
    expect(gone()).toEqual([])
  })

  it('because a row could not be read', async () => {
    await importIt('one', messages('m1', 'm2'))
    await importIt('two', [...messages('m1'), sampleUnreadable('2')])
    expect(gone()).toEqual([])
  })
})

describe('taking back the import that noticed', () => {
  it('takes its marks back', async () => {
    await importIt('one', messages('m1', 'm2'))
    await importIt('two', messages('m1'))
    await storage.discard('two')
    expect(gone()).toEqual([])
    expect(db.prepare('SELECT count(*) AS n FROM source_deletions').get()).toEqual({ n: 0 })
  })

  it('leaves the marks to the next import that has missed the same', async () => {
    await importIt('one', messages('m1', 'm2', 'm3'))
    await importIt('two', messages('m1'))
    await importIt('three', messages('m1', 'm3'))
    await storage.discard('two')
    expect(gone()).toEqual([marked('m2', 'three')])
  })

  it('brings back the mark that it had lifted', async () => {
    await importIt('one', messages('m1', 'm2'))
    await importIt('two', messages('m1'))
    await importIt('three', messages('m1', 'm2'))
    expect(gone()).toEqual([])
    await storage.discard('three')
    expect(gone()).toEqual([marked('m2', 'two')])
  })
})
