import { HoldfastError } from '@holdfast/core'
import type { AttachmentFiles } from '../../attachment-files/index.js'
import { number, text } from './fields.js'
import { suspectFile } from './file-rows.js'
import { findImport } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'

/** Files that are looked at, or made the library's own, at once. */
const filesAtOnce = 200

/** A file that is a hard link to one of a backup. */
export interface NewLink {
  readonly sha256: string
  /** Microseconds since 1970, by the clock of the file system. */
  readonly changedAt: number
}

/** Notes which files import `n` has just put in place, and which of them are links to its backup. In the transaction of their rows. */
export function setLinks(
  db: LibraryDatabase,
  n: number,
  kept: readonly string[],
  links: readonly NewLink[],
): void {
  for (const sha256 of kept) db.run('DELETE FROM file_links WHERE sha256 = ?', sha256)
  for (const { sha256, changedAt } of links)
    db.run('INSERT INTO file_links VALUES (?, ?, ?)', sha256, n, changedAt)
}

interface HeldLink extends NewLink {
  readonly name: string
}

/** Links of import `n`, by their hash, from behind `after`. */
function linksBehind(db: LibraryDatabase, n: number, after: string): readonly HeldLink[] {
  return db
    .all(
      `SELECT l.sha256, l.changed_at, f.name FROM file_links AS l JOIN file_rows AS f ON f.sha256 = l.sha256
       WHERE l.import = ? AND l.sha256 > ? ORDER BY l.sha256 LIMIT ?`,
      n,
      after,
      filesAtOnce,
    )
    .map((row) => ({
      sha256: text(row, 'sha256'),
      name: text(row, 'name'),
      changedAt: number(row, 'changed_at'),
    }))
}

/**
 * Checks that the links of an import still hold what was verified. A file that was not changed since it was linked was hashed by
 * verify as it is; any other is hashed again.
 *
 * @throws HoldfastError `BACKUP_CHANGED`, and what the files throw.
 */
export async function checkLinks(
  db: LibraryDatabase,
  files: AttachmentFiles,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const work = db.attempt('looking for the import', () => findImport(db, id))
  if (work === null) return
  for (let after = ''; ; ) {
    signal.throwIfAborted()
    const page = db.attempt('reading links', () => linksBehind(db, work.n, after))
    const last = page.at(-1)
    if (last === undefined) return
    after = last.sha256
    const now = await files.links(page.map(({ name }) => name))
    const touched = page.filter(({ changedAt }, index) => now[index]?.changedAt !== changedAt)
    const digests = await files.digests(
      touched.map(({ name }) => ({ name, twin: null })),
      signal,
    )
    const wrong = touched.find(({ sha256 }, index) => digests[index]?.sha256 !== sha256)
    if (wrong === undefined) continue
    db.transaction('noting a damaged file', () => suspectFile(db, wrong.sha256))
    throw new HoldfastError(
      'BACKUP_CHANGED',
      'A file of the backup, which the library has as a link, was changed after it was verified',
      {
        hint: 'The backup is kept as it is. Import it again to store what is new.',
        retryable: false,
        facts: { file: wrong.name },
      },
    )
  }
}

/**
 * Makes the links of an import files of their own, a few at a time: where the backup is gone they are already. Goes on where it was
 * after a crash.
 */
export async function endLinks(
  db: LibraryDatabase,
  files: AttachmentFiles,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const work = db.attempt('looking for the import', () => findImport(db, id))
  if (work === null) return
  for (let pages = 0; ; pages++) {
    signal.throwIfAborted()
    const page = db.attempt('reading links', () => linksBehind(db, work.n, ''))
    if (page.length === 0) return
    // What a crash in the middle of this has left.
    if (pages === 0) await files.sweep()
    await files.endLinks(
      page.map(({ name }) => name),
      signal,
    )
    db.transaction('forgetting links', () => {
      for (const { sha256 } of page) db.run('DELETE FROM file_links WHERE sha256 = ?', sha256)
    })
  }
}
