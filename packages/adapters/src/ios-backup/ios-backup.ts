import { checkOptions, rule } from '@holdfast/core'
import type { BackupReader, SourceDescription, SourceTotals } from '@holdfast/core/import'
import { type OpenSqlite, openInstalledSqlite } from '../sqlite/driver.js'
import { openBackup } from './open-backup.js'

/** How backups are read. */
export interface IosBackupOptions {
  /** Opens SQLite databases. @default the better-sqlite3 that is installed */
  readonly openSqlite?: OpenSqlite
  /**
   * Folder for private copies of databases that cannot be opened where they are; made when needed. What is put there goes again when
   * the backup is closed. @default a fresh folder among the system's temporary files
   */
  readonly scratch?: string
}

const rules = { openSqlite: rule.function, scratch: rule.string }

/**
 * Reads iPhone backups as Finder, iTunes and idevicebackup2 make them, as far as they are not encrypted:
 * contacts, conversations, messages and attachments, each in the order of its row ids. The backup is never changed.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function iosBackup(options: IosBackupOptions = {}): BackupReader {
  checkOptions('iosBackup', options, rules)
  const { openSqlite = openInstalledSqlite, scratch = null } = options
  return { open: (path, { signal }) => openBackup(path, { openSqlite, scratch, signal }) }
}

/**
 * Says what a backup is and how much it holds, without importing any of it. Opens and closes it: throws as `BackupReader.open`.
 */
export async function inspectBackup(
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
