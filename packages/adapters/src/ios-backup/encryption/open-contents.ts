import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import type { OpenRequest } from '@holdfast/core/import'
import type { OpenSqlite } from '../../sqlite/driver.js'
import type { FoundBackup } from '../folder/backup-layout.js'
import type { BlobReading } from '../folder/blob-reading.js'
import { Blobs } from '../folder/blobs.js'
import { textAt } from '../folder/plist-file.js'
import { areFilesEncrypted, judgeProtection } from '../folder/protection.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import type { BackupPlists } from '../folder/wholeness.js'
import type { Manifest } from '../manifest/manifest.js'
import { openManifest } from '../manifest/open-manifest.js'
import type { ClassKeys } from './class-keys.js'
import { decryptManifest } from './decrypt-manifest.js'
import { FileKeys } from './file-keys.js'
import type { KeyVault } from './key-vault.js'
import { encryptedError, keybagDamaged, unlockKeybag } from './unlock.js'

/** What opening the contents needs. */
export interface ContentsOptions extends OpenRequest {
  readonly openSqlite: OpenSqlite
  /** Folder that the host named for what is decrypted; null when it named none. */
  readonly scratch: string | null
  /** This backup's own folder in it. */
  readonly folder: ScratchFolder
  /** What reads its blobs; closed by whoever made it. */
  readonly reading: BlobReading
  /** Where the key is looked for, and kept. */
  readonly vaults: readonly KeyVault[]
}

/** The list of a backup's files and what is in them, unlocked where they are encrypted. */
export interface Contents {
  readonly manifest: Manifest
  readonly blobs: Blobs
  readonly encrypted: boolean
  /** What is odd about the encryption, a sentence each. */
  readonly remarks: readonly string[]
}

/**
 * Opens the manifest of a backup and its blobs. Of an encrypted backup the password is asked for, and the manifest is decrypted into the
 * scratch folder when it is encrypted as well.
 *
 * @throws HoldfastError what `judgeProtection`, `unlockKeybag` and `openManifest` throw; `OPTION_INVALID` when the host named no scratch
 *   folder for what is decrypted.
 */
export async function openContents(
  found: FoundBackup,
  plists: BackupPlists,
  options: ContentsOptions,
): Promise<Contents> {
  const { root } = found
  const { folder, reading, signal, openSqlite } = options
  const protection = await judgeProtection(found, plists.manifest)
  const unlock = (keybag: Uint8Array): Promise<ClassKeys> => {
    if (options.ask === undefined && options.vaults.length === 0) throw encryptedError(root)
    requireScratch(options.scratch)
    const title = textAt(plists.info, 'Device Name') ?? textAt(plists.manifest, 'Lockdown', 'DeviceName')
    return unlockKeybag(keybag, { ...options, title, path: root })
  }
  const known =
    protection.state === 'encrypted'
      ? { classKeys: await unlock(protection.keybag), manifestKey: protection.manifestKey }
      : null
  const decrypted =
    known === null
      ? null
      : await decryptManifest(root, known.manifestKey, {
          classKeys: known.classKeys,
          reading,
          scratch: folder,
          signal,
        })
  const manifest = await openManifest(decrypted ?? join(root, found.manifest), {
    openSqlite,
    scratch: folder,
    signal,
    isPrivate: decrypted !== null,
  })
  try {
    const classKeys = known?.classKeys ?? (await unlockFiles(root, manifest, protection, unlock))
    if (classKeys === null) {
      const remarks =
        protection.state === 'readable' && protection.claimsEncrypted
          ? ['Manifest.plist says that the backup is encrypted, but its files are not.']
          : []
      return { manifest, blobs: new Blobs(root, { reading }), encrypted: false, remarks }
    }
    const blobs = new Blobs(root, { reading, keys: new FileKeys(manifest, classKeys) })
    return { manifest, blobs, encrypted: true, remarks: remarksOn(classKeys) }
  } catch (thrown) {
    manifest.close()
    throw thrown
  }
}

/** The keys of a backup whose files are encrypted, although its manifest is not; null when they are plain too. */
async function unlockFiles(
  root: string,
  manifest: Manifest,
  protection: { readonly keybag: Uint8Array | null },
  unlock: (keybag: Uint8Array) => Promise<ClassKeys>,
): Promise<ClassKeys | null> {
  if ((await areFilesEncrypted(manifest, new Blobs(root))) !== true) return null
  if (protection.keybag === null) throw keybagDamaged(root, 'Manifest.plist has no keybag.')
  return unlock(protection.keybag)
}

function remarksOn({ damaged }: ClassKeys): readonly string[] {
  if (damaged.length === 0) return []
  const classes = [...damaged].sort((a, b) => a - b).join(', ')
  return [`The keybag is damaged: files of protection class ${classes} cannot be decrypted.`]
}

/** Plaintext of an encrypted backup goes where the host says, and nowhere else. */
function requireScratch(scratch: string | null): void {
  if (scratch !== null) return
  throw new HoldfastError('OPTION_INVALID', "iosBackup: an encrypted backup needs the option 'scratch'", {
    hint: 'Name a folder on a disk of your own, in which decrypted databases lie while the backup is open.',
    retryable: false,
    facts: { option: 'scratch' },
  })
}
