import type { OpenSqlite, SqliteDatabase, SqliteStatement } from '../../sqlite/driver.js'
import { regularFile } from '../folder/backup-file.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { type DatabaseName, damaged, databaseError } from './database-errors.js'
import { PageTrees } from './page-trees.js'
import { checkJournals, copyAside, foldIn, type SideFile } from './private-copy.js'
import { isTruncated, readSqliteFile } from './sqlite-file.js'

/**
 * Memory for the pages of a database. Drivers give 16 MiB, which a large backup fills for its list of files and again for its messages;
 * what is read here lies one behind the other, or is found in an index whose upper pages are few.
 */
const cacheKibibytes = 4096

/** What a column of a row can hold. */
export type SqlValue = null | number | bigint | string | Uint8Array

/** What a walk through the pages of a database came to. Tables go by their names, in lower case. */
interface WalkedPages {
  /** What is wrong with tables, or with indexes of theirs. */
  readonly faults: ReadonlyMap<string, string>
  /** How many rows tables have that have row ids. */
  readonly rows: ReadonlyMap<string, number>
  /** Pages that nothing names: rows may have been on them. */
  readonly stray: number
}

/**
 * A database of the backup, open for reading. The backup stays as it is to the last byte: a database in rollback mode without side
 * files is opened where it is; any other is copied, with its side files, because SQLite creates files beside a database in
 * write-ahead mode even when it only reads.
 */
export class BackupDatabase {
  readonly name: DatabaseName
  readonly #db: SqliteDatabase
  readonly #pages: WalkedPages
  #closed = false

  private constructor(db: SqliteDatabase, name: DatabaseName, pages: WalkedPages) {
    this.#db = db
    this.name = name
    this.#pages = pages
  }

  /**
   * Opens the database at `path`, which holds whole pages up to the end that its header tells.
   *
   * @throws HoldfastError the damage code of `name`, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, or what the scratch folder throws.
   */
  static async open(
    path: string,
    name: DatabaseName,
    options: {
      readonly openSqlite: OpenSqlite
      readonly scratch: ScratchFolder
      readonly sideFiles: readonly SideFile[]
      /** Whether the file and its side files are in the scratch folder already, beside each other. @default false */
      readonly isPrivate?: boolean
    },
  ): Promise<BackupDatabase> {
    const { openSqlite, scratch, sideFiles, isPrivate = false } = options
    const file = await readSqliteFile(path)
    if (file === null) throw damaged(name, 'it is no SQLite database')
    if (sideFiles.length === 0 && isTruncated(file)) {
      throw damaged(name, `it has ${file.bytes} of ${file.neededBytes} bytes`)
    }
    const strangers = await Promise.all(['-wal', '-journal'].map((suffix) => regularFile(`${path}${suffix}`)))
    const inPlace = !file.wal && sideFiles.length === 0 && strangers.every((each) => each === null)
    if (isPrivate) await checkJournals(path, sideFiles)
    const opened = isPrivate || inPlace ? path : await copyAside(path, scratch, sideFiles)
    if (sideFiles.length > 0) foldIn(opened, name, openSqlite)
    const whole = sideFiles.length > 0 ? await readSqliteFile(opened) : file
    if (whole === null) throw damaged(name, 'it is no SQLite database')
    let db: SqliteDatabase | null = null
    let trees: PageTrees | null = null
    try {
      trees = PageTrees.open(opened, whole)
      // Preparing any statement makes SQLite read the whole schema, which lies in the tree of the first page.
      const { fault } = await trees.walk(1)
      if (fault !== null) throw damaged(name, `in its schema ${fault}`)
      db = openSqlite(opened, { readonly: true })
      // Sorters and temporary tables hold rows of the backup: they must not spill into a folder that nobody named.
      db.exec('PRAGMA temp_store = MEMORY')
      db.exec('PRAGMA trusted_schema = OFF')
      db.exec('PRAGMA cell_size_check = ON')
      // Another program could cut a mapped file off, which ends the process.
      db.exec('PRAGMA mmap_size = 0')
      db.exec(`PRAGMA cache_size = -${cacheKibibytes}`)
      // The lock of a reader is kept from one statement to the next: asking for it, and looking for side files, takes longer than finding
      // a row. In write-ahead mode it would be the lock of a writer.
      if (!whole.wal) db.exec('PRAGMA locking_mode = EXCLUSIVE')
      return new BackupDatabase(db, name, await walkAll(db, trees))
    } catch (thrown) {
      db?.close()
      throw databaseError(thrown, name)
    } finally {
      trees?.close()
    }
  }

  /** What is odd about the file and keeps nobody from reading it, a sentence each, for people. */
  get remarks(): readonly string[] {
    if (this.#pages.stray === 0) return []
    return [
      `${this.name.file} is damaged: ${this.#pages.stray} of its pages belong to no table, so rows may be missing.`,
    ]
  }

  /** Prepares a statement; what it throws when it is used is for {@link guard}. */
  prepare(sql: string): SqliteStatement {
    return this.#db.prepare(sql)
  }

  /** Runs `work`, telling a driver's error as what it means: most often the damage code of this database. */
  guard<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (thrown) {
      throw databaseError(thrown, this.name)
    }
  }

  /**
   * Names of a table's columns in lower case; null when there is no such table. To be asked before any other question about a table,
   * because it makes sure that reading the table comes to an end. A view or a virtual table is refused: what it gives is made by
   * whoever made the backup, and need never end. So is a table that computes columns, as none of a phone does.
   *
   * @throws HoldfastError the damage code.
   */
  columns(table: string): ReadonlySet<string> | null {
    return this.guard(() => {
      const [found] = rows<{ type: SqlValue; root: SqlValue }>(
        this.prepare(
          "SELECT type, rootpage AS root FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = lower(?)",
        ).all(table),
      )
      if (found === undefined) return null
      if (found.type !== 'table' || Number(found.root) <= 0) throw damaged(this.name, `${table} is no table`)
      this.#refuseFaulty(table)
      const columns = rows<{ name: string; hidden: number }>(
        this.prepare('SELECT name, hidden FROM pragma_table_xinfo(?)').all(table),
      )
      if (columns.some(({ hidden }) => hidden !== 0))
        throw damaged(this.name, `the table ${table} computes columns`)
      return new Set(columns.map(({ name }) => name.toLowerCase()))
    })
  }

  /** Whether an index begins with this column. */
  hasIndex(table: string, column: string): boolean {
    return this.#indexes(table).some((index) => index.columns[0] === column.toLowerCase())
  }

  /** Whether no two rows can have the same values in all of these columns. */
  isUnique(table: string, columns: readonly string[]): boolean {
    const wanted = new Set(columns.map((each) => each.toLowerCase()))
    return this.#indexes(table).some(
      (index) => index.unique && index.columns.length > 0 && index.columns.every((each) => wanted.has(each)),
    )
  }

  /**
   * The rows of a table, as they were counted on the pages of the table itself, not of some index. A page that lost its rows and is
   * sound otherwise is found out by an index, which goes on listing them, or by the pages that nothing names any more: they alone are no
   * reason to refuse the rows that are there, and {@link remarks} tells of them.
   *
   * @throws HoldfastError the damage code.
   */
  count(table: string): number {
    return this.guard(() => {
      this.#refuseFaulty(table)
      this.#checkRowIdName(table)
      const total = this.#pages.rows.get(table.toLowerCase())
      if (total === undefined) throw damaged(this.name, `the table ${table} has no row ids`)
      const listed = this.#listed(table, total === 0)
      if (listed > total) {
        throw damaged(this.name, `the table ${table} has ${total} rows, and an index of it lists ${listed}`)
      }
      if (total === 0 && this.#pages.stray > 0) {
        throw damaged(
          this.name,
          `the table ${table} has no rows, and ${this.#pages.stray} pages belong to no table`,
        )
      }
      return total
    })
  }

  /**
   * Checks that the row ids of a table are whole numbers to JavaScript too: one beyond 2^53 would come back rounded, and who reads on
   * behind it would read it again without end. No phone ever gets there.
   *
   * @throws HoldfastError the damage code.
   */
  checkRowIds(table: string): void {
    const odd = this.guard(() => {
      const bound = Number.MAX_SAFE_INTEGER
      return this.prepare(
        `SELECT 1 AS odd WHERE (SELECT max(ROWID) FROM "${table}") > ${bound} OR (SELECT min(ROWID) FROM "${table}") < -${bound}`,
      ).get()
    })
    if (odd !== undefined) throw damaged(this.name, `table '${table}' has row ids that no phone gives`)
  }

  /** Closes the database; repeat calls are safe. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#db.close()
  }

  #refuseFaulty(table: string): void {
    const fault = this.#pages.faults.get(table.toLowerCase())
    if (fault !== undefined) throw damaged(this.name, `in the table ${table} ${fault}`)
  }

  /** Refuses a column that has the name of the row id and is another: who reads by it would never come to an end. */
  #checkRowIdName(table: string): void {
    const keys = rows<{ name: string; type: string; pk: number }>(
      this.prepare('SELECT name, type, pk FROM pragma_table_info(?)').all(table),
    )
    const named = keys.find(({ name }) => name.toLowerCase() === 'rowid')
    if (named === undefined) return
    const isRowId = named.type.toUpperCase() === 'INTEGER' && named.pk === 1 && keys.every(({ pk }) => pk < 2)
    if (!isRowId) throw damaged(this.name, `the table ${table} has another column for its row ids`)
  }

  /** How many rows an index lists that leaves none out, or the one of all that lists most; 0 where this SQLite can read none. */
  #listed(table: string, all: boolean): number {
    const indexes = rows<{ name: string }>(
      this.prepare(`SELECT name FROM pragma_index_list(?) WHERE partial = 0 LIMIT ${all ? -1 : 1}`).all(
        table,
      ),
    )
    return Math.max(0, ...indexes.map(({ name }) => this.#listedBy(name, table)))
  }

  #listedBy(index: string, table: string): number {
    try {
      const name = index.replaceAll('"', '""')
      const [row] = rows<{ listed: number }>(
        this.prepare(`SELECT count(*) AS listed FROM "${table}" INDEXED BY "${name}"`).all(),
      )
      return row?.listed ?? 0
    } catch {
      // Indexes of a phone may sort by what only the phone has, and a torn one takes no rows from the table.
      return 0
    }
  }

  #indexes(table: string): { unique: boolean; columns: string[] }[] {
    return this.guard(() =>
      rows<{ name: string; unique: number; partial: number }>(
        this.prepare('SELECT name, "unique", partial FROM pragma_index_list(?)').all(table),
      )
        .filter(({ partial }) => partial === 0)
        .map(({ name, unique }) => ({
          unique: unique === 1,
          columns: rows<{ name: string | null }>(
            this.prepare('SELECT name FROM pragma_index_info(?) ORDER BY seqno').all(name),
          ).map((column) => column.name?.toLowerCase() ?? ''),
        })),
    )
  }
}

/**
 * Rows as their query names them. The cast is the one boundary where a driver's rows get their types: `Row` must list what the
 * SELECT gives, and its fields are {@link SqlValue}s unless the SELECT itself makes sure of more.
 */
export function rows<Row extends object>(driverRows: readonly unknown[]): readonly Row[] {
  return driverRows as readonly Row[]
}

/**
 * Makes a statement give its rows as arrays, in the order of its columns: twice as fast as objects for the rows that come by the
 * hundred thousand. better-sqlite3 and newer versions of node:sqlite can do so; with another driver the objects are taken apart.
 */
export function positional<Row extends readonly unknown[]>(
  statement: SqliteStatement & { raw?(on: boolean): unknown; setReturnArrays?(on: boolean): unknown },
): (...parameters: readonly (number | string)[]) => readonly Row[] {
  if (typeof statement.raw === 'function') statement.raw(true)
  else if (typeof statement.setReturnArrays === 'function') statement.setReturnArrays(true)
  return (...parameters) => {
    const found = statement.all(...parameters)
    const arrays: readonly unknown[] = Array.isArray(found[0])
      ? found
      : found.map((row) => Object.values(Object.assign({}, row)))
    // As in `rows`: the statement's columns make the type.
    return arrays as readonly Row[]
  }
}

/** Walks the trees of all tables and indexes. */
async function walkAll(db: SqliteDatabase, trees: PageTrees): Promise<WalkedPages> {
  const faults = new Map<string, string>()
  const counts = new Map<string, number>()
  const roots = rows<{ type: SqlValue; name: SqlValue; root: number }>(
    db.prepare('SELECT type, tbl_name AS name, rootpage AS root FROM sqlite_master WHERE rootpage > 0').all(),
  )
  for (const { type, name, root } of roots) {
    const table = String(name).toLowerCase()
    const { fault, rows: count } = await trees.walk(root, type === 'index' ? 'index' : 'table')
    if (fault !== null) faults.set(table, fault)
    if (count !== null) counts.set(table, count)
  }
  return { faults, rows: counts, stray: trees.strayPages() }
}
