import { readFileSync, writeFileSync } from 'node:fs'
import { openTestSqlite } from '../../src/testing/index.js'
import { changeDatabase } from './hostile-case.js'

/*
 * What an attacker can make of a database, so that whoever reads it hangs, runs out of memory, or believes it empty.
 */

/** A table becomes a view whose rows never end. */
export function endlessView(path: string, table: string): void {
  changeDatabase(
    path,
    'PRAGMA legacy_alter_table = ON',
    `ALTER TABLE "${table}" RENAME TO "real ${table}"`,
    `CREATE VIEW "${table}" AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
      SELECT t.ROWID AS ROWID, t.* FROM n, "real ${table}" t`,
  )
}

/** A table becomes a virtual one of a module that every SQLite has. */
export function virtualTable(path: string, table: string, columns: readonly string[]): void {
  changeDatabase(
    path,
    'PRAGMA legacy_alter_table = ON',
    `ALTER TABLE "${table}" RENAME TO "real ${table}"`,
    `CREATE VIRTUAL TABLE "${table}" USING fts5(${columns.join(', ')})`,
  )
}

/** A column of a table is computed, which takes a second for each row. */
export function computedColumn(path: string, table: string, column: string): void {
  const db = openTestSqlite(path, { readonly: false })
  db.exec('PRAGMA legacy_alter_table = ON')
  db.exec(`ALTER TABLE "${table}" RENAME TO "real ${table}"`)
  const columns = db.prepare(`SELECT name FROM pragma_table_info('real ${table}')`).all() as {
    name: string
  }[]
  const rest = columns
    .map(({ name }) => name)
    .filter((name) => name !== column && name.toLowerCase() !== 'rowid')
  db.exec(`CREATE TABLE "${table}" (ROWID INTEGER PRIMARY KEY, ${rest.map((name) => `"${name}"`).join(', ')},
    "${column}" AS (hex(zeroblob(40000000))))`)
  db.exec(
    `INSERT INTO "${table}" (ROWID, "${rest.join('", "')}") SELECT ROWID, "${rest.join('", "')}" FROM "real ${table}"`,
  )
  db.close()
}

/** The tree of a table becomes 18 pages, each of which names the next one 300 times: 300^17 pages to walk. */
export function exponentialTree(path: string, table: string): void {
  const db = openTestSqlite(path, { readonly: true })
  const { root } = db.prepare('SELECT rootpage AS root FROM sqlite_master WHERE name = ?').get(table) as {
    root: number
  }
  db.close()
  graftTree(path, root, 18, 300)
}

/** The same for the tree of the schema, which SQLite reads before anything else. */
export function exponentialSchema(path: string): void {
  graftTree(path, 1, 18, 300)
}

function graftTree(path: string, root: number, depth: number, cells: number): void {
  const file = readFileSync(path)
  const size = file.readUInt16BE(16)
  const pages = file.length / size
  const bytes = Buffer.concat([file, Buffer.alloc(size * depth)])
  for (let step = 0; step < depth; step++) {
    const number = step === 0 ? root : pages + step
    const header = number === 1 ? 100 : 0
    const page = bytes.subarray((number - 1) * size, number * size)
    page.fill(0, header)
    const isLeaf = step === depth - 1
    const count = isLeaf ? 0 : cells
    page.writeUInt8(isLeaf ? 13 : 5, header)
    page.writeUInt16BE(count, header + 3)
    page.writeUInt16BE((size - count * 5) & 0xffff, header + 5)
    if (!isLeaf) page.writeUInt32BE(pages + step + 1, header + 8)
    for (let cell = 0; cell < count; cell++) {
      const at = size - (cell + 1) * 5
      page.writeUInt16BE(at, header + 12 + cell * 2)
      page.writeUInt32BE(pages + step + 1, at)
      page.writeUInt8(1, at + 4)
    }
  }
  bytes.writeUInt32BE(pages + depth, 28)
  writeFileSync(path, bytes)
}

/** The words of a statement in the schema are others, of the same length: what `writable_schema` allows. */
export function rewriteSchema(path: string, from: string, to: string): void {
  const bytes = readFileSync(path)
  if (!bytes.includes(from)) throw new Error(`The schema does not say '${from}'`)
  for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, at))
    bytes.write(to.padEnd(from.length), at)
  writeFileSync(path, bytes)
}

/** A field of the file's header says something else. */
export function changeHeader(path: string, offset: number, value: number, bytes: 1 | 2 | 4): void {
  const file = readFileSync(path)
  file.writeUIntBE(value, offset, bytes)
  writeFileSync(path, file)
}

/** The same tables in another encoding. */
export function reencode(path: string, encoding: string): void {
  const source = openTestSqlite(path, { readonly: true })
  const schema = source
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all() as { name: string; sql: string }[]
  const copy = `${path}.copy`
  const target = openTestSqlite(copy, { readonly: false })
  target.exec(`PRAGMA encoding = '${encoding}'`)
  for (const { name, sql } of schema) {
    target.exec(sql)
    const columns = (
      source.prepare('SELECT name FROM pragma_table_info(?)').all(name) as { name: string }[]
    ).map((column) => column.name)
    const hasRowId = columns.some((column) => column.toLowerCase() === 'rowid')
    const all = hasRowId ? columns : ['rowid', ...columns]
    const list = all.map((column) => `"${column}"`).join(', ')
    const insert = target.prepare(`INSERT INTO "${name}" (${list}) VALUES (${all.map(() => '?').join(', ')})`)
    for (const row of source.prepare(`SELECT ${list} FROM "${name}"`).all() as Record<string, unknown>[]) {
      insert.run(...Object.values(row))
    }
  }
  source.close()
  target.close()
  writeFileSync(path, readFileSync(copy))
}

/** A rollback journal that is to be played back, and that names a file which SQLite deletes afterwards. */
export function journalNaming(victim: string, database: string): Buffer {
  const magic = Buffer.from('d9d505f920a163d7', 'hex')
  const pageBytes = readFileSync(database).readUInt16BE(16)
  const head = Buffer.alloc(512)
  magic.copy(head)
  head.writeUInt32BE(1, 12)
  head.writeUInt32BE(readFileSync(database).length / pageBytes, 16)
  head.writeUInt32BE(512, 20)
  head.writeUInt32BE(pageBytes, 24)
  const name = Buffer.from(victim)
  const tail = Buffer.alloc(12)
  tail.writeUInt32BE(name.length, 0)
  tail.writeUInt32BE(
    name.reduce((sum, byte) => sum + byte, 0),
    4,
  )
  const lockPage = Buffer.alloc(4)
  lockPage.writeUInt32BE(0x4000_0000 / pageBytes + 1)
  return Buffer.concat([head, lockPage, name, tail.subarray(0, 8), magic])
}
