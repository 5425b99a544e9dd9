import type { ImportRecord, LibraryProblem } from '@holdfast/core/import'
import { number, type Row, RowUnreadable, text } from '../fields.js'
import type { ImportRow } from '../import-rows.js'
import type { LibraryDatabase } from '../library-database.js'
import { shapes, toRecord } from '../rows/record-rows.js'
import type { RowShape } from '../rows/row-shape.js'
import { versionAt } from '../versions.js'
import { type AuditLists, beginList } from './audit-lists.js'
import { pagesOf } from './pages.js'

/**
 * Holds the rows that say that an import brought them against its list of items, both ways: each row is listed by the import that it
 * names, and each row that the import wrote names it, and its owner.
 */
export async function* auditRowsOfImport(
  db: LibraryDatabase,
  found: ImportRow,
  lists: AuditLists,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  db.attempt('auditing', () => {
    for (const list of [lists.listed, lists.unlisted])
      beginList(db, list, 'type TEXT, row INTEGER', 'type, row')
  })
  for await (const { after, upTo } of pagesOf(db, 'import_items', 'seq', { signal, of: found.n })) {
    db.attempt('auditing', () =>
      db.run(
        `INSERT OR IGNORE INTO ${lists.listed} SELECT type, row FROM import_items
         WHERE import = ? AND seq > ? AND seq <= ? AND outcome <> 'present' AND row IS NOT NULL`,
        found.n,
        after,
        upTo,
      ),
    )
  }
  for (const shape of Object.values(shapes)) {
    yield* rowsAstray(db, found, shape, signal)
    await noteUnlisted(db, found, shape, lists, signal)
  }
  yield* unlisted(db, found, lists, signal)
}

/**
 * Rows that the import wrote and that name another one, or another owner; and rows that it found, or that hold what it skipped, and that name
 * neither it nor one that was there before it.
 */
async function* rowsAstray(
  db: LibraryDatabase,
  found: ImportRow,
  shape: RowShape,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  for await (const { after, upTo } of pagesOf(db, 'import_items', 'seq', { signal, of: found.n })) {
    const rows = db.attempt('auditing', () =>
      db.all(
        `SELECT i.key, r.import FROM import_items AS i JOIN ${shape.table} AS r ON r.row = i.row
         WHERE i.import = ? AND i.seq > ? AND i.seq <= ? AND i.type = ? AND (r.owner <> ?
           OR (r.import <> i.import AND (i.outcome IN ('stored', 'failed')
             OR coalesce((SELECT b.publication >= ? FROM import_rows AS b WHERE b.n = r.import), 1))))`,
        found.n,
        after,
        upTo,
        shape.type,
        found.ownerRow,
        found.publication ?? Number.MAX_SAFE_INTEGER,
      ),
    )
    for (const row of rows) {
      const detail = number(row, 'import') === found.n ? 'it has another owner' : 'it names another import'
      yield { problem: 'row-astray', import: found.id, type: shape.type, key: text(row, 'key'), detail }
    }
  }
}

/** Notes the rows that name the import and are not among those that it wrote. */
async function noteUnlisted(
  db: LibraryDatabase,
  found: ImportRow,
  { type, table }: RowShape,
  lists: AuditLists,
  signal: AbortSignal,
): Promise<void> {
  for await (const { after, upTo } of pagesOf(db, table, 'row', { signal })) {
    db.attempt('auditing', () =>
      db.run(
        `INSERT INTO ${lists.unlisted} SELECT ?, r.row FROM ${table} AS r
         WHERE r.row > ? AND r.row <= ? AND r.import = ?
           AND NOT EXISTS (SELECT 1 FROM ${lists.listed} AS a WHERE a.type = ? AND a.row = r.row)`,
        type,
        after,
        upTo,
        found.n,
        type,
      ),
    )
  }
}

/**
 * What is still unlisted once the items are looked at that were present already: their rows are the import's own where it inherited
 * them from one that was discarded.
 */
async function* unlisted(
  db: LibraryDatabase,
  found: ImportRow,
  lists: AuditLists,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  const isLeft = () => db.get(`SELECT 1 FROM ${lists.unlisted} LIMIT 1`) !== null
  if (!db.attempt('auditing', isLeft)) return
  // Only what is published inherits.
  if (found.publication !== null) await excuseFound(db, found, lists, signal)
  // A generator may rest for long between two of these; each is read on its own.
  for (;;) {
    const row = db.attempt('auditing', () => {
      const next = db.get(`SELECT type, row FROM ${lists.unlisted} LIMIT 1`)
      if (next !== null)
        db.run(`DELETE FROM ${lists.unlisted} WHERE type = ? AND row = ?`, next['type'], next['row'])
      return next
    })
    if (row === null) return
    yield* db.attempt('auditing', () => unlistedRow(db, found, row))
  }
}

/** Takes the rows off the list that the import found. */
async function excuseFound(
  db: LibraryDatabase,
  found: ImportRow,
  lists: AuditLists,
  signal: AbortSignal,
): Promise<void> {
  for await (const { after, upTo } of pagesOf(db, 'import_items', 'seq', { signal, of: found.n })) {
    db.attempt('auditing', () =>
      db.run(
        `DELETE FROM ${lists.unlisted} WHERE (type, row) IN
           (SELECT type, row FROM import_items WHERE import = ? AND seq > ? AND seq <= ? AND outcome = 'present')`,
        found.n,
        after,
        upTo,
      ),
    )
  }
}

/** What to say of a row that the import does not list: where another one wrote it, it has changed hands. */
function unlistedRow(db: LibraryDatabase, found: ImportRow, row: Row): readonly LibraryProblem[] {
  // `type` is the type of a shape, as it was inserted above.
  const type = text(row, 'type') as ImportRecord['type']
  const writer = db.get(
    "SELECT i.import FROM import_items AS i WHERE i.type = ? AND i.row = ? AND i.outcome IN ('stored', 'failed')",
    type,
    number(row, 'row'),
  )
  const key = keyOfRow(db, shapes[type], number(row, 'row'))
  const about = { import: found.id, type, key }
  if (writer === null) return [{ problem: 'row-unlisted', ...about, detail: null }]
  return [{ problem: 'row-astray', ...about, detail: 'another import wrote it' }]
}

/** The key of the record that a row holds; the row's number where it holds none. */
export function keyOfRow(db: LibraryDatabase, shape: RowShape, row: number): string {
  try {
    const stored = versionAt(db, shape, row)
    if (stored !== null) return toRecord(stored).key
  } catch (thrown) {
    if (!(thrown instanceof RowUnreadable)) throw thrown
  }
  return `row ${row}`
}
