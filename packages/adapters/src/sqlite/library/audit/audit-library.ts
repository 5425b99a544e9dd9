import { isHoldfastError } from '@holdfast/core'
import { importUnknown, type LibraryProblem, receiptOfImport } from '@holdfast/core/import'
import type { AttachmentFiles } from '../../../attachment-files/index.js'
import { number, text } from '../fields.js'
import { findImport, type ImportRow } from '../import-rows.js'
import type { LibraryDatabase } from '../library-database.js'
import { ownerOf } from '../owners.js'
import { receiptOf } from '../publish-import.js'
import { type AuditLists, takeLists } from './audit-lists.js'
import { auditDeletions } from './deletions-audit.js'
import { auditFiles } from './files-audit.js'
import { auditHandles } from './handles-audit.js'
import { auditRowsOfImport } from './import-rows-audit.js'
import { auditImports, auditLedger } from './notes-audit.js'
import { auditSchema } from './schema-audit.js'
import { auditVisibility, auditVisibilityOf } from './visibility-audit.js'

/**
 * Looks for what reading an import back cannot tell: all of it, or only what concerns one import. Changes nothing. Any number of audits may
 * be under way on one connection.
 */
export async function* auditLibrary(
  db: LibraryDatabase,
  files: AttachmentFiles,
  id: string | null,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  signal.throwIfAborted()
  const { lists, giveBack } = db.attempt('auditing', () => takeLists(db))
  try {
    yield* audit(db, files, id, lists, signal)
  } finally {
    endLists(giveBack)
  }
}

/** Where that fails the connection is closed or its database gone, and the lists with it: it must not hide what went wrong. */
function endLists(giveBack: () => void): void {
  try {
    giveBack()
  } catch {
    // Nothing is left to do.
  }
}

async function* audit(
  db: LibraryDatabase,
  files: AttachmentFiles,
  id: string | null,
  lists: AuditLists,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  if (id !== null) {
    const found = db.attempt('auditing', () => findImport(db, id))
    if (found === null || found.state === 'discarding') throw importUnknown(id)
    yield* auditImport(db, found, lists, signal)
    yield* auditVisibilityOf(db, found, signal)
    return
  }
  const astray = new Set<string>()
  for (const found of db.attempt('auditing', () => importsOf(db))) {
    for await (const problem of auditImport(db, found, lists, signal)) {
      // A row that changed hands is found from both sides.
      const name = `${problem.type} ${problem.key}`
      if (problem.problem === 'row-astray' && astray.has(name)) continue
      if (problem.problem === 'row-astray') astray.add(name)
      yield problem
    }
  }
  yield* auditImports(db)
  yield* lostItems(db)
  yield* auditVisibility(db, signal)
  yield* auditDeletions(db, lists, signal)
  yield* auditSchema(db, signal)
  yield* auditFiles(db, files, signal)
}

async function* auditImport(
  db: LibraryDatabase,
  found: ImportRow,
  lists: AuditLists,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  const detail = await receiptTrouble(db, found)
  if (detail !== null) {
    yield { problem: 'receipt-changed', import: found.id, type: 'import', key: found.id, detail }
  }
  yield* auditLedger(db, found)
  yield* auditRowsOfImport(db, found, lists, signal)
  yield* auditHandles(db, found, lists, signal)
}

/** What is wrong with the receipt of an import, or with what its row says beside it; null for nothing. */
async function receiptTrouble(db: LibraryDatabase, found: ImportRow): Promise<string | null> {
  if (found.state !== 'published') return null
  if (found.publication === null) return 'it is published, and hidden from readers'
  try {
    const receipt = await receiptOf(found)
    if (receipt === null) return 'it has none'
    // An owner may have been given another id since the receipt was made; rows are held against their import's owner.
    const owner = db.attempt('auditing', () => ownerOf(db, { id: found.id, owner: receipt.owner }))
    if (owner !== found.owner) return 'it was made for another owner'
    await receiptOfImport({ ...found, owner: receipt.owner }, receipt)
    if (receipt.source.udid !== found.udid) return 'it was made of another phone'
  } catch (thrown) {
    if (!isHoldfastError(thrown) || thrown.code !== 'RECEIPT_INVALID') throw thrown
    return thrown.message
  }
  return null
}

/** Items of imports that are not there. */
function* lostItems(db: LibraryDatabase): Generator<LibraryProblem> {
  const lost = db.attempt('auditing', () =>
    db.all('SELECT DISTINCT import FROM import_items WHERE import NOT IN (SELECT n FROM import_rows)'),
  )
  for (const row of lost) {
    const key = `import ${number(row, 'import')}`
    yield {
      problem: 'row-unlisted',
      import: null,
      type: 'import',
      key,
      detail: 'items of an import that is not there',
    }
  }
}

function importsOf(db: LibraryDatabase): readonly ImportRow[] {
  const ids = db
    .all("SELECT id FROM import_rows WHERE state <> 'discarding' ORDER BY n")
    .map((row) => text(row, 'id'))
  return ids.map((id) => findImport(db, id)).filter((found) => found !== null)
}
