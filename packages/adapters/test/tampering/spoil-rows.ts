import type { SqliteDatabase } from '../../src/sqlite/index.js'

/** A column of the library's tables. */
export interface Column {
  readonly table: string
  readonly column: string
}

/** What a column can hold. */
export type Held = string | number | null

/** One row, by the columns that tell it from the others of its table. */
export interface RowName {
  readonly table: string
  readonly key: ReadonlyMap<string, Held>
}

/** Tables of the library, as its file has them: not those of the journal, which lies beside it. */
export function tablesOf(db: SqliteDatabase): readonly string[] {
  return texts(
    db,
    `SELECT name AS value FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'holdfast_%'
     ORDER BY name`,
  )
}

/** Every column of every table of the library. */
export function columnsOf(db: SqliteDatabase): readonly Column[] {
  return tablesOf(db).flatMap((table) =>
    texts(db, `SELECT name AS value FROM pragma_table_info('${table}')`).map((column) => ({ table, column })),
  )
}

/** Views that readers of the library use, with their columns. */
export function viewsOf(db: SqliteDatabase): readonly string[] {
  return texts(db, "SELECT name AS value FROM sqlite_master WHERE type = 'view' ORDER BY name")
}

/** A row of a table for which a condition holds, chosen by a number; null where there is none. */
export function rowWhere(
  db: SqliteDatabase,
  table: string,
  condition: string,
  choice: number,
): RowName | null {
  const keys = texts(db, `SELECT name AS value FROM pragma_table_info('${table}') WHERE pk > 0 ORDER BY pk`)
  const found = db
    .prepare(`SELECT ${keys.join(', ')} FROM ${table} WHERE ${condition} ORDER BY ${keys.join(', ')}`)
    .all()
  if (found.length === 0) return null
  // A driver gives an object by column name.
  const row = found[choice % found.length] as Record<string, Held>
  return { table, key: new Map(keys.map((name) => [name, row[name] ?? null])) }
}

/** What a column of a row holds. */
export function valueIn(db: SqliteDatabase, { table, key }: RowName, column: string): Held {
  const row = db.prepare(`SELECT ${column} AS value FROM ${table} WHERE ${where(key)}`).get(...key.values())
  // As above.
  return (row as { readonly value: Held }).value
}

/** Puts another value into a column: one of the same kind, or one where there was none. Gives what puts the old one back. */
export function changeValue(db: SqliteDatabase, row: RowName, column: string): () => void {
  const old = valueIn(db, row, column)
  const others = old === null ? [1] : typeof old === 'string' ? [`${old}x`] : [old + 1, old + 1_000_003]
  const set = (key: RowName['key'], value: Held): void => {
    const update = `UPDATE ${row.table} SET ${column} = ? WHERE ${where(key)}`
    db.prepare(update).run(value, ...key.values())
  }
  for (const [index, other] of others.entries()) {
    try {
      set(row.key, other)
      const changed = row.key.has(column) ? new Map(row.key).set(column, other) : row.key
      return () => set(changed, old)
    } catch (thrown) {
      // The next number may be taken; one far away is not.
      if (index === others.length - 1) throw thrown
    }
  }
  throw new Error('unreachable')
}

/** Removes a row. Gives what puts it back. */
export function removeRow(db: SqliteDatabase, { table, key }: RowName): () => void {
  const old = db.prepare(`SELECT * FROM ${table} WHERE ${where(key)}`).get(...key.values())
  db.prepare(`DELETE FROM ${table} WHERE ${where(key)}`).run(...key.values())
  return () => insert(db, table, old as Record<string, Held>)
}

/** Adds a row that is a copy of another but for its key. Gives what removes it again. */
export function addRow(db: SqliteDatabase, { table, key }: RowName): () => void {
  const like = db.prepare(`SELECT * FROM ${table} WHERE ${where(key)}`).get(...key.values())
  const [last = ''] = [...key.keys()].slice(-1)
  const old = key.get(last) ?? null
  const other = new Map(key).set(last, typeof old === 'number' ? old + 1_000_003 : `${old}x`)
  insert(db, table, { ...(like as Record<string, Held>), ...Object.fromEntries(other) })
  return () => db.prepare(`DELETE FROM ${table} WHERE ${where(other)}`).run(...other.values())
}

function insert(db: SqliteDatabase, table: string, row: Readonly<Record<string, Held>>): void {
  const names = Object.keys(row)
  const places = names.map(() => '?').join(', ')
  db.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`).run(...Object.values(row))
}

function where(key: RowName['key']): string {
  return [...key.keys()].map((name) => `${name} = ?`).join(' AND ')
}

function texts(db: SqliteDatabase, sql: string): readonly string[] {
  // Each row of these queries has one text by this name.
  return (db.prepare(sql).all() as { readonly value: string }[]).map(({ value }) => value)
}
