import { number, type Row, type SqlValue, text, textOrNull } from './fields.js'
import type { LibraryDatabase } from './library-database.js'
import {
  exactText,
  type Parts,
  parseRowText,
  type RecordRow,
  type RowShape,
  rowHash,
  rowOf,
  rowText,
  storable,
  storedText,
} from './rows/row-shape.js'

/** A version of a record as it is in the tables now. */
export interface StoredVersion extends RecordRow {
  readonly row: number
  /** Hash that was written with it. */
  readonly hash: string
  /** Exact copy that was written with it; null where the columns say it all. */
  readonly exact: string | null
}

/** A record ready to be compared and written. */
export interface EncodedVersion extends RecordRow {
  readonly text: string
  readonly hash: string
}

/** Prepares a record's rows: the expensive part of writing, done outside of the transaction. */
export function encodeVersion(row: RecordRow): EncodedVersion {
  const encoded = rowText(row)
  return { ...row, text: encoded, hash: rowHash(encoded) }
}

/**
 * The version of a record that an import would replace: the last one that it wrote itself or that is published. Rows of other
 * unpublished imports do not count. Null when there is none.
 */
export function currentVersion(
  db: LibraryDatabase,
  row: RecordRow,
  by: { readonly n: number; readonly ownerRow: number },
): StoredVersion | null {
  const { shape } = row
  if (shape.identity.length === 0) return null
  const identity = shape.identity.map((column) => storable(row.values[shape.columns.indexOf(column)]))
  return readVersion(db, shape, 'current', [...identity, by.ownerRow, by.n])
}

/** A version by its row; null when it is gone. */
export function versionAt(db: LibraryDatabase, shape: RowShape, row: number): StoredVersion | null {
  return readVersion(db, shape, 'at', [row])
}

/**
 * The versions that a stretch of an import's ledger refers to, of one type, by their row; those that are gone are missing. One statement
 * for all of them takes a third of what one for each takes.
 */
export function versionsBetween(
  db: LibraryDatabase,
  shape: RowShape,
  stretch: { readonly n: number; readonly from: number; readonly to: number },
): ReadonlyMap<number, StoredVersion> {
  const { n, from, to } = stretch
  let found: readonly Row[]
  try {
    found = db.all(selectSql(shape, 'between'), n, from, to, shape.type)
  } catch (thrown) {
    if (!holdsBlob(thrown)) throw thrown
    // One by one, so that only the damaged row reads as an empty one.
    const rows = db.all(
      'SELECT row FROM import_items WHERE import = ? AND seq >= ? AND seq < ? AND type = ? AND row IS NOT NULL',
      n,
      from,
      to,
      shape.type,
    )
    const versions = rows.flatMap((row) => versionAt(db, shape, number(row, 'row')) ?? [])
    return new Map(versions.map((version) => [version.row, version]))
  }
  return new Map(found.map((row) => [number(row, 'row'), versionOf(db, shape, row)]))
}

/** Whether a version says, column for column, what was prepared. Its own hash alone is not believed. */
export function isSame(stored: StoredVersion, encoded: EncodedVersion): boolean {
  return stored.hash === encoded.hash && rowText(stored) === encoded.text && hasItsCopy(stored, encoded.text)
}

/** Whether a version that says this has the exact copy that it needs, and none where it needs none. */
export function hasItsCopy({ exact }: StoredVersion, said: string): boolean {
  return exact === exactText(said)
}

/** Adds a version, and gives its row. */
export function addVersion(
  db: LibraryDatabase,
  encoded: EncodedVersion,
  by: { readonly n: number; readonly ownerRow: number; readonly supersedes: number | null },
): number {
  const { shape } = encoded
  const exact = exactText(encoded.text)
  const said = saidValues(encoded.values)
  const { row } = db.run(
    insertSql(shape, said.length),
    by.n,
    by.ownerRow,
    by.supersedes,
    encoded.hash,
    exact,
    ...(exact === null ? said : said.map(storable)),
  )
  if (shape.parts !== null) {
    for (const [position, values] of encoded.parts.entries()) {
      db.run(insertPartSql(shape.parts), row, position, ...values.map(storable))
    }
  }
  return row
}

/** Removes a version if it belongs to import `n`; says whether it did. */
export function removeVersion(db: LibraryDatabase, shape: RowShape, row: number, n: number): boolean {
  const { changes } = db.run(`DELETE FROM ${shape.table} WHERE row = ? AND import = ?`, row, n)
  if (shape.parts === null) return changes > 0
  // Parts of a row that something else has removed go as well: its number is given again.
  if (changes > 0 || db.get(`SELECT 1 FROM ${shape.table} WHERE row = ?`, row) === null) {
    db.run(`DELETE FROM ${shape.parts.table} WHERE ${shape.parts.parent} = ?`, row)
  }
  return changes > 0
}

/**
 * Reads a version: its columns, or its exact copy where it has one that agrees with them. The columns come as one JSON text,
 * which costs a third of what a driver takes to make an object of thirty properties.
 */
function readVersion(
  db: LibraryDatabase,
  shape: RowShape,
  which: 'current' | 'at',
  parameters: readonly (SqlValue | undefined)[],
): StoredVersion | null {
  let found: Row | null
  try {
    found = db.get(selectSql(shape, which), ...parameters)
  } catch (thrown) {
    if (!holdsBlob(thrown)) throw thrown
    found = db.get(selectSql(shape, which).replace(/json_array\(.*?\)/, "'[]'"), ...parameters)
  }
  return found === null ? null : versionOf(db, shape, found)
}

/** Nothing of the library writes a blob, and JSON holds none: a row that has one was damaged, and reads as an empty one. */
function holdsBlob(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.includes('BLOB')
}

function versionOf(db: LibraryDatabase, shape: RowShape, found: Row): StoredVersion {
  const row = number(found, 'row')
  const columns = rowOf(shape, text(found, 'held'), partsOf(db, shape, row))
  const exact = textOrNull(found, 'exact')
  const held = exact !== null && agrees(exact, columns) ? parseRowText(shape, exact) : columns
  return { shape: held.shape, values: held.values, parts: held.parts, row, hash: text(found, 'hash'), exact }
}

/** Whether an exact copy says what the columns say, as far as they can. */
function agrees(exact: string, columns: RecordRow): boolean {
  try {
    return storedText(exact) === rowText(columns)
  } catch {
    // No JSON: nothing of the library wrote it.
    return false
  }
}

function partsOf(db: LibraryDatabase, shape: RowShape, row: number): Parts {
  if (shape.parts === null) return []
  const { table, parent, columns } = shape.parts
  const rows = db.all(`SELECT * FROM ${table} WHERE ${parent} = ? ORDER BY position`, row)
  // A part that is not in its place says so, which its row's hash does not fit.
  return rows.map((part, place) => {
    const values = columns.map((column) => part[column] ?? null)
    return part['position'] === place ? values : [...values, part['position'] ?? null]
  })
}

// Statements are prepared once per text; these texts are made once per shape.
const selectSqls = {
  current: new Map<RowShape, string>(),
  at: new Map<RowShape, string>(),
  between: new Map<RowShape, string>(),
}
const insertSqls = new Map<RowShape, string[]>()

function selectSql(shape: RowShape, which: 'current' | 'at' | 'between'): string {
  let sql = selectSqls[which].get(shape)
  if (sql === undefined) {
    const [first = '', ...others] = shape.identity
    // Rows come in the order of the index, which is by row where the first column is equal: no sorting.
    const current = `${first} = ?${others.map((column) => ` AND ${column} IS ?`).join('')}
      AND owner = ? AND (import = ? OR (SELECT i.publication FROM import_rows AS i WHERE i.n = import) IS NOT NULL)
      ORDER BY row DESC LIMIT 1`
    const held = (from: string) =>
      `${from}row, ${from}hash, ${from}exact, json_array(${shape.columns.map((column) => from + column).join(', ')}) AS held`
    sql =
      which === 'between'
        ? `SELECT ${held('v.')} FROM import_items AS i CROSS JOIN ${shape.table} AS v ON v.row = i.row
           WHERE i.import = ? AND i.seq >= ? AND i.seq < ? AND i.type = ?`
        : `SELECT ${held('')} FROM ${shape.table} WHERE ${which === 'at' ? 'row = ?' : current}`
    selectSqls[which].set(shape, sql)
  }
  return sql
}

/** The values up to the last that is not null: most rows say little in most columns, and binding a null costs as much as a number. */
function saidValues(values: readonly SqlValue[]): readonly SqlValue[] {
  let length = values.length
  while (length > 0 && values[length - 1] === null) length--
  return values.slice(0, length)
}

/** Inserts a row that has nothing in the columns after the first `length`. */
function insertSql(shape: RowShape, length: number): string {
  const known = insertSqls.get(shape) ?? []
  insertSqls.set(shape, known)
  let sql = known[length]
  if (sql === undefined) {
    const columns = ['import', 'owner', 'supersedes', 'hash', 'exact', ...shape.columns.slice(0, length)]
    sql = `INSERT INTO ${shape.table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
    known[length] = sql
  }
  return sql
}

function insertPartSql(parts: NonNullable<RowShape['parts']>): string {
  const columns = [parts.parent, 'position', ...parts.columns]
  return `INSERT INTO ${parts.table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
}
