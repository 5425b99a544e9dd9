import { existsSync } from 'node:fs'
import { rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { describeBackup } from '@holdfast/adapters/ios-backup'
import { sqliteLibrary } from '@holdfast/adapters/sqlite'
import { isHoldfastError } from '@holdfast/core'
import type { BackupPartName } from '@holdfast/core/import'
import { openDatabase } from '../open-database.js'
import type { PasswordSource } from '../password/password-source.js'
import { partsToRead } from './backup-parts.js'
import type { LibraryFolder } from './library-folder.js'
import { openLibraryFile, unwritable } from './open-library.js'
import { sweepLeftovers } from './reader-scratch.js'

/** What is looked at before an import. */
export interface Preflight {
  readonly backup: string
  /** The parts that will be imported; no others are looked at. */
  readonly parts: readonly BackupPartName[]
  readonly folder: LibraryFolder
  readonly password: PasswordSource
  readonly signal: AbortSignal
}

/**
 * Looks at the backup and at the destination before anything is made: what is wrong with either is said while nothing has changed.
 * Private copies of databases, which few backups need, go to the system's temporary files, because the destination is not to be touched.
 * What is decrypted goes to the destination all the same, and away again: temporary files are not where a user wants their messages.
 *
 * @throws HoldfastError as `BackupReader.open` and `Storage.check`.
 */
export async function preflight(request: Preflight): Promise<void> {
  const { backup, folder, signal } = request
  try {
    await describeBackup(backup, { openSqlite: openDatabase, parts: partsToRead(request.parts), signal })
    await checkDestination(backup, folder)
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'BACKUP_ENCRYPTED') throw error
    await checkDestination(backup, folder)
    await unlock(request)
  }
}

async function unlock({ backup, folder, password, signal, ...request }: Preflight): Promise<void> {
  const { scratch } = folder
  const { ask, vault } = password
  const parts = partsToRead(request.parts)
  // Only a right password makes anything there.
  const first = firstMissing(scratch)
  try {
    await describeBackup(backup, { openSqlite: openDatabase, parts, signal, scratch, vault, ask })
  } finally {
    await sweepLeftovers(scratch)
    await removeEmpty(dirname(scratch), first)
  }
}

/** The outermost folder of a path that is not there yet; null when all are. */
function firstMissing(path: string): string | null {
  if (existsSync(path)) return null
  return firstMissing(dirname(path)) ?? path
}

/** Removes empty folders, from `path` outwards to `last`. */
async function removeEmpty(path: string, last: string | null): Promise<void> {
  if (last === null || !path.startsWith(last)) return
  try {
    await rmdir(path)
  } catch {
    return
  }
  await removeEmpty(dirname(path), last)
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
