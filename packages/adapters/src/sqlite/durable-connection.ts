import type { SqliteDatabase } from './driver.js'

/**
 * Sets a connection so that a committed transaction survives a power cut: write-ahead log, `synchronous=FULL`.
 * better-sqlite3 compiles WAL's default to NORMAL, with which the last commits can be lost at a power cut; a journal that loses
 * an entry after its effect has begun is no journal. Waits up to five seconds for another connection's write.
 */
export function makeDurable(db: SqliteDatabase): void {
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
}
