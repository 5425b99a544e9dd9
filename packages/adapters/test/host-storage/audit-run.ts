import type { AttachmentFiles } from '@holdfast/adapters/attachment-files'
import { type ImportRecord, type LibraryProblem, receiptOfImport } from '@holdfast/core/import'
import type { HostDatabase } from './host-database.js'
import { findRun, type ImportRun, receiptTrouble } from './import-runs.js'

/** Looks for what no item leads to: in one import, or everywhere and among the files. Changes nothing. */
export async function* auditHost(
  db: HostDatabase,
  files: AttachmentFiles,
  id: string | null,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  signal.throwIfAborted()
  const ids = id === null ? db.all<{ id: string }>('SELECT id FROM import_runs ORDER BY n') : [{ id }]
  for (const each of ids) {
    signal.throwIfAborted()
    yield* auditRun(db, findRun(db, each.id))
  }
  if (id !== null) return
  const known = new Set(db.all<{ name: string }>('SELECT name FROM import_files').map(({ name }) => name))
  for await (const name of files.list(signal)) {
    if (!known.has(name)) {
      yield { problem: 'file-unlisted', import: null, type: 'file', key: name, detail: null }
    }
  }
}

type Stray = {
  readonly type: ImportRecord['type']
  readonly key: string
  readonly problem: LibraryProblem['problem']
}

async function* auditRun(db: HostDatabase, found: ImportRun): AsyncGenerator<LibraryProblem> {
  const detail = await receiptTrouble(found, (receipt) => receiptOfImport(found, receipt))
  if (detail !== null) {
    yield { problem: 'receipt-changed', import: found.id, type: 'import', key: found.id, detail }
  }
  const strays = db.all<Stray>(
    `SELECT v.type, coalesce(json_extract(v.record, '$.key'), v.identity) AS key,
       CASE WHEN EXISTS (SELECT 1 FROM import_items AS i WHERE i.version = v.version AND i.outcome <> 'present')
         THEN 'row-astray' ELSE 'row-unlisted' END AS problem
     FROM import_versions AS v WHERE v.run = ?
       AND NOT EXISTS (SELECT 1 FROM import_items AS i WHERE i.version = v.version AND i.run = v.run)
     UNION ALL SELECT v.type, i.key, 'row-astray' FROM import_items AS i JOIN import_versions AS v ON v.version = i.version
     WHERE i.run = ? AND (v.owner <> ? OR (i.outcome IN ('stored', 'failed') AND v.run <> i.run))`,
    found.n,
    found.n,
    found.owner,
  )
  for (const { type, key, problem } of strays) yield { problem, import: found.id, type, key, detail: null }
}
