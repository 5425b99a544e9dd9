import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { checkOptions, type OptionRule, rule } from '@holdfast/core'
import { type BackupPartName, backupParts } from '@holdfast/core/import'
import type { KeyVault } from '../ios-backup/index.js'
import { libraryResource, type SqliteLibraryOptions } from '../sqlite/index.js'
import { type ImportThread, importThread } from './import-thread.js'

/**
 * What is new in the thread's memory, before it is looked at whether it can go: a few batches of records. Left to itself V8 takes four times
 * as much for a heap that makes so much so quickly, and an import is no quicker for it.
 */
const youngMegabytes = 12

/** The default library and the reader of iPhone backups, in a thread. */
export interface LibraryThreadOptions {
  /** Path of the library's database; made when it is missing. The journal is best kept in another one, see docs/embedding.md. */
  readonly database: string
  /** Folder of its attachment files, as for `attachmentFiles`. */
  readonly attachments: string
  /** Folder for private copies of databases, as for `iosBackup`; an encrypted backup needs it. @default the system's temporary files */
  readonly scratch?: string
  /** What is read of backups. @default contacts and messages */
  readonly parts?: readonly BackupPartName[]
  /** As for `sqliteLibrary`: whether records that a later import no longer finds are marked. @default 'keep' */
  readonly deletedInSource?: NonNullable<SqliteLibraryOptions['deletedInSource']>
  /** As for `importThread`. */
  readonly vault?: KeyVault
  /**
   * Where the thread loads SQLite from: the absolute path or `file:` URL of better-sqlite3 (`require.resolve('better-sqlite3')`), or of a
   * module that exports an `openSqlite`. @default the better-sqlite3 that is installed beside the adapters
   */
  readonly driver?: string | URL
}

/** What the program of the thread is given; plain data. */
export type LibraryThreadData = {
  readonly database: string
  readonly attachments: string
  readonly scratch: string | null
  readonly parts: readonly BackupPartName[]
  readonly deletedInSource: NonNullable<SqliteLibraryOptions['deletedInSource']>
  readonly driver: string | null
}

const driverRule: OptionRule = {
  must: 'be an absolute path or a file: URL',
  test: (value) =>
    (value instanceof URL && value.protocol === 'file:') ||
    (typeof value === 'string' && (isAbsolute(value) || value.startsWith('file:'))),
}

const rules = {
  database: rule.string,
  attachments: rule.string,
  scratch: rule.string,
  parts: {
    must: `be an array of some of: ${backupParts.join(', ')}, none of them twice`,
    test: (value: unknown) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => backupParts.some((known) => known === name)) &&
      new Set(value).size === value.length,
  },
  deletedInSource: rule.oneOf('keep', 'mark'),
  vault: rule.object,
  driver: driverRule,
}

/**
 * Does the work of imports into the default library in a worker thread, which has a connection to the library of its own. A host that
 * bundles its app with what does not know `new Worker(new URL(…))`, or has a reader or a storage of its own, writes the program of the
 * thread itself: `importThread` and `serveImportThread`.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * const work = libraryThread({ database: 'library.db', attachments: 'attachments', driver: require.resolve('better-sqlite3') })
 * const saga = backupImport({ device: backupFolder(), work })
 */
export function libraryThread(options: LibraryThreadOptions): ImportThread {
  checkOptions('libraryThread', options, rules, ['database', 'attachments'])
  const { scratch, parts = ['contacts', 'messages'], deletedInSource = 'keep', driver, vault } = options
  const database = resolve(options.database)
  const data: LibraryThreadData = {
    database,
    attachments: resolve(options.attachments),
    scratch: scratch === undefined ? null : resolve(scratch),
    parts,
    deletedInSource,
    driver: driver === undefined ? null : pathOf(driver),
  }
  return importThread({
    // Options of the host's process, such as loaders, are not for it.
    start: () =>
      new Worker(new URL('./library-program.js', import.meta.url), {
        workerData: data,
        execArgv: [],
        name: 'holdfast-import',
        resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
      }),
    resources: [libraryResource(database)],
    ...(vault === undefined ? {} : { vault }),
  })
}

function pathOf(driver: string | URL): string {
  return driver instanceof URL || driver.startsWith('file:') ? fileURLToPath(driver) : driver
}
