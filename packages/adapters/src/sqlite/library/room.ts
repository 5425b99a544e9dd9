import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { AttachmentRecord, Room } from '@holdfast/core/import'
import type { AttachmentFiles } from '../../attachment-files/index.js'
import { freeBytes } from '../../disk-space/free-bytes.js'
import { heldContent, withoutLostFiles } from './content.js'
import type { ImportRow } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'

/** The volumes of a library: one, unless its database and its attachments lie on two. */
export async function roomsOf(
  database: string | null,
  files: AttachmentFiles,
  { backupPath, backup }: { readonly backupPath: string; readonly backup: 'goes' | 'stays' },
): Promise<readonly Room[]> {
  const { folder } = files
  const isNear = deviceOf(backupPath) === deviceOf(folder)
  const content: Room = {
    path: folder,
    holds: ['content'],
    bytesFree: freeBytes(folder),
    takesFilesOver: isNear && (await files.sharesFiles({ mayLink: backup === 'goes' })),
  }
  if (database === null) return [content]
  if (deviceOf(database) === deviceOf(folder)) return [{ ...content, holds: ['rows', 'content'] }]
  return [{ path: database, holds: ['rows'], bytesFree: freeBytes(database), takesFilesOver: false }, content]
}

/** Which attachments' content the library holds as it is, so that a batch would not write it again. */
export async function heldIn(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  records: readonly AttachmentRecord[],
): Promise<readonly boolean[]> {
  const wanted = records.map((record) => ({ record, held: heldContent(db, work, record) }))
  return (await withoutLostFiles(files, wanted)).map(({ held }) => held !== null)
}

/** The device of the nearest of a path and the folders above it at which there is something; null when nothing says. */
function deviceOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false })
  const parent = dirname(path)
  return found?.dev ?? (parent === path ? null : deviceOf(parent))
}
