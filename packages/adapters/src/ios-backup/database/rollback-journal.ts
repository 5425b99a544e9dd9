import { open } from 'node:fs/promises'
import { HoldfastError } from '@holdfast/core'
import { unreadable } from '../folder/backup-file.js'

/** Ends a journal that is one of several, behind the path of the file that names all of them (SQLite's pager.c, readSuperJournal). */
const magic = Buffer.from('d9d505f920a163d7', 'hex')

/**
 * Refuses a rollback journal that names another file: SQLite deletes that file, wherever it is, once it has rolled back.
 *
 * @throws HoldfastError `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`.
 */
export async function refuseStrangeJournal(path: string): Promise<void> {
  const end = Buffer.alloc(magic.length)
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  try {
    const { size } = await file.stat()
    if (size >= magic.length) await file.read(end, 0, magic.length, size - magic.length)
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    await file.close()
  }
  if (!end.equals(magic)) return
  throw new HoldfastError(
    'BACKUP_UNSAFE',
    'A journal of the backup names a file outside of it, to be deleted',
    {
      hint: 'No phone writes such a journal into a backup. Nothing was changed; use a backup from a place that you trust.',
      retryable: false,
      facts: { path },
    },
  )
}
