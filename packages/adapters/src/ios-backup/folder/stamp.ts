import { createHash, type Hash } from 'node:crypto'
import type { Dirent, Stats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { lookAtAll } from '../../file-status/look-at-all.js'
import { unreadable } from './backup-file.js'

/**
 * What the reader makes of a backup. To be raised by whoever makes it read more, or otherwise, out of the same files: a backup that was
 * imported by an earlier version of the app is then read again.
 */
const readingVersion = 2

/**
 * What tells whether a backup has changed, in far less time than it takes to read it: SHA-256 over its fingerprint, what is read of it,
 * and name, size and time of change of every blob, in lower-case hex. A copy whose times are new counts as changed.
 *
 * @throws HoldfastError `BACKUP_UNREADABLE`, or the signal's reason.
 */
export async function stampBackup(
  root: string,
  read: { readonly fingerprint: string; readonly parts: readonly string[] },
  signal: AbortSignal,
): Promise<string> {
  const stamp = createHash('sha256')
  stamp.update(`${readingVersion} ${read.fingerprint} ${read.parts.join()}\n`)
  await addFolders(stamp, root, signal)
  return stamp.digest('hex')
}

/**
 * What tells whether a file of a backup was changed, added or removed, whoever reads what of it: SHA-256 over name, size and time of
 * change of every blob, in lower-case hex.
 *
 * @throws HoldfastError `BACKUP_UNREADABLE`, or the signal's reason.
 */
export async function stampFiles(root: string, signal: AbortSignal): Promise<string> {
  const stamp = createHash('sha256')
  await addFolders(stamp, root, signal)
  return stamp.digest('hex')
}

async function addFolders(stamp: Hash, root: string, signal: AbortSignal): Promise<void> {
  const entries = await list(root)
  await addBlobs(stamp, root, entries, signal)
  for (const folder of entries) {
    if (folder.isDirectory() && /^[0-9a-f]{2}$/.test(folder.name)) {
      const path = join(root, folder.name)
      await addBlobs(stamp, path, await list(path), signal)
    }
  }
}

async function addBlobs(
  stamp: Hash,
  folder: string,
  entries: readonly Dirent[],
  signal: AbortSignal,
): Promise<void> {
  const names = entries.map(({ name }) => name).filter((name) => /^[0-9a-f]{40}$/.test(name))
  signal.throwIfAborted()
  const stats = await lookAtAll(names.map((name) => join(folder, name))).catch((cause: unknown) => {
    throw unreadable(folder, cause)
  })
  for (const [index, name] of names.entries()) stamp.update(`${name} ${wordsOf(stats[index] ?? null)}\n`)
}

function wordsOf(stats: Stats | null): string {
  return stats?.isFile() === true ? `${stats.size} ${stats.mtimeMs}` : 'no file'
}

/** What a folder holds, in the order of names. */
async function list(path: string): Promise<readonly Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}
