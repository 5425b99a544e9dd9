import { createRequire } from 'node:module'
import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'

/** A prepared statement, as better-sqlite3 and node:sqlite shape it. Parameters are positional. */
export interface SqliteStatement {
  run(...parameters: unknown[]): {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
  get(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown[]
  iterate(...parameters: unknown[]): IterableIterator<unknown>
}

/**
 * The part of a synchronous SQLite driver that the adapters use. The host owns and opens the database;
 * better-sqlite3 12 and 13 fit as they are, and so does node:sqlite's DatabaseSync.
 */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  exec(sql: string): unknown
  close(): unknown
}

/** Opens a database file; `readonly` never creates one. */
export type OpenSqlite = (path: string, options: { readonly readonly: boolean }) => SqliteDatabase

/** What `require('better-sqlite3')` gives. */
export type BetterSqlite3 = new (
  path: string,
  options?: { readonly?: boolean; fileMustExist?: boolean },
) => SqliteDatabase

/**
 * An {@link OpenSqlite} on a better-sqlite3 that the host has loaded.
 *
 * @throws HoldfastError `DRIVER_UNSUPPORTED` for better-sqlite3 13 on a Node older than 22.14: it needs Node-API 10, says so
 *   nowhere, and ends the process with a segmentation fault (WiseLibs/better-sqlite3#1514).
 *   The opener throws `DRIVER_MISSING` where the binary is not there, or is for another runtime.
 */
export function betterSqlite3(Database: BetterSqlite3, version: string): OpenSqlite {
  if (Number.parseInt(version, 10) >= 13 && Number(process.versions['napi'] ?? 0) < 10) {
    throw new HoldfastError(
      'DRIVER_UNSUPPORTED',
      `better-sqlite3 ${version} needs Node 22.14 or newer; this is Node ${process.versions.node}`,
      { hint: 'Install better-sqlite3 12 beside this Node, or use a newer Node.', retryable: false },
    )
  }
  return (path, options) => {
    try {
      return new Database(path, { readonly: options.readonly, fileMustExist: options.readonly })
    } catch (cause) {
      throw isNotBuilt(cause) ? notBuilt(version, cause) : cause
    }
  }
}

/** better-sqlite3 looks for its binary only when a database is opened, and says so in an error that names dozens of paths. */
function isNotBuilt(thrown: unknown): boolean {
  const isBindings =
    thrown instanceof Error && thrown.message.startsWith('Could not locate the bindings file')
  return isBindings || systemCodeOf(thrown) === 'ERR_DLOPEN_FAILED'
}

function notBuilt(version: string, cause: unknown): HoldfastError {
  return new HoldfastError('DRIVER_MISSING', `better-sqlite3 ${version} is not built for this runtime`, {
    hint: 'Rebuild it (npm rebuild better-sqlite3; in Electron @electron/rebuild), or install version 13, which needs no build.',
    retryable: false,
    cause,
  })
}

/**
 * The better-sqlite3 that is installed beside the adapters, found when it is first needed.
 *
 * @throws HoldfastError `DRIVER_MISSING`, `DRIVER_UNSUPPORTED`.
 */
export const openInstalledSqlite: OpenSqlite = (path, options) => {
  installed ??= loadInstalled()
  return installed(path, options)
}

let installed: OpenSqlite | undefined

function loadInstalled(): OpenSqlite {
  const require = createRequire(import.meta.url)
  try {
    const manifest: { version: string } = require('better-sqlite3/package.json')
    const Database: BetterSqlite3 = require('better-sqlite3')
    return betterSqlite3(Database, manifest.version)
  } catch (cause) {
    if (isHoldfastError(cause)) throw cause
    throw new HoldfastError('DRIVER_MISSING', 'better-sqlite3 is not installed', {
      hint: 'Add better-sqlite3 (12.11 or newer) to the app, or pass a database opener of your own.',
      retryable: false,
      cause,
    })
  }
}

/** The statements of a transaction, prepared once for each database: parsing them again would cost as much as an insert. */
interface Transaction {
  readonly begin: SqliteStatement
  readonly beginReading: SqliteStatement
  readonly commit: SqliteStatement
  readonly rollback: SqliteStatement
}
const transactions = new WeakMap<SqliteDatabase, Transaction>()

function transactionOf(db: SqliteDatabase): Transaction {
  let known = transactions.get(db)
  if (known === undefined) {
    known = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      beginReading: db.prepare('BEGIN'),
      commit: db.prepare('COMMIT'),
      rollback: db.prepare('ROLLBACK'),
    }
    transactions.set(db, known)
  }
  return known
}

/** Whether a transaction is open on the connection, as better-sqlite3 and node:sqlite say it; null where the driver does not say. */
export function isInTransaction(
  db: SqliteDatabase & { readonly inTransaction?: unknown; readonly isTransaction?: unknown },
): boolean | null {
  const said = db.inTransaction ?? db.isTransaction
  return typeof said === 'boolean' ? said : null
}

/**
 * Runs `work` in one IMMEDIATE transaction: committed when it returns, rolled back when it throws.
 * `work` is synchronous, so nothing else of this process comes between.
 */
export function inTransaction<Result>(db: SqliteDatabase, work: () => Result): Result {
  const { begin } = transactionOf(db)
  return transact(db, begin, work)
}

/** Runs `work`, which only reads, on the database as it is at one moment, whatever other processes write meanwhile. */
export function atOneMoment<Result>(db: SqliteDatabase, work: () => Result): Result {
  const { beginReading } = transactionOf(db)
  return transact(db, beginReading, work)
}

function transact<Result>(db: SqliteDatabase, begin: SqliteStatement, work: () => Result): Result {
  const { commit, rollback } = transactionOf(db)
  begin.run()
  let result: Result
  try {
    result = work()
    commit.run()
  } catch (error) {
    try {
      rollback.run()
    } catch {
      // A full disk or an I/O error rolls back by itself; what counts is the first error.
    }
    throw error
  }
  return result
}
