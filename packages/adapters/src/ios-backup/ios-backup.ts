import { checkOptions, type OptionRule, rule } from '@holdfast/core'
import type { BackupReader, OpenRequest, SourceDescription, SourceTotals } from '@holdfast/core/import'
import { type OpenSqlite, openInstalledSqlite } from '../sqlite/driver.js'
import { contacts } from './contacts/contacts-part.js'
import type { KeyVault } from './encryption/key-vault.js'
import { RunKeys } from './encryption/run-keys.js'
import { findBackup } from './folder/backup-layout.js'
import { FingerprintMemory } from './folder/fingerprint-memory.js'
import { stampBackup } from './folder/stamp.js'
import { messages } from './messages/messages-part.js'
import { openBackup } from './open-backup.js'
import type { BackupPart } from './parts/backup-part.js'
import { inReadingOrder, partsNamed, partsRule } from './parts/part-order.js'

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
   * the backup is closed; what a killed process left there goes when the next backup is opened. An encrypted backup is opened only
   * where this is named: its databases lie there decrypted, and nothing else of it ever does.
   * @default a fresh folder among the system's temporary files
   */
  readonly scratch?: string
  /**
   * Whether what lay in the scratch folder is overwritten with zeros before it is removed, also what a killed process left there. It costs
   * as much as writing it did; on flash and on copy-on-write file systems the old bytes may stay somewhere all the same. @default false
   */
  readonly overwriteScratch?: boolean
  /**
   * Keeps the key of an encrypted backup, so that its password is asked for once. The password itself is kept nowhere.
   * @default in memory, until the run that asked has read the backup for the last time, or failed
   */
  readonly vault?: KeyVault
}

const vaultRule: OptionRule = {
  must: 'have the functions get, set and delete',
  test: (value) =>
    typeof value === 'object' &&
    value !== null &&
    'get' in value &&
    'set' in value &&
    'delete' in value &&
    [value.get, value.set, value.delete].every((each) => typeof each === 'function'),
}

const rules = {
  parts: partsRule,
  openSqlite: rule.function,
  scratch: rule.string,
  overwriteScratch: rule.boolean,
  vault: vaultRule,
}

/**
 * Reads iPhone backups as Finder, iTunes and idevicebackup2 make them, plain and encrypted: the parts that the
 * host chooses, each in the order of its row ids. The backup is never changed.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * iosBackup({ parts: [contacts(), messages()] })
 */
export function iosBackup(options: IosBackupOptions = {}): BackupReader {
  checkOptions('iosBackup', options, rules)
  const { openSqlite = openInstalledSqlite, scratch = null, overwriteScratch = false, vault } = options
  const parts = inReadingOrder(options.parts ?? [contacts(), messages()])
  const keys = new RunKeys()
  const fingerprints = new FingerprintMemory()
  return {
    open: async (path, request) => {
      const { parts: names, ...rest } = request
      const vaults = [
        ...(request.run === undefined ? [] : [keys.of(request.run)]),
        ...(vault === undefined ? [] : [vault]),
      ]
      return openBackup(path, {
        ...rest,
        chosen: partsNamed(parts, names),
        openSqlite,
        scratch,
        overwriteScratch,
        vaults,
        fingerprints,
      })
    },
    async stamp(path, { signal, parts: names }) {
      signal.throwIfAborted()
      const { root } = await findBackup(path)
      const fingerprint = await fingerprints.recall(root, signal)
      const read = { fingerprint, parts: partsNamed(parts, names).map(({ name }) => name) }
      return { fingerprint, stamp: await stampBackup(root, read, signal) }
    },
    forget: (run) => keys.forget(run),
  }
}

/**
 * Says what an import of a backup would find, without importing any of it. Opens and closes it: takes what `BackupReader.open` takes,
 * such as `ask` for the password of an encrypted one, and throws as it.
 */
export async function describeBackup(
  path: string,
  options: IosBackupOptions & Partial<Omit<OpenRequest, 'parts' | 'fileStamp'>> = {},
): Promise<{ readonly source: SourceDescription; readonly totals: SourceTotals }> {
  const { signal = new AbortController().signal, ask, run, ...rest } = options
  const backup = await iosBackup(rest).open(path, {
    signal,
    ...(ask === undefined ? {} : { ask }),
    ...(run === undefined ? {} : { run }),
  })
  try {
    return { source: backup.source, totals: await backup.totals() }
  } finally {
    await backup.close()
  }
}
