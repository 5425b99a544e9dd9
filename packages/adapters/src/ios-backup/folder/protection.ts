import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { readSqliteFile } from '../database/sqlite-file.js'
import { manifestName } from '../manifest/manifest.js'
import { type PlistFile, valueAt } from '../plist/plist-file.js'
import type { FoundBackup } from './backup-layout.js'

/**
 * Refuses an encrypted backup, which needs its password. This is where decryption begins: it would unlock the keybag of
 * Manifest.plist here, decrypt Manifest.db into the scratch folder, and hand the keys to `Blobs`.
 *
 * `IsEncrypted` is believed when it says yes. Where it does not, an unreadable Manifest.db tells together with a keybag; a keybag
 * alone tells nothing, because phones put one into plain backups too (it guards the keychain).
 *
 * @throws HoldfastError `BACKUP_ENCRYPTED`, `MANIFEST_DAMAGED` when Manifest.db is neither, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`.
 */
export async function refuseEncrypted(
  { root, manifest }: FoundBackup,
  manifestPlist: PlistFile,
): Promise<void> {
  if (valueAt(manifestPlist, 'IsEncrypted') === true) throw encryptedError(root)
  // The old manifest is never encrypted itself.
  if (manifest !== manifestName) return
  const path = join(root, manifestName)
  if ((await readSqliteFile(path)) !== null) return
  if (hasKeybag(manifestPlist)) throw encryptedError(root)
  throw new HoldfastError('MANIFEST_DAMAGED', 'Manifest.db is no SQLite database', {
    hint:
      manifestPlist.state === 'present'
        ? 'The backup was cut off or copied incompletely: make it again, or copy all of it.'
        : 'If the backup is encrypted, it cannot be read without its Manifest.plist. Copy all of it, or make it again.',
    retryable: false,
    facts: { path: root },
  })
}

/** Whether Manifest.plist carries a keybag. */
export function hasKeybag(manifestPlist: PlistFile): boolean {
  const keybag = valueAt(manifestPlist, 'BackupKeyBag')
  return keybag instanceof Uint8Array && keybag.length > 0
}

/** `BACKUP_ENCRYPTED` for the backup at a path. */
export function encryptedError(path: string): HoldfastError {
  return new HoldfastError('BACKUP_ENCRYPTED', 'The backup is encrypted', {
    hint: 'It can be read only with its password, the one that was set when encryption was first switched on for this phone.',
    retryable: false,
    facts: { path },
  })
}
