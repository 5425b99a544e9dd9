import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import { ScratchFolder } from '../folder/scratch-folder.js'
import { BackupDatabase } from './backup-database.js'

const name = { file: 'some.db', what: 'Some database', damaged: 'MESSAGES_DAMAGED' } as const

let folder: string
let database: BackupDatabase
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-count-'))
  const path = join(folder, 'some.db')
  const db = openTestSqlite(path, { readonly: false })
  // Row ids with gaps, from far below zero, as a database has them that was merged and of which much was deleted.
  db.exec(`CREATE TABLE many (id INTEGER PRIMARY KEY, text);
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 12344)
    INSERT INTO many SELECT i * 7 - 30000, 'row ' || i FROM n;
    CREATE TABLE exact (id INTEGER PRIMARY KEY);
    INSERT INTO exact SELECT id FROM many ORDER BY id LIMIT 10000;
    CREATE TABLE none (id INTEGER PRIMARY KEY);`)
  db.close()
  database = await BackupDatabase.open(path, name, {
    openSqlite: openTestSqlite,
    scratch: new ScratchFolder(join(folder, 'scratch'), { overwrite: false }),
    sideFiles: [],
  })
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

it.each([
  ['many', 12_345],
  ['exact', 10_000],
  ['none', 0],
])('counts every row of the table %s once', async (table, rows) => {
  expect(await database.count(table)).toBe(rows)
})

it('leaves the event loop its turns while it counts a large table', async () => {
  let turns = 0
  let done = false
  const count = (): void => {
    turns += 1
    if (!done) setImmediate(count)
  }
  setImmediate(count)
  await database.count('many')
  done = true
  expect(turns).toBeGreaterThanOrEqual(2)
})
