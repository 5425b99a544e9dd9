import type { LibraryProblem } from '@holdfast/core/import'
import type { AttachmentFiles } from '../../../attachment-files/index.js'
import { text } from '../fields.js'
import type { LibraryDatabase } from '../library-database.js'

/** Finds files that belong to nothing: on disk without a row that names them, and rows of files that no attachment has, or has otherwise. */
export async function* auditFiles(
  db: LibraryDatabase,
  files: AttachmentFiles,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  const about = { problem: 'file-unlisted', import: null, type: 'file' } as const
  const unused = db.attempt('auditing', () =>
    db.all(
      `SELECT f.name FROM file_rows AS f
       WHERE NOT EXISTS (SELECT 1 FROM attachment_rows AS a WHERE a.sha256 = f.sha256)
         AND NOT EXISTS (SELECT 1 FROM file_intents AS i WHERE i.sha256 = f.sha256)`,
    ),
  )
  for (const row of unused) {
    yield { ...about, key: text(row, 'name'), detail: 'its row is there, but no attachment has it' }
  }
  const wrong = db.attempt('auditing', () =>
    db.all(
      `SELECT f.name, 'its row names another size than its attachment' AS detail FROM file_rows AS f
       WHERE EXISTS (SELECT 1 FROM attachment_rows AS a WHERE a.sha256 = f.sha256 AND a.bytes <> f.bytes)
       UNION ALL
       SELECT r.name, 'it is listed to be removed, and an attachment has it' FROM file_removals AS r
       WHERE EXISTS (SELECT 1 FROM attachment_rows AS a WHERE a.sha256 = r.sha256)`,
    ),
  )
  for (const row of wrong) {
    yield { ...about, problem: 'note-changed', key: text(row, 'name'), detail: text(row, 'detail') }
  }
  for await (const name of files.list(signal)) {
    if (!db.attempt('auditing', () => isKnown(db, name))) yield { ...about, key: name, detail: null }
  }
}

/** Whether a row names the file, or will, or lists it for removal. */
function isKnown(db: LibraryDatabase, name: string): boolean {
  const sha256 = name.slice(3, 67)
  return ['file_rows', 'file_intents', 'file_removals'].some(
    (table) => db.get(`SELECT 1 FROM ${table} WHERE sha256 = ? AND name = ?`, sha256, name) !== null,
  )
}
