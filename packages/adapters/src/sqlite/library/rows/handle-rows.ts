import { canonicalHandle, type ImportRecord } from '@holdfast/core/import'
import type { LibraryDatabase } from '../library-database.js'
import { storable } from './row-shape.js'

/**
 * Notes the handles that records name, each with its canonical form: what joins a message to a contact, whose numbers people typed as
 * they pleased. Each import notes its own, so that nothing of an import is seen before it is published, or stays when it is taken back.
 */
export function addHandles(db: LibraryDatabase, n: number, records: readonly ImportRecord[]): void {
  for (const handle of new Set(records.flatMap(handlesOf))) {
    const held = storable(handle)
    db.run('INSERT OR IGNORE INTO handle_rows VALUES (?, ?, ?)', n, held, canonicalHandle(held))
  }
}

/** Forgets the handles of an import. */
export function removeHandles(db: LibraryDatabase, n: number): void {
  db.run('DELETE FROM handle_rows WHERE import = ?', n)
}

function handlesOf(record: ImportRecord): readonly string[] {
  switch (record.type) {
    case 'message':
      return record.sender === null ? [] : [record.sender]
    case 'chat':
      return record.members
    case 'call':
      return record.handles
    case 'voicemail':
      return [record.sender, record.callbackNumber].filter((handle) => handle !== null)
    default:
      return []
  }
}
