import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { verifyPublished } from '@holdfast/core/import'
import { receiptFor, sampleCall, sampleMessage } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLibrary } from '../../../../test/library-fixture.js'
import { openTestSqlite } from '../../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../../driver.js'
import { migrations } from './index.js'

const signal = new AbortController().signal
/** Two imports, stored and verified by the code of that version, the second superseding some of the first. */
const dumpOf = (version: number) =>
  fileURLToPath(new URL(`../../../../test/library-of-version-${version}.sql`, import.meta.url))
const messagesOf = { 1: 5, 2: 6 }

let folder: string
let closing: SqliteDatabase[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-version-'))
  closing = []
})

function load(version: number): void {
  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  db.exec(readFileSync(dumpOf(version), 'utf8'))
  db.close()
  for (const text of ['content of p1@m0', 'content of p1@m1']) {
    const sha256 = createHash('sha256').update(text).digest('hex')
    const path = join(folder, 'attachments', sha256.slice(0, 2), `${sha256}.heic`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

afterEach(() => {
  for (const db of closing) db.close()
  rmSync(folder, { recursive: true })
})

function open() {
  const library = openLibrary(folder)
  closing.push(library.db)
  return library
}

/** Every row of every table, column for column as that version had them. */
function rowsOf(db: SqliteDatabase, columns: ReadonlyMap<string, string>) {
  return new Map(
    [...columns].map(([table, names]) => [table, db.prepare(`SELECT ${names} FROM ${table}`).all()]),
  )
}

function columnsOf(db: SqliteDatabase): ReadonlyMap<string, string> {
  const found = db
    .prepare(
      `SELECT t.name AS "table", group_concat(c.name) AS names FROM sqlite_master t, pragma_table_info(t.name) c
       WHERE t.type = 'table' AND t.name <> 'library_meta' GROUP BY t.name`,
    )
    .all() as { table: string; names: string }[]
  return new Map(found.map(({ table, names }) => [table, names]))
}

describe.each([1, 2] as const)('a library of version %i', (version) => {
  beforeEach(() => load(version))

  it('is brought to the present version with every row as it was', async () => {
    const before = openTestSqlite(join(folder, 'library.db'), { readonly: true })
    const columns = columnsOf(before)
    const rows = rowsOf(before, columns)
    const versionOf = (db: SqliteDatabase) =>
      db.prepare("SELECT value FROM library_meta WHERE key = 'version'").get()
    expect(versionOf(before)).toEqual({ value: version })
    before.close()
    expect(rows.get('message_rows')).toHaveLength(messagesOf[version])

    const { db, storage } = open()
    expect(await storage.imports()).toHaveLength(2)
    expect(versionOf(db)).toEqual({ value: migrations.length })
    expect(rowsOf(db, columns)).toEqual(rows)
  })

  it('is still what its receipts say, item for item', async () => {
    const { storage } = open()
    for (const published of await storage.imports()) {
      expect(published.receipt?.version).toBe(version)
      const check = await verifyPublished(storage, published, { signal })
      expect(check).toMatchObject({ valid: true, differences: [] })
    }
  })

  it('holds no import that could be taken for that of an unchanged source', async () => {
    const { storage } = open()
    const [published] = await storage.imports()
    if (published === undefined) throw new Error('nothing is published')
    const { owner, receipt } = published
    if (receipt === null) throw new Error('its receipt is damaged')
    const ref = { id: 'again', owner, ...receipt.source, stamp: 's' }
    expect(await storage.findUnchanged(ref, { signal })).toBeNull()
  })
})

describe('a library of version 1', () => {
  beforeEach(() => load(1))

  it('no longer is once a row was changed', async () => {
    const { db, storage } = open()
    const [published] = await storage.imports()
    if (published === undefined) throw new Error('nothing is published')
    db.exec("UPDATE contact_point_rows SET label = 'home' WHERE label = 'work'")
    const check = await verifyPublished(storage, published, { signal })
    expect(check).toMatchObject({ valid: false, differences: [{ key: 'c1', difference: 'row-changed' }] })
  })

  it('takes a further import, which finds present what did not change', async () => {
    const { db, storage } = open()
    const ref = { id: 'later', owner: 'ann', fingerprint: 'f2', udid: 'scripted' }
    await storage.begin(ref)
    const records = [sampleMessage('m0'), sampleMessage('m1'), sampleCall('call-1')]
    const content = () => {
      throw new Error('there are no attachments')
    }
    await storage.write('later', { records, cursor: 1 }, { content, signal })
    const outcomes: string[] = []
    for await (const item of storage.readBack('later', { signal })) outcomes.push(item.outcome)
    expect(outcomes).toEqual(['present', 'stored', 'stored'])
    await storage.publish('later', await receiptFor(ref))
    expect(db.prepare('SELECT id, handle, device FROM calls').all()).toEqual([
      { id: 'call-1', handle: '+15550001', device: 'scripted' },
    ])
    expect(db.prepare("SELECT kind FROM messages WHERE guid = 'm1'").all()).toEqual([{ kind: 'message' }])
  })

  it('in a database where a host has a table of its own named calls is refused, and nothing is touched', async () => {
    const host = openTestSqlite(join(folder, 'library.db'), { readonly: false })
    host.exec('CREATE TABLE calls (x)')
    host.close()
    const { db, storage } = open()
    await expect(storage.imports()).rejects.toMatchObject({
      code: 'LIBRARY_DAMAGED',
      facts: { table: 'calls' },
    })
    expect(db.prepare("SELECT value FROM library_meta WHERE key = 'version'").get()).toEqual({ value: 1 })
  })
})
