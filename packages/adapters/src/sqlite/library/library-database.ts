import { HoldfastError } from '@holdfast/core'
import { inTransaction, type SqliteDatabase, type SqliteStatement } from '../driver.js'
import { databasePath, sqliteCodeOf } from '../result-codes.js'
import { sqlError } from '../sql-errors.js'
import { asRow, asRows, number, type Row, text } from './fields.js'
import { migrations } from './migrations/index.js'

const busyMilliseconds = 5000

/** The host's connection as the library uses it: prepared once, committed durably, every refusal told as a HoldfastError. */
export class LibraryDatabase {
  readonly #db: SqliteDatabase
  readonly #statements = new Map<string, SqliteStatement>()
  #open = false

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  /** Path of the database's file; null for one in memory. */
  get path(): string | null {
    return databasePath(this.#db)
  }

  /**
   * Makes the connection ready: makes the tables, or brings those of an earlier version to this one. Repeat calls do nothing.
   *
   * @throws HoldfastError `LIBRARY_NEWER`, `LIBRARY_DAMAGED`; then nothing was touched.
   */
  open(): void {
    if (this.#open) return
    this.attempt('opening it', () => {
      const found = this.version()
      this.#settle()
      if (found < migrations.length) {
        inTransaction(this.#db, () => {
          // Read again: another process may have been faster.
          const from = this.version()
          for (const migration of migrations.slice(from)) this.#db.exec(migration.sql)
          this.#db.exec(`UPDATE library_meta SET value = ${migrations.length} WHERE key = 'version'`)
        })
      }
    })
    this.#open = true
  }

  /**
   * The library's version, 0 where there is none yet. Only reads.
   *
   * @throws HoldfastError `LIBRARY_NEWER`, `LIBRARY_DAMAGED`.
   */
  version(): number {
    return this.attempt('reading its version', () => {
      const names = new Set(
        asRows(this.#db.prepare('SELECT name FROM sqlite_master').all()).map((row) => row['name']),
      )
      const meta = names.has('library_meta')
        ? asRow(this.#db.prepare("SELECT value FROM library_meta WHERE key = 'version'").get())
        : null
      const version = names.has('library_meta') ? knownVersion(meta?.['value']) : 0
      const taken = migrations
        .slice(version)
        .flatMap(({ commonNames }) => commonNames)
        .find((name) => names.has(name))
      if (taken === undefined) return version
      throw new HoldfastError('LIBRARY_DAMAGED', `The database has a '${taken}' that is not a library's`, {
        hint: 'Give the library a database of its own, or a Storage that writes to the tables that are there.',
        retryable: false,
        facts: { table: taken },
      })
    })
  }

  /** Tries whether the database can be written, changing nothing. Throws HoldfastError. */
  tryWriting(): void {
    this.attempt('locking it for writing', () => {
      this.#db.exec(`PRAGMA busy_timeout = ${busyMilliseconds}`)
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        // On a read-only connection BEGIN IMMEDIATE begins a read and succeeds; only a write tells. This one is taken back.
        const version = asRow(this.#db.prepare('PRAGMA user_version').get())?.['user_version']
        this.#db.exec(`PRAGMA user_version = ${Number(version ?? 0)}`)
      } finally {
        this.#db.exec('ROLLBACK')
      }
    })
  }

  /** Runs a statement; resolves with how many rows it changed, and the row that it inserted. */
  run(sql: string, ...parameters: unknown[]): { readonly changes: number; readonly row: number } {
    const { changes, lastInsertRowid } = this.#prepared(sql).run(...parameters)
    return { changes: Number(changes), row: Number(lastInsertRowid) }
  }

  /** The first row of a query; null when there is none. */
  get(sql: string, ...parameters: unknown[]): Row | null {
    return asRow(this.#prepared(sql).get(...parameters))
  }

  /** All rows of a query: one that has a limit. */
  all(sql: string, ...parameters: unknown[]): readonly Row[] {
    return asRows(this.#prepared(sql).all(...parameters))
  }

  /**
   * Runs `work` in one transaction that survives a power cut once this returns. Synchronous, so nothing of this process comes between.
   *
   * @throws HoldfastError; then nothing of it was done.
   */
  transaction<Result>(doing: string, work: () => Result): Result {
    return this.attempt(doing, () => {
      // Set every time: the connection is the host's, and better-sqlite3's default for a log is NORMAL, under which the last
      // commits may be lost with the power although a backup was already let go because of them.
      this.#db.exec('PRAGMA synchronous = FULL')
      return inTransaction(this.#db, work)
    })
  }

  /**
   * What SQLite counts of writes to the database: as long as it is the same, nobody has changed, added or removed a row or a table, neither
   * by this connection nor by another one. For {@link attempt}.
   */
  writes(): string {
    const counted = ['PRAGMA data_version', 'SELECT total_changes() AS own', 'PRAGMA schema_version'].map(
      (sql) => Object.values(this.get(sql) ?? {}).join(),
    )
    return counted.join(' ')
  }

  /** Runs `work`; what SQLite refuses is thrown as a HoldfastError. */
  attempt<Result>(doing: string, work: () => Result): Result {
    try {
      return work()
    } catch (thrown) {
      throw sqlError(thrown, doing, this.path)
    }
  }

  #prepared(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #settle(): void {
    const db = this.#db
    const timeout = asRow(db.prepare('PRAGMA busy_timeout').get())?.['timeout']
    if (typeof timeout === 'number' && timeout < busyMilliseconds) {
      db.exec(`PRAGMA busy_timeout = ${busyMilliseconds}`)
    }
    // A log lets readers go on while an import is staged. A database in memory has none, and one that is read-only keeps its own.
    const mode = asRow(db.prepare('PRAGMA journal_mode').get())
    if (mode !== null && !['wal', 'memory'].includes(text(mode, 'journal_mode'))) {
      try {
        db.exec('PRAGMA journal_mode = WAL')
      } catch (thrown) {
        if (sqliteCodeOf(thrown)?.startsWith('SQLITE_READONLY') !== true) throw thrown
      }
    }
    // On macOS only F_FULLFSYNC reaches the disk's platters; elsewhere these do nothing.
    db.exec('PRAGMA fullfsync = ON')
    db.exec('PRAGMA checkpoint_fullfsync = ON')
  }
}

function knownVersion(value: unknown): number {
  if (typeof value !== 'number') {
    throw new HoldfastError('LIBRARY_DAMAGED', 'The library does not say which version it has', {
      hint: 'Restore the library from a copy, or import the backup into a new one.',
      retryable: false,
    })
  }
  if (value > migrations.length) {
    throw new HoldfastError('LIBRARY_NEWER', 'The library was written by a newer version of this app', {
      hint: 'Update the app. Nothing was changed.',
      retryable: false,
      facts: { version: value, known: migrations.length },
    })
  }
  return value
}

/** How many imports were published into, or taken out of, the library: whoever staged against another count must begin afresh. */
export function publications(db: LibraryDatabase): number {
  const row = db.get("SELECT value FROM library_meta WHERE key = 'publications'")
  return row === null ? 0 : number(row, 'value')
}
