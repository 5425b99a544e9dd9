import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import type { SqliteDatabase } from '@holdfast/adapters/sqlite'
import { openTestSqlite } from '@holdfast/adapters/testing'
import type { LibraryDump, StorageUnderTest } from '@holdfast/core/testing'
import { fileNames } from '../library-fixture.js'
import { appTableNames, appTables } from './app-tables.js'
import { type HostStorage, hostStorage } from './host-storage.js'
import { importTables } from './import-tables.js'
import { sealOf } from './versions.js'

/** An app in a folder of its own: its database with its users, and the folder of its attachments. */
export interface HostApp extends StorageUnderTest {
  readonly folder: string
  readonly db: SqliteDatabase
  readonly storage: HostStorage
}

/** The users that the app has. */
export const users = ['o', 'ann', 'bob']

/** Makes the database of an app, with its users. */
export function makeAppDatabase(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const db = openTestSqlite(join(folder, 'app.db'), { readonly: false })
  db.exec(`BEGIN; ${appTables} ${importTables}`)
  for (const user of users)
    db.prepare('INSERT INTO users_local VALUES (?, ?)').run(user, `${user}@example.org`)
  db.exec('COMMIT')
  db.close()
}

/** Opens an app that is there, as its process does when it starts. */
export function openApp(folder: string): { readonly db: SqliteDatabase; readonly storage: HostStorage } {
  const path = join(folder, 'app.db')
  const db = openTestSqlite(path, { readonly: false })
  return { db, storage: hostStorage(db, path, attachmentFiles(join(folder, 'attachments'))) }
}

/** Every row of every table of the app with every column, and every file. */
export function dumpApp(folder: string): LibraryDump {
  const db = openTestSqlite(join(folder, 'app.db'), { readonly: true })
  try {
    const records = appTableNames.map((table) => {
      const rows = db.prepare(`SELECT * FROM ${table}`).all()
      return [table, rows.map((row) => JSON.stringify(row)).sort()]
    })
    const root = join(folder, 'attachments')
    const hashOf = (name: string): string =>
      createHash('sha256')
        .update(readFileSync(join(root, name)))
        .digest('hex')
    return { records, files: fileNames(root).map((name) => [name, hashOf(name)]) }
  } finally {
    db.close()
  }
}

/** What the import tables of an app still hold, table by table: nothing when every import was discarded. */
export function importRows(db: SqliteDatabase): readonly unknown[] {
  const tables = ['runs', 'versions', 'items', 'before', 'files', 'arrivals', 'departures']
  return tables.flatMap((table) => db.prepare(`SELECT '${table}' AS "table", * FROM import_${table}`).all())
}

/** A new app for the contract suite. */
export async function makeHostApp(): Promise<HostApp> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-host-'))
  makeAppDatabase(folder)
  const opened: SqliteDatabase[] = []
  const open = (): ReturnType<typeof openApp> => {
    const app = openApp(folder)
    opened.push(app.db)
    return app
  }
  const { db, storage } = open()
  const run = (sql: string, ...values: unknown[]): void => void db.prepare(sql).run(...values)
  const root = join(folder, 'attachments')
  const pathOf = (sha256: string): string => {
    const name = fileNames(root).find((file) => file.includes(sha256))
    if (name === undefined) throw new Error(`no file ${sha256}`)
    return join(root, name)
  }
  return {
    folder,
    db,
    storage,
    reopen: async () => open().storage,
    dump: async () => dumpApp(folder),
    tamper: {
      removeFile: async (sha256) => unlinkSync(pathOf(sha256)),
      changeFile: async (sha256) => {
        const bytes = readFileSync(pathOf(sha256))
        bytes[0] = (bytes[0] ?? 0) ^ 1
        writeFileSync(pathOf(sha256), bytes)
      },
      changeMessage: async (guid) =>
        run("UPDATE messages SET body = 'Tampered' WHERE external_message_id = ?", guid),
      removeMessage: async (guid) => run('DELETE FROM messages WHERE external_message_id = ?', guid),
      changeReceipt: async (id) =>
        run("UPDATE import_runs SET receipt = replace(receipt, '1', '2') WHERE id = ?", id),
      addFile: async () => {
        mkdirSync(join(root, 'aa'), { recursive: true })
        writeFileSync(join(root, 'aa', `${'a'.repeat(64)}.jpg`), 'nobody’s')
      },
      // A row in the app's own tables is the app's; what says which import it is of stands beside them.
      addMessage: async (guid, like, id) => {
        const identity = JSON.stringify(['message', null, guid])
        const copied = db
          .prepare(
            `SELECT owner, json_set(record, '$.guid', ?, '$.key', ?) AS record FROM import_versions
             WHERE type = 'message' AND json_extract(record, '$.guid') = ?`,
          )
          .get(guid, guid, like) as { readonly owner: string; readonly record: string }
        run(
          `INSERT INTO import_versions (run, owner, type, identity, record, seal)
           VALUES ((SELECT n FROM import_runs WHERE id = ?), ?, 'message', ?, ?, ?)`,
          ...[id, copied.owner, identity, copied.record, sealOf(copied.record, null)],
        )
      },
      moveMessage: async (guid, id) =>
        run(
          `UPDATE import_versions SET run = (SELECT n FROM import_runs WHERE id = ?)
           WHERE type = 'message' AND json_extract(record, '$.guid') = ?`,
          id,
          guid,
        ),
    },
    addOwnMessage: async (guid, text) =>
      run(
        "INSERT INTO messages (id, user_id, external_message_id, body, is_flagged) VALUES (?, 'o', ?, ?, 1)",
        ...[`own-${guid}`, guid, text],
      ),
    cleanUp: async () => {
      for (const each of opened) each.close()
      if (existsSync(folder)) rmSync(folder, { recursive: true })
    },
  }
}
