import { HoldfastError } from '@holdfast/core'
import type { ImportRef } from '@holdfast/core/import'
import { text } from './fields.js'
import type { LibraryDatabase } from './library-database.js'

/** An owner's new id, and what is under way under the old one. */
export interface OwnerChange {
  readonly from: string
  readonly to: string
  /**
   * Runs of this owner that were started under the old id and are not done. A run keeps the id that it was started with; what it
   * still brings goes to the owner under the new one. @default those that the library knows of
   */
  readonly runs?: readonly string[]
}

/** Whose an import is: the owner that its run was started with, or the id that this owner has had since. */
export function ownerOf(db: LibraryDatabase, { id, owner }: Pick<ImportRef, 'id' | 'owner'>): string {
  const row = db.get('SELECT owner FROM owner_runs WHERE run = ? AND started_as = ?', id, owner)
  return row === null ? owner : text(row, 'owner')
}

/**
 * Gives an owner another id, in one transaction. Runs that are under way and imports that are there are remembered with the old one, run by
 * run: an id which a host gives to somebody else later is that person's, and an owner that was changed by anything else is found out.
 */
export function remapOwner(db: LibraryDatabase, { from, to, runs = [] }: OwnerChange): void {
  if (from === to) return
  db.transaction('changing the id of an owner', () => {
    const isKnown = db.get('SELECT 1 FROM owner_rows WHERE owner = ?', from) !== null
    if (isKnown && db.get('SELECT 1 FROM owner_rows WHERE owner = ?', to) !== null) throw taken(to)
    // Runs that were remembered under an id before this one go along.
    db.run('UPDATE owner_runs SET owner = ? WHERE owner = ?', to, from)
    const theirs = db.all(
      'SELECT i.id FROM import_rows AS i JOIN owner_rows AS o ON o.n = i.owner WHERE o.owner = ?',
      from,
    )
    for (const run of [...runs, ...theirs.map((row) => text(row, 'id'))]) {
      db.run('INSERT OR IGNORE INTO owner_runs VALUES (?, ?, ?)', run, from, to)
    }
    db.run('UPDATE owner_rows SET owner = ? WHERE owner = ?', to, from)
  })
}

function taken(owner: string): HoldfastError {
  return new HoldfastError('OWNER_TAKEN', 'The library holds imports of an owner with that id already', {
    hint: 'Two owners cannot become one: choose an id that nobody has, or discard the imports of one of them.',
    retryable: false,
    facts: { owner },
  })
}
