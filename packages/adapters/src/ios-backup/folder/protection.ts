import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { readSqliteFile } from '../database/sqlite-file.js'
import { keybagDamaged } from '../encryption/unlock.js'
import { contactDatabase, messageDatabase } from '../manifest/file-id.js'
import { type Manifest, manifestName } from '../manifest/manifest.js'
import type { FoundBackup } from './backup-layout.js'
import type { Blobs } from './blobs.js'
import { type PlistFile, valueAt } from './plist-file.js'

/** How a backup is protected, as far as Manifest.plist and Manifest.db show it. */
export type Protection =
  /** The manifest can be read. Its files can still be encrypted: before iOS 10.2 phones encrypted the files alone. */
  | { readonly state: 'readable'; readonly keybag: Uint8Array | null; readonly claimsEncrypted: boolean }
  | { readonly state: 'encrypted'; readonly keybag: Uint8Array; readonly manifestKey: Uint8Array }

/**
 * Finds out whether a backup's manifest is encrypted. `IsEncrypted` is only a claim, and a keybag is in plain backups too (it guards
 * the keychain): what counts is whether Manifest.db is a database, and what is there to decrypt it with when it is none.
 *
 * @throws HoldfastError `KEYBAG_DAMAGED` when it is encrypted and the keys are missing, `MANIFEST_DAMAGED` when it is neither plain nor
 *   encrypted, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`.
 */
export async function judgeProtection(
  { root, manifest }: FoundBackup,
  manifestPlist: PlistFile,
): Promise<Protection> {
  const claimsEncrypted = valueAt(manifestPlist, 'IsEncrypted') === true
  const keybag = bytesAt(manifestPlist, 'BackupKeyBag')
  // The older list of files is never encrypted itself.
  if (manifest !== manifestName) return { state: 'readable', keybag, claimsEncrypted }
  const path = join(root, manifestName)
  if (await isDatabase(path)) return { state: 'readable', keybag, claimsEncrypted }
  const manifestKey = bytesAt(manifestPlist, 'ManifestKey')
  if (keybag !== null && manifestKey !== null) return { state: 'encrypted', keybag, manifestKey }
  if (claimsEncrypted) {
    throw keybagDamaged(root, `Manifest.plist has no ${keybag === null ? 'keybag' : 'key for the manifest'}.`)
  }
  throw new HoldfastError('MANIFEST_DAMAGED', 'Manifest.db is no SQLite database', {
    hint:
      manifestPlist.state === 'present'
        ? 'The backup was cut off or copied incompletely: make it again, or copy all of it.'
        : 'If the backup is encrypted, it cannot be read without its Manifest.plist. Copy all of it, or make it again.',
    retryable: false,
    facts: { path: root },
  })
}

/**
 * Whether files are encrypted, by the first database that is on disk: the manifest has a key for it, and it is no database as it lies
 * there. (A backup that was decrypted since still has the keys.) Null when there is none to tell by.
 */
export async function areFilesEncrypted(manifest: Manifest, blobs: Blobs): Promise<boolean | null> {
  for (const path of [messageDatabase, contactDatabase]) {
    const entry = manifest.find(path)
    const blob = entry === null ? null : await blobs.find(entry.fileId)
    if (entry === null || blob === null) continue
    if ((entry.details()?.encryptionKey ?? null) === null) return false
    return !(await isDatabase(blob.path))
  }
  return null
}

/** Whether a file is a SQLite database. Throws as `readSqliteFile`. */
export async function isDatabase(path: string): Promise<boolean> {
  return (await readSqliteFile(path)) !== null
}

function bytesAt(plist: PlistFile, key: string): Uint8Array | null {
  const value = valueAt(plist, key)
  return value instanceof Uint8Array && value.length > 0 ? value : null
}
