import {
  importUnknown,
  isToBePublished,
  parseReceipt,
  type Receipt,
  wrongReceipt,
} from '@holdfast/core/import'
import { findImport, type ImportRow } from './import-rows.js'
import { type LibraryDatabase, publications } from './library-database.js'
import { ownerOf } from './owners.js'
import { noteDeletions } from './source-deletions.js'

/**
 * Publishes a staged import with its receipt, in one transaction whose length does not depend on the import's. Where deletions are to
 * be marked they are noted before, which nobody sees until then.
 */
export async function publishImport(
  db: LibraryDatabase,
  id: string,
  receipt: Receipt,
  { publishedAt, markDeleted }: { readonly publishedAt: number; readonly markDeleted: boolean },
): Promise<void> {
  const sealed = await parseReceipt(receipt)
  const staged = db.attempt('looking for the import', () => findImport(db, id))
  if (markDeleted && staged?.state === 'staging') await noteDeletions(db, staged)
  db.transaction('publishing', () => {
    const found = findImport(db, id)
    if (found === null || found.state === 'discarding') throw importUnknown(id)
    if (
      sealed.import !== id ||
      ownerOf(db, { id, owner: sealed.owner }) !== found.owner ||
      sealed.source.fingerprint !== found.fingerprint
    ) {
      throw wrongReceipt(id, 'The receipt was made for another import')
    }
    const before = publications(db)
    const kept = found.state === 'published' ? { seal: sealOf(found) } : null
    if (!isToBePublished({ id, receipt: kept, isStale: found.base !== before }, sealed)) return
    db.run(
      "UPDATE import_rows SET state = 'published', publication = ?, published_at = ?, receipt = ? WHERE n = ?",
      before + 1,
      publishedAt,
      JSON.stringify(sealed),
      found.n,
    )
    countPublication(db)
  })
}

/** Makes whatever is staged at this moment begin afresh: the library that it was compared with is no more. */
export function countPublication(db: LibraryDatabase): void {
  db.run("UPDATE library_meta SET value = value + 1 WHERE key = 'publications'")
}

/** The receipt of a published import; null for any other. Throws `RECEIPT_INVALID`. */
export async function receiptOf(found: ImportRow): Promise<Receipt | null> {
  return found.receipt === null ? null : parseReceipt(parsedReceipt(found.receipt))
}

/** What a receipt's column holds; null where it is no JSON, which no seal fits. */
export function parsedReceipt(held: string): unknown {
  try {
    return JSON.parse(held)
  } catch {
    return null
  }
}

/** The seal of the receipt that an import is published with; empty, which none is, where it is damaged. */
function sealOf(found: ImportRow): string {
  const kept = found.receipt === null ? null : parsedReceipt(found.receipt)
  return typeof kept === 'object' && kept !== null && 'seal' in kept ? String(kept.seal) : ''
}
