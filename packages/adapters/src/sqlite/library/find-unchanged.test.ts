import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportRef } from '@holdfast/core/import'
import { receiptFor, sampleMessage } from '@holdfast/core/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import type { SqliteDatabase } from '../driver.js'
import { type SqliteLibrary, sqliteLibrary } from './sqlite-library.js'

const { signal } = new AbortController()
const ref: ImportRef = { id: 'i', owner: 'o', fingerprint: 'f', udid: null, stamp: 's' }

let folder: string
let db: SqliteDatabase
let library: SqliteLibrary
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-unchanged-'))
  db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  library = sqliteLibrary(db, attachmentFiles(join(folder, 'attachments')))
  await library.begin(ref)
  const records = Array.from({ length: 20 }, (_, index) => sampleMessage(`message ${index}`))
  const content = async function* (): AsyncGenerator<Uint8Array> {}
  await library.write('i', { records, cursor: 1 }, { content, signal, backup: 'stays' })
  await library.publish('i', await receiptFor(ref))
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

const writeOfAnother = (sql: string): void => {
  const other = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  other.exec(sql)
  other.close()
}

it.each([
  ['the same connection removes a row', () => void db.exec('DELETE FROM message_rows WHERE row = 7')],
  ['another connection removes a row', () => writeOfAnother('DELETE FROM message_rows WHERE row = 7')],
  ['the same connection empties the table', () => void db.exec('DELETE FROM message_rows')],
  [
    'another connection moves the rows elsewhere',
    () =>
      writeOfAnother('CREATE TABLE t AS SELECT * FROM message_rows WHERE row <> 7; DELETE FROM message_rows'),
  ],
])('a second look sees that %s', async (_, write) => {
  expect(await library.findUnchanged(ref, { signal })).toMatchObject({ import: 'i' })
  write()
  expect(await library.findUnchanged(ref, { signal })).toBeNull()
})

it('a second look after what has nothing to do with the import finds it again', async () => {
  expect(await library.findUnchanged(ref, { signal })).toMatchObject({ import: 'i' })
  writeOfAnother('CREATE TABLE of_the_host (a)')
  db.exec('INSERT INTO of_the_host VALUES (1)')
  expect(await library.findUnchanged(ref, { signal })).toMatchObject({ import: 'i' })
})
