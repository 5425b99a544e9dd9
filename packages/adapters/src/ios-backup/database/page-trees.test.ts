import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestSqlite } from '../../testing/index.js'
import { Random } from '../../testing/synthetic-backup/random.js'
import { PageTrees } from './page-trees.js'
import { readSqliteFile } from './sqlite-file.js'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-trees-'))
let path: string
let number = 0

beforeEach(() => {
  path = join(folder, `${number++}.db`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function make(...statements: readonly string[]): void {
  const db = openTestSqlite(path, { readonly: false })
  for (const sql of statements) db.exec(sql)
  db.close()
}

/** What is wrong with the trees of the file: of the schema, and of each table and index by its name; and pages that none of them has. */
async function faults(): Promise<string[]> {
  const header = await readSqliteFile(path)
  if (header === null) throw new Error('no database')
  const trees = PageTrees.open(path, header)
  const { fault: schema } = await trees.walk(1)
  const found = schema === null ? [] : [schema]
  const db = openTestSqlite(path, { readonly: true })
  const roots = db.prepare('SELECT type, name, rootpage FROM sqlite_master WHERE rootpage > 0').all() as {
    type: 'table' | 'index'
    name: string
    rootpage: number
  }[]
  db.close()
  for (const { type, name, rootpage } of roots) {
    const { fault } = await trees.walk(rootpage, type)
    if (fault !== null) found.push(`${name}: ${fault}`)
  }
  // What lies behind a fault was not walked.
  const stray = trees.strayPages()
  if (found.length === 0 && stray > 0) found.push(`${stray} stray pages`)
  trees.close()
  return found
}

/** Changes the file; pages count from 1. */
function change(edit: (bytes: Buffer, page: (number: number) => Buffer) => unknown): void {
  const bytes = readFileSync(path)
  const page = (at: number) => bytes.subarray((at - 1) * 4096, at * 4096)
  edit(bytes, page)
  writeFileSync(path, bytes)
}

function rootOf(name: string): number {
  const db = openTestSqlite(path, { readonly: true })
  const row = db.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(name) as {
    rootpage: number
  }
  db.close()
  return row.rootpage
}

const thousand = `CREATE TABLE t (text); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  INSERT INTO t SELECT printf('%0100d', i) FROM n`

describe('the trees of a database that SQLite finds whole are found whole', () => {
  test.each([512, 1024, 4096, 65_536])(
    'after thousands of random changes, with pages of %i bytes',
    async (size) => {
      const seed = process.env['HOLDFAST_SEED'] ?? 'trees'
      const random = new Random(`${seed} ${size}`)
      make(`PRAGMA page_size = ${size}; PRAGMA auto_vacuum = ${random.integer(0, 2)}`)
      const db = openTestSqlite(path, { readonly: false })
      db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, blob BLOB); CREATE INDEX by_text ON t (text);
      CREATE TABLE w (a TEXT PRIMARY KEY, b BLOB) WITHOUT ROWID; BEGIN`)
      const insert = db.prepare('INSERT OR REPLACE INTO t VALUES (?, ?, zeroblob(?))')
      const pair = db.prepare('INSERT OR REPLACE INTO w VALUES (?, zeroblob(?))')
      const remove = db.prepare('DELETE FROM t WHERE id BETWEEN ? AND ?')
      for (let round = 0; round < 3000; round++) {
        const id = random.chance(0.1) ? -random.integer(1, 9e15) : random.integer(1, 5000)
        const bytes = random.chance(0.1) ? random.integer(0, 20_000) : random.integer(0, 60)
        const kind = random.integer(0, 9)
        if (kind < 7) insert.run(id, 'x'.repeat(random.integer(0, 300)), bytes)
        else if (kind < 9) pair.run(random.hex(random.integer(1, 40)), bytes)
        else remove.run(id, id + random.integer(0, 200))
      }
      db.exec('COMMIT')
      expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
      db.close()
      expect(await faults(), `seed ${seed}`).toEqual([])
    },
  )

  test('without any rows, and with all rows deleted', async () => {
    make(thousand, 'CREATE TABLE e (x)', 'DELETE FROM t')
    expect(await faults()).toEqual([])
  })

  test('with bytes on each page that are left to an extension', async () => {
    make('PRAGMA user_version = 1')
    change((_, page) => {
      page(1).writeUInt8(32, 20)
      page(1).writeUInt16BE(4064, 105)
    })
    make(thousand)
    expect(await faults()).toEqual([])
  })
})

test('the event loop has its turns while a large tree is walked', async () => {
  make('PRAGMA page_size = 512', thousand, 'INSERT INTO t SELECT t.text FROM t, (SELECT 1 FROM t LIMIT 15)')
  const header = await readSqliteFile(path)
  if (header === null) throw new Error('no database')
  const trees = PageTrees.open(path, header)
  let turns = 0
  let done = false
  const count = (): void => {
    turns += 1
    if (!done) setImmediate(count)
  }
  setImmediate(count)
  expect(await trees.walk(rootOf('t'))).toEqual({ fault: null, rows: 16_000 })
  done = true
  trees.close()
  expect(turns).toBeGreaterThanOrEqual(4)
})

describe('is found out', () => {
  test('a file that was cut off since its header was read', async () => {
    make(thousand)
    const header = await readSqliteFile(path)
    if (header === null) throw new Error('no database')
    const trees = PageTrees.open(path, header)
    truncateSync(path, header.bytes - 4096 * 10 - 1)
    expect((await trees.walk(2)).fault).toMatch(/^page \d+ was cut off$/)
    trees.close()
  })

  test('a tree of 20 pages, each naming the next one 300 times', async () => {
    make('CREATE TABLE t (text)')
    writeFileSync(path, dag(readFileSync(path), 20, 300))
    expect(await faults()).toEqual([expect.stringMatching(/^t: page \d+ is named twice/)])
  })

  test('a page that names itself', async () => {
    make(thousand)
    change((_, page) => page(2).writeUInt32BE(2, 8))
    expect(await faults()).toEqual(['t: page 2 is named twice'])
  })

  test('two tables with the same pages', async () => {
    make(thousand, 'CREATE TABLE u (text)', 'PRAGMA writable_schema = ON')
    const text = Buffer.from('CREATE TABLE u (text)')
    change((bytes) => {
      // In the schema's row the root page is the byte before the statement.
      bytes.writeUInt8(2, bytes.indexOf(text) - 1)
    })
    expect(await faults()).toEqual(['u: page 2 is named twice'])
  })

  test('a page beyond the end', async () => {
    make(thousand)
    change((_, page) => page(2).writeUInt32BE(0x7fff_ffff, 8))
    expect(await faults()).toEqual(['t: page 2147483647 is named, which is not there'])
  })

  test('row ids that go backwards, and those that no number holds', async () => {
    make('CREATE TABLE t (text)', "INSERT INTO t (rowid, text) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    change((_, page) => page(2).writeUInt8(9, page(2).readUInt16BE(8) + 1))
    expect(await faults()).toEqual(['t: rows are out of order'])
    rmSync(path)
    make('CREATE TABLE t (text)', 'INSERT INTO t (rowid) VALUES (9007199254740993)')
    expect(await faults()).toEqual(['t: a row id is larger than any phone counts'])
  })

  test('rows that claim each other’s bytes', async () => {
    make(
      'CREATE TABLE t (text)',
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO t SELECT zeroblob(20000) FROM n`,
    )
    change((bytes) => {
      // What lies on the row's own page is the rest that does not fill another one: it stays the same.
      const [before, after] = [claim(20_004), claim(20_004 + 4092 * 100)]
      for (let at = bytes.indexOf(before); at !== -1; at = bytes.indexOf(before, at + 1))
        after.copy(bytes, at)
    })
    expect(await faults()).toEqual(['t: rows claim more bytes than the file has'])
  })

  test('a page that has lost some of its rows, or all', async () => {
    make('CREATE TABLE t (text)', "INSERT INTO t VALUES ('a'), ('b'), ('c')")
    change((_, page) => page(2).writeUInt16BE(2, 3))
    expect(await faults()).toEqual(['t: page 2 does not account for all of its bytes'])
    change((_, page) => page(2).writeUInt16BE(0, 3))
    expect(await faults()).toEqual(['t: page 2 has lost its rows'])
  })

  test('pages that no tree has any more, because an empty one took the place of their root', async () => {
    make(thousand, 'CREATE TABLE e (x)')
    change((_, page) => page(2).set(page(readFileSync(path).length / 4096)))
    expect(await faults()).toEqual([expect.stringMatching(/^\d+ stray pages$/)])
  })

  test('a page of a table in an index, and of an index in a table', async () => {
    make(thousand, 'CREATE INDEX i ON t (text)', 'CREATE TABLE e (x)')
    const last = readFileSync(path).length / 4096
    const root = rootOf('i')
    change((_, page) => page(root).set(page(last)))
    expect(await faults()).toEqual([`i: page ${root} is one of another tree`])
    rmSync(path)
    make(thousand, 'CREATE TABLE e (x PRIMARY KEY)')
    const index = readFileSync(path).length / 4096
    change((_, page) => page(page(2).readUInt32BE(8)).set(page(index)))
    expect(await faults()).toEqual([expect.stringMatching(/^t: page \d+ is one of another tree$/)])
  })

  test('a schema that is no tree, before SQLite has seen it', async () => {
    make('CREATE TABLE t (text)')
    change((bytes) => {
      bytes.writeUInt8(5, 100)
      bytes.writeUInt16BE(0, 103)
      bytes.writeUInt16BE(0, 105)
      bytes.writeUInt32BE(1, 108)
    })
    const header = await readSqliteFile(path)
    if (header === null) throw new Error('no database')
    const trees = PageTrees.open(path, header)
    expect((await trees.walk(1)).fault).toMatch(/page 1/)
    trees.close()
  })
})

/** A varint of three bytes. */
function claim(bytes: number): Buffer {
  return Buffer.from([0x80 | (bytes >> 14), 0x80 | ((bytes >> 7) & 127), bytes & 127])
}

/** A database whose first table is a chain of pages, each of whose cells names the next one. */
function dag(file: Buffer, depth: number, cells: number): Buffer {
  const bytes = Buffer.concat([file.subarray(0, 4096), Buffer.alloc(4096 * depth)])
  for (let step = 0; step < depth; step++) {
    const page = bytes.subarray(4096 * (step + 1), 4096 * (step + 2))
    const isLeaf = step === depth - 1
    page.writeUInt8(isLeaf ? 13 : 5, 0)
    const count = isLeaf ? 0 : cells
    page.writeUInt16BE(count, 3)
    page.writeUInt16BE(4096 - count * 5, 5)
    page.writeUInt32BE(step + 3, 8)
    for (let cell = 0; cell < count; cell++) {
      const at = 4096 - (cell + 1) * 5
      page.writeUInt16BE(at, 12 + cell * 2)
      page.writeUInt32BE(step + 3, at)
      page.writeUInt8(1, at + 4)
    }
  }
  bytes.writeUInt32BE(depth + 1, 28)
  return bytes
}
