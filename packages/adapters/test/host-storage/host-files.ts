import type { AttachmentFiles, FileMove } from '@holdfast/adapters/attachment-files'
import type { HostDatabase } from './host-database.js'

/** A file that versions refer to. */
export interface HostFile {
  readonly name: string
  readonly bytes: number
  /** 1 when it was found missing or changed: it has to be written again. */
  readonly is_suspect: 0 | 1
}

/** The file with this content; null when none is known. */
export function fileOf(db: HostDatabase, sha256: string): HostFile | null {
  return db.one('SELECT name, bytes, is_suspect FROM import_files WHERE sha256 = ?', sha256)
}

/** Puts received files in place, durably. A crash before their rows are written leaves them listed. */
export async function putInPlace(
  db: HostDatabase,
  files: AttachmentFiles,
  n: number,
  moves: readonly FileMove[],
): Promise<void> {
  if (moves.length === 0) return
  db.transaction(() => {
    for (const { incoming, name } of moves) {
      db.run('INSERT OR REPLACE INTO import_arrivals VALUES (?, ?, ?)', n, incoming.sha256, name)
    }
  })
  await files.keep(moves)
}

/** Makes the files known that were put in place for a batch; in the transaction that writes its rows. */
export function settleArrivals(db: HostDatabase, n: number, moves: readonly FileMove[]): void {
  for (const { incoming, name } of moves) {
    db.run(
      'INSERT INTO import_files VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET is_suspect = 0',
      incoming.sha256,
      name,
      incoming.bytes,
    )
  }
  db.run('DELETE FROM import_arrivals WHERE run = ?', n)
}

/** Lists files for removal that were put in place for rows which never came. */
export function revokeArrivals(db: HostDatabase, n: number): void {
  const arrived = db.all<{ sha256: string; name: string }>(
    'SELECT sha256, name FROM import_arrivals WHERE run = ?',
    n,
  )
  db.run('DELETE FROM import_arrivals WHERE run = ?', n)
  for (const { sha256, name } of arrived) departUnused(db, sha256, name)
}

/** Lists a file for removal where nothing refers to it any more; in the transaction that took the last reference. */
export function departUnused(db: HostDatabase, sha256: string, name: string): void {
  const used = db.one(
    `SELECT 1 AS used WHERE EXISTS (SELECT 1 FROM import_versions WHERE sha256 = ?)
       OR EXISTS (SELECT 1 FROM import_arrivals WHERE sha256 = ?)`,
    sha256,
    sha256,
  )
  if (used !== null) return
  db.run('DELETE FROM import_files WHERE sha256 = ?', sha256)
  db.run('INSERT OR REPLACE INTO import_departures VALUES (?, ?)', sha256, name)
}

/** Removes what is listed for it. Repeat calls are safe, and a crash in between leaves the rest listed. */
export async function finishDepartures(db: HostDatabase, files: AttachmentFiles): Promise<void> {
  const listed = db.all<{ sha256: string; name: string }>('SELECT sha256, name FROM import_departures')
  if (listed.length === 0) return
  await files.remove(listed.map(({ name }) => name))
  db.transaction(() => {
    for (const { sha256 } of listed) db.run('DELETE FROM import_departures WHERE sha256 = ?', sha256)
  })
}
