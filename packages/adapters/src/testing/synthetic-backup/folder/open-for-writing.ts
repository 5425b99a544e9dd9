import type { OpenSqlite, SqliteDatabase } from '../../../sqlite/driver.js'

/** A new database in rollback-journal mode that is written at full speed: no journal, nothing flushed. */
export function openForWriting(path: string, openSqlite: OpenSqlite): SqliteDatabase {
  const db = openSqlite(path, { readonly: false })
  db.exec(`PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF`)
  return db
}
