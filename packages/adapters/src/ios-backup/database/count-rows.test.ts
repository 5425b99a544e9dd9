import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
    CREATE TABLE none (id INTEGER PRIMARY KEY);
    CREATE TABLE named (rowid INTEGER PRIMARY KEY, text);
    INSERT INTO named VALUES (5, 'a'), (7, 'b');
    CREATE TABLE false (rowid TEXT, text);
    INSERT INTO false VALUES ('a', 'a');
    CREATE TABLE half (rowid INTEGER, text, PRIMARY KEY (rowid, text));
    INSERT INTO half VALUES (1, 'a');
    CREATE TABLE without (id INTEGER PRIMARY KEY, text) WITHOUT ROWID;
    INSERT INTO without VALUES (1, 'a');`)
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

test.each([
  ['many', 12_345],
  ['exact', 10_000],
  ['none', 0],
  ['named', 2],
])('every row of the table %s is counted once', (table, rows) => {
  expect(database.count(table)).toBe(rows)
})

test.each([
  ['false', 'has another column for its row ids'],
  ['half', 'has another column for its row ids'],
  ['without', 'has no row ids'],
])('the table %s is damage, for reading it by its row ids would not come to an end', (table, words) => {
  expect(() => database.count(table)).toThrow(expect.objectContaining({ code: 'MESSAGES_DAMAGED' }))
  expect(() => database.count(table)).toThrow(words)
})
