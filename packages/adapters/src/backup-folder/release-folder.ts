import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { checkReceipt, parseReceipt, type Receipt } from '@holdfast/core/import'
import { fingerprintBackup } from '../ios-backup/folder/fingerprint.js'
import { stampFiles } from '../ios-backup/folder/stamp.js'
import { manifestName, oldManifestName } from '../ios-backup/manifest/manifest.js'
import { checkDeletable, refused } from './deletable-folder.js'
import { nodeFiles } from './file-operations.js'
import { type Holder, refuseHeld } from './hold.js'
import { pause } from './pause.js'
import { type Remains, type RemoveTreeOptions, removeTree } from './remove-tree.js'
import { syncFolder } from './sync-folder.js'

/** How a backup is released. */
export interface ReleaseOptions extends RemoveTreeOptions {
  /** The run that lets it go. */
  readonly holder: Holder
}

/**
 * Deletes a verified backup: checks the receipt against a fresh fingerprint and the state of every file, renames the folder aside within its own parent, makes
 * that durable, then removes it link-safely. So a crash leaves either the whole backup in its place, or a folder whose name says
 * that it was released and by which receipt; repeating the call goes on from there, and changes nothing once all is gone.
 *
 * A backup that took the released one's place meanwhile is somebody else's, and stays. So does one that another run took hold of: it is
 * looked for before the renaming and, because the other run looks for the backup after it has made its mark, once more behind it.
 *
 * @throws HoldfastError `RECEIPT_INVALID`, `BACKUP_HELD`, `BACKUP_CHANGED`, `RELEASE_REFUSED`, `RELEASE_FAILED` saying what remains,
 *   `BACKUP_UNREADABLE`, or the signal's reason.
 */
export async function releaseFolder(path: string, receipt: Receipt, options: ReleaseOptions): Promise<void> {
  options.signal.throwIfAborted()
  const { seal } = await parseReceipt(receipt)
  const aside = join(dirname(path), `.${basename(path)}.holdfast-released-${seal.slice(0, 12)}`)
  if (!(await isFolder(aside))) {
    if (!(await exists(path))) return
    await checkDeletable(path)
    await refuseHeld(path, options.holder)
    await checkUnchanged(path, receipt, options.signal)
    await checkDeletable(path)
    await renameAside(path, aside, options)
  }
  await beginRemoval(path, aside, options)
  const remains = await removeTree(aside, options)
  if (remains.count > 0 || (await exists(aside))) throw notRemoved(aside, remains)
  await syncFolder(dirname(path))
}

function notRemoved(aside: string, { count, paths, systemCode }: Remains): HoldfastError {
  return new HoldfastError('RELEASE_FAILED', `${count} entries of the released backup could not be removed`, {
    hint: `Close programs that use them, then try again, or remove the folder ${aside} by hand.`,
    facts: { aside, remaining: count, paths: paths.join(', '), systemCode },
  })
}

/** Checks that the backup is the one that was verified, and every file of it as it was then. */
async function checkUnchanged(path: string, receipt: Receipt, signal: AbortSignal): Promise<void> {
  const fingerprint = await fingerprintBackup(path, signal)
  // The fingerprint does not read the files of attachments, and what else the manifest lists.
  const isStamped = receipt.source.fileStamp !== undefined
  await checkReceipt(receipt, fingerprint, isStamped ? await stampFiles(path, signal) : null)
}

/**
 * The last look for marks of others; then the manifest goes, before anything else. As long as it is there nothing was removed, and a
 * backup that another run needs is put back. One whose manifest cannot be removed stays whole.
 *
 * @throws HoldfastError `BACKUP_HELD`, `RELEASE_FAILED`, or the signal's reason.
 */
async function beginRemoval(path: string, aside: string, options: ReleaseOptions): Promise<void> {
  // Where both are there the newer one is read, so it goes last.
  const manifests = [oldManifestName, manifestName].map((name) => join(aside, name))
  const areThere = await Promise.all(manifests.map(exists))
  if (areThere.includes(true) && !(await exists(path))) {
    try {
      await refuseHeld(path, options.holder)
    } catch (held) {
      await renameAside(aside, path, options)
      throw held
    }
  }
  for (const manifest of manifests) {
    const remains = await removeTree(manifest, options)
    if (remains.count > 0) throw notRemoved(aside, remains)
  }
}

async function renameAside(path: string, aside: string, options: RemoveTreeOptions): Promise<void> {
  const { signal, retries = 6, delay = 50, files = nodeFiles } = options
  for (let tried = 0; ; tried++) {
    try {
      await files.rename(path, aside)
      break
    } catch (cause) {
      const systemCode = systemCodeOf(cause) ?? ''
      if (!['EBUSY', 'EPERM', 'EACCES'].includes(systemCode) || tried >= retries) {
        throw new HoldfastError(
          'RELEASE_FAILED',
          'The backup could not be renamed to be removed; all of it is still there',
          {
            hint: 'Close programs that use it, check that its parent folder can be written, then try again.',
            cause,
            facts: { path, aside, systemCode },
          },
        )
      }
      await pause(delay * 2 ** tried, signal)
    }
  }
  await syncFolder(dirname(path))
}

/** A folder of this name can only be one that was renamed here; anything else under it is not touched. */
async function isFolder(aside: string): Promise<boolean> {
  const stats = await statusOf(aside)
  if (stats === null) return false
  if (stats.isDirectory()) return true
  throw refused('something that is no folder has the name that the released backup would get', aside)
}

async function exists(path: string): Promise<boolean> {
  return (await statusOf(path)) !== null
}

async function statusOf(path: string) {
  try {
    return await lstat(path)
  } catch (cause) {
    const code = systemCodeOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw cause
  }
}
