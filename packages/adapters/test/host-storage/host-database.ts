import { inTransaction, type SqliteDatabase, sqlError } from '@holdfast/adapters/sqlite'

/** A value of a column. */
export type Value = string | number | null

/** The app's connection: foreign keys enforced, commits that survive a power cut, and what SQLite refuses told with a code. */
export class HostDatabase {
  readonly path: string
  readonly #db: SqliteDatabase

  constructor(db: SqliteDatabase, path: string) {
    this.#db = db
    this.path = path
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON',
    )
  }

  /** Runs a statement; gives how many rows it changed, and the row that it inserted. */
  run(
    sql: string,
    ...values: readonly (Value | undefined)[]
  ): { readonly changes: number; readonly row: number } {
    return this.#attempt(() => {
      const { changes, lastInsertRowid } = this.#db.prepare(sql).run(...values)
      return { changes: Number(changes), row: Number(lastInsertRowid) }
    })
  }

  /** All rows of a query. The caller names the columns, so it knows the shape of a row. */
  all<Row>(sql: string, ...values: readonly Value[]): readonly Row[] {
    // The driver knows no types; each query stands beside the type of its rows.
    return this.#attempt(() => this.#db.prepare(sql).all(...values)) as readonly Row[]
  }

  /** The first row of a query; null when there is none. */
  one<Row>(sql: string, ...values: readonly Value[]): Row | null {
    return this.all<Row>(sql, ...values)[0] ?? null
  }

  /** Runs `work` in one transaction. */
  transaction<Result>(work: () => Result): Result {
    return this.#attempt(() => inTransaction(this.#db, work))
  }

  #attempt<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (thrown) {
      throw sqlError(thrown, 'writing what is imported', this.path)
    }
  }
}
