import type { ImportRecord, LibraryProblem } from '@holdfast/core/import'
import { number, text, word } from '../fields.js'
import type { LibraryDatabase } from '../library-database.js'
import type { AuditLists } from './audit-lists.js'
import { pagesOf } from './pages.js'

/**
 * Holds what imports noted as deleted on the phone against what imports found: a note is about a row that some import of the owner found, and says of none
 * that it is gone that the same import found. That a note is missing cannot be told, for nothing says whether notes were asked for.
 */
export async function* auditDeletions(
  db: LibraryDatabase,
  { notes }: AuditLists,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  if (!db.attempt('auditing', () => db.get('SELECT 1 FROM source_deletions LIMIT 1') !== null)) return
  db.attempt('auditing', () => beginNotes(db, notes))
  for await (const { n, owner, after, upTo } of ledgers(db, signal)) {
    const some = `SELECT type, row, key FROM import_items WHERE import = ? AND seq > ? AND seq <= ? AND row IS NOT NULL`
    db.attempt('auditing', () => {
      db.run(
        `UPDATE ${notes} SET is_known = 1 WHERE owner = ? AND (type, row, key) IN (${some})`,
        owner,
        n,
        after,
        upTo,
      )
      db.run(
        `UPDATE ${notes} SET is_found = 1 WHERE import = ? AND (type, row, key) IN (${some})`,
        n,
        n,
        after,
        upTo,
      )
    })
  }
  const wrong = db.attempt('auditing', () =>
    db.all(
      `SELECT d.type, d.key, coalesce(i.id, '') AS import, CASE
         WHEN i.id IS NULL THEN 'the import that noted it as deleted is not there'
         WHEN d.is_gone NOT IN (0, 1) THEN 'it is noted as neither deleted nor found again'
         WHEN d.is_known = 0 THEN 'it is noted as deleted, and was never there'
         WHEN d.is_gone = 1 AND d.is_found = 1 THEN 'it is noted as deleted by an import that found it'
       END AS detail
       FROM ${notes} AS d LEFT JOIN import_rows AS i ON i.n = d.import WHERE detail IS NOT NULL`,
    ),
  )
  for (const row of wrong) {
    yield {
      problem: 'note-changed',
      import: text(row, 'import') || null,
      type: word<ImportRecord['type']>(row, 'type'),
      key: text(row, 'key'),
      detail: text(row, 'detail'),
    }
  }
}

/** The lists of items of all imports, a page at a time. */
async function* ledgers(db: LibraryDatabase, signal: AbortSignal) {
  const imports = db.attempt('auditing', () => db.all('SELECT n, owner FROM import_rows ORDER BY n'))
  for (const row of imports) {
    const [n, owner] = [number(row, 'n'), number(row, 'owner')]
    for await (const page of pagesOf(db, 'import_items', 'seq', { signal, of: n }))
      yield { n, owner, ...page }
  }
}

function beginNotes(db: LibraryDatabase, notes: string): void {
  db.run(`DROP TABLE IF EXISTS ${notes}`)
  db.run(
    `CREATE TABLE ${notes} AS
     SELECT d.*, i.owner, 0 AS is_known, 0 AS is_found FROM source_deletions AS d LEFT JOIN import_rows AS i ON i.n = d.import`,
  )
  const [schema = '', table = ''] = notes.split('.')
  db.run(`CREATE INDEX ${schema}.${table}_row ON ${table} (row, type, key)`)
}
