import { checkOptions, rule } from '@holdfast/core'
import type { BackupReader, SourceDescription, SourceTotals } from '@holdfast/core/import'
import { type OpenSqlite, openInstalledSqlite } from '../sqlite/driver.js'
import { contacts } from './contacts/contacts-part.js'
import { messages } from './messages/messages-part.js'
import { openBackup } from './open-backup.js'
import type { BackupPart } from './parts/backup-part.js'
import { inReadingOrder, partsRule } from './parts/part-order.js'

/** How backups are read. */
export interface IosBackupOptions {
  /**
   * What is read. A part that the backup does not hold is told as absent; only a backup without messages is refused where messages
   * are chosen. More than the default gives records of kinds that a storage of one's own must know.
   * @default [contacts(), messages()]
   */
  readonly parts?: readonly BackupPart[]
  /** Opens SQLite databases. @default the better-sqlite3 that is installed */
  readonly openSqlite?: OpenSqlite
  /**
   * Folder for private copies of databases that cannot be opened where they are; made when needed. What is put there goes again when
   * the backup is closed. @default a fresh folder among the system's temporary files
   */
  readonly scratch?: string
}

const rules = { parts: partsRule, openSqlite: rule.function, scratch: rule.string }

/**
 * Reads iPhone backups as Finder, iTunes and idevicebackup2 make them, as far as they are not encrypted:
 * the parts that the host chooses, each in the order of its row ids. The backup is never changed.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * iosBackup({ parts: [contacts(), messages()] })
 */
export function iosBackup(options: IosBackupOptions = {}): BackupReader {
  checkOptions('iosBackup', options, rules)
  const { openSqlite = openInstalledSqlite, scratch = null } = options
  const parts = inReadingOrder(options.parts ?? [contacts(), messages()])
  return { open: (path, { signal }) => openBackup(path, { parts, openSqlite, scratch, signal }) }
}

/**
 * Says what an import of a backup would find, without importing any of it. Opens and closes it: throws as `BackupReader.open`.
 */
export async function describeBackup(
  path: string,
  options: IosBackupOptions & { readonly signal?: AbortSignal } = {},
): Promise<{ readonly source: SourceDescription; readonly totals: SourceTotals }> {
  const { signal = new AbortController().signal, ...rest } = options
  const backup = await iosBackup(rest).open(path, { signal })
  try {
    return { source: backup.source, totals: await backup.totals() }
  } finally {
    await backup.close()
  }
}
