import { type FileHandle, lstat, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { checkReceipt, parseReceipt, type Receipt } from '@holdfast/core/import'
import { fingerprintBackup } from '../ios-backup/folder/fingerprint.js'
import { checkDeletable, refused } from './deletable-folder.js'
import { nodeFiles } from './file-operations.js'
import { pause } from './pause.js'
import { type RemoveTreeOptions, removeTree } from './remove-tree.js'

/**
 * Deletes a verified backup: checks the receipt against a fresh fingerprint, renames the folder aside within its own parent, makes
 * that durable, then removes it link-safely. So a crash leaves either the whole backup in its place, or a folder whose name says
 * that it was released and by which receipt; repeating the call goes on from there, and changes nothing once all is gone.
 *
 * A backup that took the released one's place meanwhile is somebody else's, and stays.
 *
 * @throws HoldfastError `RECEIPT_INVALID`, `BACKUP_CHANGED`, `RELEASE_REFUSED`, `RELEASE_FAILED` saying what remains,
 *   `BACKUP_UNREADABLE`, or the signal's reason.
 */
export async function releaseFolder(
  path: string,
  receipt: Receipt,
  options: RemoveTreeOptions,
): Promise<void> {
  options.signal.throwIfAborted()
  const { seal } = await parseReceipt(receipt)
  const aside = join(dirname(path), `.${basename(path)}.holdfast-released-${seal.slice(0, 12)}`)
  if (!(await isFolder(aside))) {
    if (!(await exists(path))) return
    await checkDeletable(path)
    await checkReceipt(receipt, await fingerprintBackup(path, options.signal))
    await checkDeletable(path)
    await renameAside(path, aside, options)
  }
  const remains = await removeTree(aside, options)
  if (remains.count > 0 || (await exists(aside))) {
    throw new HoldfastError(
      'RELEASE_FAILED',
      `${remains.count} entries of the released backup could not be removed`,
      {
        hint: `Close programs that use them, then try again, or remove the folder ${aside} by hand.`,
        facts: {
          aside,
          remaining: remains.count,
          paths: remains.paths.join(', '),
          systemCode: remains.systemCode,
        },
      },
    )
  }
  await syncFolder(dirname(path))
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

/** Makes renames and removals in a folder survive a power cut. Windows cannot flush folders and does not need it. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | null = null
  try {
    folder = await open(path, 'r')
    await folder.sync()
  } catch (cause) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'EBADF', 'ENOTSUP'].includes(systemCodeOf(cause) ?? ''))
      throw cause
  } finally {
    await folder?.close()
  }
}
