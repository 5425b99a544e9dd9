import { join } from 'node:path'
import { isHoldfastError } from '@holdfast/core'
import type { OpenSqlite } from '../../sqlite/driver.js'
import { type FoundBackup, manifestPlistName } from '../folder/backup-layout.js'
import type { Blobs } from '../folder/blobs.js'
import { areFilesEncrypted, isDatabase } from '../folder/protection.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { type Manifest, manifestName } from '../manifest/manifest.js'
import { openManifest } from '../manifest/open-manifest.js'
import { type PlistFile, valueAt } from '../plist/plist-file.js'

/** A backup's manifest and its encryption, as far as they show without a password. */
export interface FoundManifest {
  /** Null when it is missing, damaged or encrypted. */
  readonly manifest: Manifest | null
  readonly encrypted: boolean
  /** What is lost for good. */
  readonly problems: readonly string[]
  readonly remarks: readonly string[]
}

/**
 * Opens the manifest of a backup without a password. `IsEncrypted` is only a claim (programs that decrypt a backup leave it as it was,
 * others drop Manifest.plist): what lies on disk decides, and a contradiction is told.
 *
 * @throws HoldfastError as `openManifest`, but for `MANIFEST_DAMAGED`.
 */
export async function findManifest(
  root: string,
  name: FoundBackup['manifest'] | null,
  manifestPlist: PlistFile,
  options: {
    readonly openSqlite: OpenSqlite
    readonly scratch: ScratchFolder
    readonly blobs: Blobs
    readonly signal: AbortSignal
  },
): Promise<FoundManifest> {
  const claimed = valueAt(manifestPlist, 'IsEncrypted') === true
  const none = { manifest: null, encrypted: claimed, remarks: [] }
  if (name === null) return { ...none, problems: ['It has no manifest, so nothing says what its files are.'] }
  const path = join(root, name)
  if (name === manifestName && !(await isDatabase(path)) && (claimed || hasKeybag(manifestPlist))) {
    return encryptedManifest(manifestPlist, claimed)
  }
  try {
    const manifest = await openManifest(path, options)
    const encrypted = (await areFilesEncrypted(manifest, options.blobs)) ?? claimed
    return { manifest, encrypted, problems: [], remarks: contradictions(claimed, encrypted) }
  } catch (thrown) {
    if (!isHoldfastError(thrown) || thrown.code !== 'MANIFEST_DAMAGED') throw thrown
    return { ...none, problems: [`${thrown.message}.`] }
  }
}

function encryptedManifest(manifestPlist: PlistFile, claimed: boolean): FoundManifest {
  const found = { manifest: null, encrypted: true, remarks: contradictions(claimed, true) }
  if (hasKeybag(manifestPlist)) return { ...found, problems: [] }
  return {
    ...found,
    problems: [`${manifestPlistName} holds no keys, without which nothing can be decrypted.`],
  }
}

function contradictions(claimed: boolean, encrypted: boolean): readonly string[] {
  if (claimed === encrypted) return []
  return claimed
    ? [
        `${manifestPlistName} says that the backup is encrypted, but its files are not: it seems to be a decrypted copy.`,
      ]
    : [`${manifestPlistName} does not say that the backup is encrypted, but its files are.`]
}

function hasKeybag(manifestPlist: PlistFile): boolean {
  const keybag = valueAt(manifestPlist, 'BackupKeyBag')
  return keybag instanceof Uint8Array && keybag.length > 0
}
