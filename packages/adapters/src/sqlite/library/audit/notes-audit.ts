import type { LibraryProblem } from '@holdfast/core/import'
import { number, text } from '../fields.js'
import type { ImportRow } from '../import-rows.js'
import type { LibraryDatabase } from '../library-database.js'
import { migrations } from '../migrations/index.js'

/** Holds what an import's own row notes of it against its list of items: their number, and that none is missing between them. */
export function* auditLedger(db: LibraryDatabase, found: ImportRow): Generator<LibraryProblem> {
  const about = { problem: 'note-changed', import: found.id, type: 'import', key: found.id } as const
  const ledger = db.attempt('auditing', () =>
    db.get(
      'SELECT count(*) AS items, coalesce(max(seq) + 1, 0) AS places FROM import_items WHERE import = ?',
      found.n,
    ),
  )
  const items = ledger === null ? 0 : number(ledger, 'items')
  if (items !== found.items) {
    yield { ...about, detail: `its list has ${items} items and not ${found.items}` }
  }
  if (ledger !== null && number(ledger, 'places') !== items) {
    yield { ...about, detail: 'its list of items has gaps' }
  }
  if (found.publication !== null && found.base !== found.publication - 1) {
    yield { ...about, detail: 'it was published upon another library than it was staged against' }
  }
}

/** Finds what the library notes of itself otherwise than it is, and imports that name no owner, or that are neither published nor under way: nothing that is asked of the library leads to them. */
export function* auditImports(db: LibraryDatabase): Generator<LibraryProblem> {
  const about = { problem: 'note-changed', import: null, type: 'database' } as const
  const meta = db.attempt('auditing', () => db.all('SELECT key, value FROM library_meta'))
  const noted = new Map(meta.map((row) => [text(row, 'key'), number(row, 'value')]))
  const last = db.attempt('auditing', () =>
    db.get('SELECT coalesce(max(publication), 0) AS publication FROM import_rows'),
  )
  const isWhole = noted.size === 2 && noted.get('version') === migrations.length
  if (!isWhole || (noted.get('publications') ?? -1) < (last === null ? 0 : number(last, 'publication'))) {
    yield { ...about, key: 'library_meta', detail: 'its version, or how many imports were published' }
  }
  const lost = db.attempt('auditing', () =>
    db.all(
      `SELECT id, owner IN (SELECT n FROM owner_rows) AS is_owned FROM import_rows
       WHERE owner NOT IN (SELECT n FROM owner_rows) OR (publication IS NOT NULL AND state <> 'published')`,
    ),
  )
  for (const row of lost) {
    const id = text(row, 'id')
    const detail =
      number(row, 'is_owned') === 0 ? 'its owner is not there' : 'it is published, and noted as under way'
    yield { problem: 'note-changed', import: id, type: 'import', key: id, detail }
  }
}
