import type { LibraryProblem } from '@holdfast/core/import'
import { number, text } from '../fields.js'
import type { LibraryDatabase } from '../library-database.js'
import { visible } from '../migrations/visible.js'
import { shapes } from '../rows/record-rows.js'
import type { RowShape } from '../rows/row-shape.js'
import { keyOfRow } from './import-rows-audit.js'
import { pagesOf } from './pages.js'

const published = (row: string): string =>
  `(SELECT i.publication FROM import_rows AS i WHERE i.n = ${row}.import) IS NOT NULL`

/** Finds what readers do not see although it was imported, what they see twice, and rows and parts that belong to nothing. */
export async function* auditVisibility(
  db: LibraryDatabase,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  for (const shape of Object.values(shapes)) {
    yield* search(db, shape, 'row-unlisted', 'its import is not there', orphaned, signal)
    if (shape.identity.length === 0) continue
    yield* search(db, shape, 'row-hidden', null, hidden(shape), signal)
    yield* search(db, shape, 'row-doubled', null, doubled(shape), signal)
    if (shape.parts === null) continue
    const { table, parent } = shape.parts
    const lost = db.attempt('auditing', () =>
      db.all(
        `SELECT DISTINCT p.${parent} AS row FROM ${table} AS p
         WHERE NOT EXISTS (SELECT 1 FROM ${shape.table} AS r WHERE r.row = p.${parent}) LIMIT 100`,
      ),
    )
    for (const row of lost) {
      const key = `row ${number(row, 'row')}`
      yield {
        problem: 'row-unlisted',
        import: null,
        type: shape.type,
        key,
        detail: `a part in ${table} without its row`,
      }
    }
  }
}

const orphaned = 'NOT EXISTS (SELECT 1 FROM import_rows AS i WHERE i.n = r.import)'

const sameIdentity = ({ identity }: RowShape): string =>
  `${identity.map((column) => `o.${column} IS r.${column}`).join(' AND ')} AND o.owner = r.owner`

function hidden(shape: RowShape): string {
  return `${published('r')} AND NOT (${visible('r', shape.table)}) AND NOT EXISTS (
    SELECT 1 FROM ${shape.table} AS o WHERE ${sameIdentity(shape)} AND ${visible('o', shape.table)})`
}

function doubled(shape: RowShape): string {
  return `EXISTS (SELECT 1 FROM ${shape.table} AS o WHERE ${sameIdentity(shape)} AND o.row < r.row
    AND ${visible('o', shape.table)}) AND ${visible('r', shape.table)}`
}

async function* search(
  db: LibraryDatabase,
  shape: RowShape,
  problem: LibraryProblem['problem'],
  detail: string | null,
  condition: string,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  for await (const { after, upTo } of pagesOf(db, shape.table, 'row', { signal })) {
    const rows = db.attempt('auditing', () =>
      db.all(
        `SELECT r.row, coalesce((SELECT i.id FROM import_rows AS i WHERE i.n = r.import), '') AS import
         FROM ${shape.table} AS r WHERE r.row > ? AND r.row <= ? AND ${condition}`,
        after,
        upTo,
      ),
    )
    for (const row of rows) {
      const key = db.attempt('auditing', () => keyOfRow(db, shape, number(row, 'row')))
      const id = text(row, 'import')
      yield { problem, import: id === '' ? null : id, type: shape.type, key, detail }
    }
  }
}
