import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { type ImportThread, importThread } from '@holdfast/adapters/import-thread'
import type { KeyVault } from '@holdfast/adapters/ios-backup'
import { libraryResource, type SqliteDatabase, sqliteJournal, sqliteLibrary } from '@holdfast/adapters/sqlite'
import {
  type AnySaga,
  createRunner,
  HoldfastError,
  isHoldfastError,
  type Runner,
  systemCodeOf,
} from '@holdfast/core'
import { backupImport, type Storage } from '@holdfast/core/import'
import { cliError } from '../cli-error.js'
import { openDatabase } from '../open-database.js'
import { importDevice } from '../sample/import-device.js'
import type { ProgramData } from './import-program.js'
import type { LibraryFolder } from './library-folder.js'
import { sweepLeftovers } from './reader-scratch.js'
import { type WatchedWork, watchedWork } from './watched-work.js'

/** A library that is open, with the runner that works on it. */
export interface OpenLibrary {
  readonly folder: LibraryFolder
  readonly db: SqliteDatabase
  /** For looking at what is published; imports are done by {@link work}. */
  readonly storage: Storage
  /** In a thread of its own, so that the display goes on and an interrupt is heard at once. */
  readonly work: WatchedWork
  readonly saga: AnySaga
  readonly runner: Runner
  /** Parks what is at work, and closes everything. */
  close(): Promise<void>
}

/** How {@link openLibrary} opens. */
export interface OpenLibraryOptions {
  /** Whether to make the folder and the database where they are missing. */
  readonly create: boolean
  /** Keeps the keys of encrypted backups. */
  readonly vault?: KeyVault
  /** Whether an iPhone sends everything. */
  readonly full?: boolean | undefined
  /** A batch that the library's storage refuses, once; see `faultyStorage`. */
  readonly fault?: ProgramData['fault']
}

/**
 * Opens the library of a folder: storage and journal in one database. Imports have a connection of their own, in their thread.
 *
 * @throws HoldfastError `LIBRARY_MISSING` without `create`, `DESTINATION_UNWRITABLE`, `LIBRARY_NEWER`, `LIBRARY_DAMAGED`,
 *   `JOURNAL_NEWER`; then nothing was changed.
 */
export async function openLibrary(folder: LibraryFolder, options: OpenLibraryOptions): Promise<OpenLibrary> {
  if (options.create) await makeFolder(folder.path)
  else requireLibrary(folder)
  const db = openLibraryFile(folder.database)
  try {
    const storage = sqliteLibrary(db, attachmentFiles(folder.attachments))
    await storage.check({ backupPath: null })
    const thread = threadFor(folder, options)
    const work = watchedWork(thread)
    const saga = backupImport({ device: importDevice(folder, options), work })
    // What is told of progress is shown as it comes; the display has a pace of its own.
    const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga], progressInterval: 10 })
    await sweepLeftovers(folder.scratch)
    return {
      folder,
      db,
      storage,
      work,
      saga,
      runner,
      close: async () => {
        await runner.shutdown()
        await thread.close()
        db.close()
        await sweepLeftovers(folder.scratch)
      },
    }
  } catch (error) {
    db.close()
    throw error
  }
}

/** A thread that imports into the library of a folder, once there is something to import. */
function threadFor(folder: LibraryFolder, { vault, fault = null }: OpenLibraryOptions): ImportThread {
  const { database, attachments, scratch } = folder
  const workerData: ProgramData = { database, attachments, scratch, fault }
  return importThread({
    start: () => new Worker(new URL('./import-program.js', import.meta.url), { workerData }),
    resources: [libraryResource(database)],
    ...(vault === undefined ? {} : { vault }),
  })
}

/**
 * Checks that there is a library in the folder.
 *
 * @throws HoldfastError `LIBRARY_MISSING`.
 */
export function requireLibrary(folder: LibraryFolder): void {
  if (existsSync(folder.database)) return
  throw cliError(
    'LIBRARY_MISSING',
    `There is no library in ${folder.path}`,
    'Name the folder that was given to `import --into`.',
  )
}

/**
 * Opens a database file for writing, making it where it is missing.
 *
 * @throws HoldfastError `DESTINATION_UNWRITABLE`.
 */
export function openLibraryFile(path: string): SqliteDatabase {
  try {
    return openDatabase(path, { readonly: false })
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

/** `DESTINATION_UNWRITABLE` for a path, with the system's word for it; errors of ours that say something else unchanged. */
export function unwritable(path: string, cause: unknown): HoldfastError {
  if (isHoldfastError(cause) && cause.code !== 'DESTINATION_UNWRITABLE' && cause.code !== 'STORE_FAILED')
    return cause
  const systemCode = isHoldfastError(cause) ? (cause.facts['systemCode'] ?? null) : systemCodeOf(cause)
  return new HoldfastError(
    'DESTINATION_UNWRITABLE',
    `Nothing can be written at ${path} (${systemCode ?? 'unknown'})`,
    {
      hint: 'Choose another folder with --into, or check that it is a folder and that you may write to it.',
      retryable: false,
      facts: { path, systemCode },
      cause,
    },
  )
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (cause) {
    throw unwritable(path, cause)
  }
}
