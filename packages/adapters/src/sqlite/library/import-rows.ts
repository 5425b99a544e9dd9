import type { ImportRef } from '@holdfast/core/import'
import { number, numberOrNull, type Row, text, textOrNull, word } from './fields.js'
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
  /** What told whether its source would change; null where nothing does. */
  readonly stamp: string | null
  /** JSON of the parts of its source that were there and read; null where that is not known. */
  readonly parts: string | null
  /** When its source was made; unix milliseconds UTC, null where that is not known. */
  readonly takenAt: number | null
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

const selectImports =
  'SELECT i.*, i.owner AS owner_row, o.owner AS owner_name FROM import_rows AS i JOIN owner_rows AS o ON o.n = i.owner'

/** The import with this id; null when there is none. */
export function findImport(db: LibraryDatabase, id: string): ImportRow | null {
  const row = db.get(`${selectImports} WHERE i.id = ?`, id)
  return row === null ? null : importOf(row)
}

/** Published imports of an owner, the newest first. */
export function publishedImports(db: LibraryDatabase, owner: string): readonly ImportRow[] {
  const where = 'WHERE o.owner = ? AND i.publication IS NOT NULL ORDER BY i.publication DESC'
  return db.all(`${selectImports} ${where}`, owner).map(importOf)
}

function importOf(row: Row): ImportRow {
  return {
    n: number(row, 'n'),
    id: text(row, 'id'),
    owner: text(row, 'owner_name'),
    ownerRow: number(row, 'owner_row'),
    fingerprint: text(row, 'fingerprint'),
    udid: textOrNull(row, 'udid'),
    stamp: textOrNull(row, 'stamp'),
    parts: textOrNull(row, 'parts'),
    takenAt: numberOrNull(row, 'taken_at'),
    state: word(row, 'state'),
    base: number(row, 'base'),
    cursor: textOrNull(row, 'cursor'),
    batch: textOrNull(row, 'batch'),
    items: number(row, 'items'),
    publication: numberOrNull(row, 'publication'),
    receipt: textOrNull(row, 'receipt'),
  }
}

/** Adds an import of `owner` that is staged against `base`. */
export function addImport(db: LibraryDatabase, ref: ImportRef, owner: string, base: number): void {
  const { id, fingerprint, udid, stamp = null, parts, takenAt = null } = ref
  db.run('INSERT OR IGNORE INTO owner_rows (owner) VALUES (?)', owner)
  db.run(
    `INSERT INTO import_rows (id, owner, fingerprint, udid, stamp, parts, taken_at, state, base)
     VALUES (?, (SELECT n FROM owner_rows WHERE owner = ?), ?, ?, ?, ?, ?, 'staging', ?)`,
    id,
    owner,
    fingerprint,
    udid,
    stamp,
    parts === undefined ? null : JSON.stringify(parts),
    takenAt,
    base,
  )
}

/**
 * Forgets what told whether the source of an import would change, when it tells something else now: a part of what is staged may
 * have come from the source as it was before.
 */
export function reviseStamp(db: LibraryDatabase, found: ImportRow, { stamp }: ImportRef): void {
  if (stamp === undefined || stamp === found.stamp) return
  db.run('UPDATE import_rows SET stamp = NULL WHERE n = ?', found.n)
}

/** Forgets an import of which nothing is left, and its owner where it was the last of theirs. */
export function removeImport(db: LibraryDatabase, n: number): void {
  db.run('DELETE FROM import_rows WHERE n = ?', n)
  db.run('DELETE FROM owner_rows WHERE n NOT IN (SELECT owner FROM import_rows)')
}
