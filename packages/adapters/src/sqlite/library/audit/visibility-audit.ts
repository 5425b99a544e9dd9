import type { LibraryProblem } from '@holdfast/core/import'
import { number, text } from '../fields.js'
import type { ImportRow } from '../import-rows.js'
import type { LibraryDatabase } from '../library-database.js'
import { visible } from '../migrations/visible.js'
import { shapes } from '../rows/record-rows.js'
import type { RowShape } from '../rows/row-shape.js'
import { keyOfRow } from './import-rows-audit.js'
import { pagesOf } from './pages.js'

const published = (row: string): string =>
  `(SELECT i.publication FROM import_rows AS i WHERE i.n = ${row}.import) IS NOT NULL`

/** Finds what readers do not see of an import although it brought or found it, and what they see twice. */
export async function* auditVisibilityOf(
  db: LibraryDatabase,
  { n }: ImportRow,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  for (const shape of Object.values(shapes)) {
    const of = { shape, n, signal }
    yield* search(db, of, 'note-changed', 'it replaces what is no earlier version of it', strayed(shape))
    if (shape.identity.length === 0) continue
    yield* search(db, of, 'row-hidden', null, hidden(shape))
    yield* search(db, of, 'row-doubled', null, doubled(shape))
  }
}

/** Finds what readers do not see although it was imported, what they see twice, and rows and parts that belong to nothing. */
export async function* auditVisibility(
  db: LibraryDatabase,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  for (const shape of Object.values(shapes)) {
    const of = { shape, n: null, signal }
    yield* search(db, of, 'row-unlisted', 'its import is not there', orphaned)
    yield* search(db, of, 'note-changed', 'it replaces what is no earlier version of it', strayed(shape))
    if (shape.identity.length === 0) continue
    yield* search(db, of, 'row-hidden', null, hidden(shape))
    yield* search(db, of, 'row-doubled', null, doubled(shape))
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

/** A row replaces an earlier version of the same record, or none. */
function strayed(shape: RowShape): string {
  if (shape.identity.length === 0) return 'r.supersedes IS NOT NULL'
  return `r.supersedes IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM ${shape.table} AS o WHERE o.row = r.supersedes AND o.row < r.row AND ${sameIdentity(shape)})`
}

function hidden(shape: RowShape): string {
  return `${published('r')} AND NOT (${visible('r', shape.table)}) AND NOT EXISTS (
    SELECT 1 FROM ${shape.table} AS o WHERE ${sameIdentity(shape)} AND ${visible('o', shape.table)})`
}

function doubled(shape: RowShape): string {
  return `EXISTS (SELECT 1 FROM ${shape.table} AS o WHERE ${sameIdentity(shape)} AND o.row < r.row
    AND ${visible('o', shape.table)}) AND ${visible('r', shape.table)}`
}

/** Where rows are looked for: in a whole table, or among those that import `n` brought or found. */
interface Where {
  readonly shape: RowShape
  readonly n: number | null
  readonly signal: AbortSignal
}

async function* search(
  db: LibraryDatabase,
  { shape, n, signal }: Where,
  problem: LibraryProblem['problem'],
  detail: string | null,
  condition: string,
): AsyncGenerator<LibraryProblem> {
  const [table, column] = n === null ? [shape.table, 'row' as const] : ['import_items', 'seq' as const]
  const from =
    n === null
      ? `${shape.table} AS r WHERE r.row > ? AND r.row <= ?`
      : `import_items AS i CROSS JOIN ${shape.table} AS r ON r.row = i.row
         WHERE i.seq > ? AND i.seq <= ? AND i.import = ? AND i.type = '${shape.type}'`
  const of = n === null ? [] : [n]
  for await (const { after, upTo } of pagesOf(db, table, column, {
    signal,
    ...(n === null ? {} : { of: n }),
  })) {
    const rows = db.attempt('auditing', () =>
      db.all(
        `SELECT r.row, coalesce((SELECT b.id FROM import_rows AS b WHERE b.n = r.import), '') AS import
         FROM ${from} AND ${condition}`,
        after,
        upTo,
        ...of,
      ),
    )
    for (const row of rows) {
      const key = db.attempt('auditing', () => keyOfRow(db, shape, number(row, 'row')))
      yield { problem, import: text(row, 'import') || null, type: shape.type, key, detail }
    }
  }
}
