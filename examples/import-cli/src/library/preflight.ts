import { existsSync } from 'node:fs'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { describeBackup } from '@holdfast/adapters/ios-backup'
import { sqliteLibrary } from '@holdfast/adapters/sqlite'
import { openDatabase } from '../open-database.js'
import type { LibraryFolder } from './library-folder.js'
import { openLibraryFile, unwritable } from './open-library.js'

/**
 * Looks at the backup and at the destination before anything is made: what is wrong with either is said while nothing has changed.
 * Private copies of databases, which few backups need, go to the system's temporary files, because the destination is not to be touched.
 *
 * @throws HoldfastError as `BackupReader.open` and `Storage.check`.
 */
export async function preflight(backup: string, folder: LibraryFolder, signal: AbortSignal): Promise<void> {
  await describeBackup(backup, { openSqlite: openDatabase, signal })
  await checkDestination(backup, folder)
}

/**
 * Checks that the backup could be stored in the folder, without making anything there.
 *
 * @throws HoldfastError `DESTINATION_UNWRITABLE`, `DESTINATION_UNSAFE`, `LIBRARY_NEWER`, `LIBRARY_DAMAGED`.
 */
export async function checkDestination(backup: string, folder: LibraryFolder): Promise<void> {
  // Where there is no library yet, one in memory is asked in its place: what matters then is the folder.
  const database = existsSync(folder.database) ? folder.database : ':memory:'
  const db = openLibraryFile(database)
  try {
    await sqliteLibrary(db, attachmentFiles(folder.attachments)).check({ backupPath: backup })
  } catch (error) {
    throw unwritable(folder.path, error)
  } finally {
    db.close()
  }
}
