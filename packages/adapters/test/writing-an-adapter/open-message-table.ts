import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTestSqlite } from '@holdfast/adapters/testing'
import type { StorageUnderTest } from '@holdfast/core/testing'
import { importTables, messageTable } from './message-table.js'

/** The app's own table, with a column that no import knows of. */
export const appTables = `
  CREATE TABLE messages (n INTEGER PRIMARY KEY, user TEXT NOT NULL, guid TEXT NOT NULL, sender TEXT, sent_at INTEGER, text TEXT,
    starred INTEGER NOT NULL DEFAULT 0, UNIQUE (user, guid));`

/** What the suite needs: the storage on an app's database in a folder of its own, opened again, read, and damaged. */
export async function openMessageTable(): Promise<StorageUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-message-table-'))
  const path = join(folder, 'app.db')
  const db = openTestSqlite(path, { readonly: false })
  db.exec(appTables + importTables)
  const others: (typeof db)[] = []
  const run = (sql: string, ...values: unknown[]): void => void db.prepare(sql).run(...values)
  return {
    storage: messageTable(db, path),
    async reopen() {
      const other = openTestSqlite(path, { readonly: false })
      others.push(other)
      return messageTable(other, path)
    },
    async dump() {
      return {
        records: db
          .prepare('SELECT user, guid, sender, sent_at, text, starred FROM messages ORDER BY user, guid')
          .all(),
        files: db.prepare('SELECT sha256, hex(bytes) FROM import_contents ORDER BY sha256').all(),
      }
    },
    tamper: {
      removeFile: async (sha256) => run('DELETE FROM import_contents WHERE sha256 = ?', sha256),
      changeFile: async (sha256) =>
        run(
          "UPDATE import_contents SET bytes = CAST('#' || substr(bytes, 2) AS BLOB) WHERE sha256 = ?",
          sha256,
        ),
      changeMessage: async (guid) => run("UPDATE messages SET text = 'Tampered' WHERE guid = ?", guid),
      removeMessage: async (guid) => run('DELETE FROM messages WHERE guid = ?', guid),
      changeReceipt: async (id) =>
        run("UPDATE import_runs SET receipt = replace(receipt, '1', '2') WHERE id = ?", id),
      addFile: async () => run("INSERT INTO import_contents VALUES ('aa', x'00')"),
      // What somebody adds to an app's own table is the app's.
      addMessage: null,
      moveMessage: null,
    },
    addOwnMessage: async (guid, text) =>
      run("INSERT INTO messages (user, guid, text, starred) VALUES ('o', ?, ?, 1)", guid, text),
    async cleanUp() {
      for (const each of [db, ...others]) each.close()
      rmSync(folder, { recursive: true })
    },
  }
}
