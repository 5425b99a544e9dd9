import { join } from 'node:path'
import { isHoldfastError } from '@holdfast/core'
import type { OpenSqlite } from '../../sqlite/driver.js'
import { type FoundBackup, manifestPlistName } from '../folder/backup-layout.js'
import type { Blobs } from '../folder/blobs.js'
import { type PlistFile, valueAt } from '../folder/plist-file.js'
import { areFilesEncrypted, judgeProtection } from '../folder/protection.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import type { Manifest } from '../manifest/manifest.js'
import { openManifest } from '../manifest/open-manifest.js'

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
 * @throws HoldfastError as `judgeProtection` and `openManifest`, but for `MANIFEST_DAMAGED` and `KEYBAG_DAMAGED`.
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
  if (name === null) {
    return {
      ...none,
      encrypted: claimed,
      problems: ['It has no manifest, so nothing says what its files are.'],
    }
  }
  let manifest: Manifest | null = null
  try {
    const protection = await judgeProtection({ root, manifest: name }, manifestPlist)
    if (protection.state === 'encrypted') {
      return { ...none, encrypted: true, remarks: contradictions(claimed, true) }
    }
    manifest = await openManifest(join(root, name), options)
    const encrypted = (await areFilesEncrypted(manifest, options.blobs)) ?? claimed
    return { manifest, encrypted, problems: [], remarks: contradictions(claimed, encrypted) }
  } catch (thrown) {
    manifest?.close()
    if (!isHoldfastError(thrown)) throw thrown
    const problems = [`${thrown.message}.`]
    if (thrown.code === 'KEYBAG_DAMAGED') return { ...none, encrypted: true, problems }
    if (thrown.code === 'MANIFEST_DAMAGED') return { ...none, encrypted: false, problems }
    throw thrown
  }
}

const none = { manifest: null, problems: [], remarks: [] } as const

function contradictions(claimed: boolean, encrypted: boolean): readonly string[] {
  if (claimed === encrypted) return []
  return claimed
    ? [
        `${manifestPlistName} says that the backup is encrypted, but its files are not: it seems to be a decrypted copy.`,
      ]
    : [`${manifestPlistName} does not say that the backup is encrypted, but its files are.`]
}
