import { HoldfastError } from '@holdfast/core'
import type { ImportRef } from '@holdfast/core/import'
import { number, numberOrNull, text, textOrNull, word } from './fields.js'
import type { LibraryDatabase } from './library-database.js'

/** An import as the library keeps it. */
export interface ImportRow {
  /** The library's own number of it. */
  readonly n: number
  readonly id: string
  readonly owner: string
  /** The library's own number of the owner. */
  readonly ownerRow: number
  readonly fingerprint: string
  readonly udid: string | null
  readonly state: 'staging' | 'published' | 'discarding'
  /** Count of publications that it was staged against. */
  readonly base: number
  /** JSON of the cursor behind the last batch; null before the first. */
  readonly cursor: string | null
  /** Hash of the last batch; null before the first. */
  readonly batch: string | null
  /** Items in its ledger. */
  readonly items: number
  /** Which publication it was; null while it is not published. */
  readonly publication: number | null
  /** JSON of the receipt; null while it is not published. */
  readonly receipt: string | null
}

/** The import with this id; null when there is none. */
export function findImport(db: LibraryDatabase, id: string): ImportRow | null {
  const row = db.get(
    'SELECT i.*, i.owner AS owner_row, o.owner AS owner_name FROM import_rows AS i JOIN owner_rows AS o ON o.n = i.owner WHERE i.id = ?',
    id,
  )
  if (row === null) return null
  return {
    n: number(row, 'n'),
    id,
    owner: text(row, 'owner_name'),
    ownerRow: number(row, 'owner_row'),
    fingerprint: text(row, 'fingerprint'),
    udid: textOrNull(row, 'udid'),
    state: word(row, 'state'),
    base: number(row, 'base'),
    cursor: textOrNull(row, 'cursor'),
    batch: textOrNull(row, 'batch'),
    items: number(row, 'items'),
    publication: numberOrNull(row, 'publication'),
    receipt: textOrNull(row, 'receipt'),
  }
}

/** Adds an import that is staged against `base`. */
export function addImport(db: LibraryDatabase, ref: ImportRef, base: number): void {
  db.run('INSERT OR IGNORE INTO owner_rows (owner) VALUES (?)', ref.owner)
  db.run(
    `INSERT INTO import_rows (id, owner, fingerprint, udid, state, base)
     VALUES (?, (SELECT n FROM owner_rows WHERE owner = ?), ?, ?, 'staging', ?)`,
    ref.id,
    ref.owner,
    ref.fingerprint,
    ref.udid,
    base,
  )
}

/** Forgets an import of which nothing is left, and its owner where it was the last of theirs. */
export function removeImport(db: LibraryDatabase, n: number): void {
  db.run('DELETE FROM import_rows WHERE n = ?', n)
  db.run('DELETE FROM owner_rows WHERE n NOT IN (SELECT owner FROM import_rows)')
}

/** The error for an id that nothing was begun for. */
export function importUnknown(id: string): HoldfastError {
  return new HoldfastError('IMPORT_UNKNOWN', `The library holds no import '${id}'`, {
    hint: 'It was discarded, or belongs to another library.',
    retryable: false,
    facts: { import: id },
  })
}

/** The error for what was staged against a library that is no more. */
export function libraryChanged(id: string): HoldfastError {
  return new HoldfastError('LIBRARY_CHANGED', 'Another import was published since this one was staged', {
    hint: 'Retry: the store begins afresh. The backup is kept.',
    facts: { import: id },
  })
}
