import type { AttachmentFiles, FileMove } from '../../attachment-files/index.js'
import { number, numberOrNull, text } from './fields.js'
import type { LibraryDatabase } from './library-database.js'

const removalsAtOnce = 200

/** A file that the library knows. */
export interface FileRow {
  readonly name: string
  /** Read-back found it missing or changed: it must be written again before anything new may rely on it. */
  readonly suspect: boolean
  /** The import whose backup has the same file by another name; null when it is the library's alone. */
  readonly linkedBy: number | null
}

/** The file with this content; null when the library knows none. */
export function findFile(db: LibraryDatabase, sha256: string): FileRow | null {
  const row = db.get(
    `SELECT f.name, f.suspect, l.import AS linked_by FROM file_rows AS f LEFT JOIN file_links AS l ON l.sha256 = f.sha256
     WHERE f.sha256 = ?`,
    sha256,
  )
  if (row === null) return null
  const linkedBy = numberOrNull(row, 'linked_by')
  return { name: text(row, 'name'), suspect: number(row, 'suspect') !== 0, linkedBy }
}

/**
 * Whether import `n` may rely on a file that is there: nothing is known against it, and no backup but its own can change it. What
 * another import has linked may stay linked, if that import's backup is not deleted after all.
 */
export function isReliable(file: FileRow, n: number): boolean {
  return !file.suspect && (file.linkedBy === null || file.linkedBy === n)
}

/** Makes the library know a file. */
export function addFile(
  db: LibraryDatabase,
  file: { readonly sha256: string; readonly bytes: number; readonly name: string },
): void {
  db.run(
    'INSERT OR IGNORE INTO file_rows (sha256, bytes, name) VALUES (?, ?, ?)',
    file.sha256,
    file.bytes,
    file.name,
  )
}

/** Notes that a file is not what its row says. */
export function suspectFile(db: LibraryDatabase, sha256: string): void {
  db.run('UPDATE file_rows SET suspect = 1 WHERE sha256 = ?', sha256)
}

/** Notes which files an import is about to put in place, so that a crash before their rows leaves none behind. */
export function addIntents(db: LibraryDatabase, n: number, moves: readonly FileMove[]): void {
  for (const { incoming, name } of moves) {
    db.run('INSERT OR REPLACE INTO file_intents VALUES (?, ?, ?)', n, incoming.sha256, name)
  }
}

/** Forgets the intents of an import whose rows are written: its files are in place and as they should be. */
export function settleIntents(db: LibraryDatabase, n: number): void {
  db.run(
    'UPDATE file_rows SET suspect = 0 WHERE suspect = 1 AND sha256 IN (SELECT sha256 FROM file_intents WHERE import = ?)',
    n,
  )
  db.run('DELETE FROM file_intents WHERE import = ?', n)
}

/** Turns the intents of an import whose rows never came into removals, except of files that others refer to. */
export function revokeIntents(db: LibraryDatabase, n: number): void {
  for (const row of db.all('SELECT sha256, name FROM file_intents WHERE import = ?', n)) {
    db.run('DELETE FROM file_intents WHERE import = ? AND sha256 = ?', n, text(row, 'sha256'))
    removeUnreferenced(db, text(row, 'sha256'), text(row, 'name'))
  }
}

/** Lists a file for removal if nothing refers to it any more. In the transaction that takes the last reference. */
export function removeUnreferenced(db: LibraryDatabase, sha256: string, name: string): void {
  const used = db.get(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM attachment_rows WHERE sha256 = ?)
       OR EXISTS (SELECT 1 FROM file_intents WHERE sha256 = ?)`,
    sha256,
    sha256,
  )
  if (used !== null) return
  db.run('DELETE FROM file_rows WHERE sha256 = ?', sha256)
  db.run('DELETE FROM file_links WHERE sha256 = ?', sha256)
  db.run('INSERT OR REPLACE INTO file_removals VALUES (?, ?)', sha256, name)
}

/**
 * Removes the files that are listed for it, then forgets the list. Their last references are durably gone by then, so a crash
 * in between only leaves files that the next call removes.
 */
export async function finishRemovals(db: LibraryDatabase, files: AttachmentFiles): Promise<void> {
  for (;;) {
    const listed = db.attempt('reading what to remove', () =>
      db.all('SELECT sha256, name FROM file_removals LIMIT ?', removalsAtOnce),
    )
    if (listed.length === 0) return
    await files.remove(listed.map((row) => text(row, 'name')))
    db.transaction('forgetting removed files', () => {
      for (const row of listed) db.run('DELETE FROM file_removals WHERE sha256 = ?', text(row, 'sha256'))
    })
  }
}
