import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { manifestName, oldManifestName } from '../manifest/manifest.js'
import { unreadable } from './backup-file.js'

/** Files that a backup keeps in its own folder, beside the blobs. */
export const infoName = 'Info.plist'
export const manifestPlistName = 'Manifest.plist'
export const statusName = 'Status.plist'
/** A folder that exists while the phone writes a backup. */
export const snapshotName = 'Snapshot'

const udidPattern = /^(?:[0-9a-f]{40}|[0-9A-F]{8}-[0-9A-F]{16})$/i

/** A folder that is a backup. */
export interface FoundBackup {
  /** Its real, absolute path. */
  readonly root: string
  /** Name of its manifest. A phone that was updated from iOS 9 may leave the old one beside the new one, which then counts. */
  readonly manifest: typeof manifestName | typeof oldManifestName
}

/**
 * Finds the backup at a path.
 *
 * @throws HoldfastError `MANIFEST_MISSING`, or as {@link lookForBackup}.
 */
export async function findBackup(path: string): Promise<FoundBackup> {
  const { root, manifest } = await lookForBackup(path)
  if (manifest !== null) return { root, manifest }
  throw new HoldfastError(
    'MANIFEST_MISSING',
    'The backup has no Manifest.db, so nothing says what its files are',
    {
      hint: 'The backup was cut off or copied incompletely: make it again, or copy all of it.',
      retryable: false,
      facts: { path: root },
    },
  )
}

/**
 * Finds what is there of a backup at a path, its manifest or not.
 *
 * @throws HoldfastError `BACKUP_NOT_FOUND` when there is no folder; `BACKUP_INVALID` when the folder is no backup, with the backups
 *   that lie in it in the hint; `BACKUP_UNREADABLE`.
 */
export async function lookForBackup(
  path: string,
): Promise<{ readonly root: string; readonly manifest: FoundBackup['manifest'] | null }> {
  const root = await folderAt(path)
  const names = new Set((await list(root)).map((entry) => entry.name))
  for (const manifest of [manifestName, oldManifestName] as const) {
    if (names.has(manifest)) return { root, manifest }
  }
  if ([infoName, manifestPlistName, statusName].some((name) => names.has(name)))
    return { root, manifest: null }
  const inside = await backupsIn(root)
  throw new HoldfastError('BACKUP_INVALID', 'The folder is not an iPhone backup', {
    hint:
      inside.length > 0
        ? `It holds backups; choose one of them: ${inside.join(', ')}.`
        : 'Choose the folder that holds Manifest.db; its name is the id of the phone.',
    retryable: false,
    facts: { path: root },
  })
}

/**
 * The real path of a folder.
 *
 * @throws HoldfastError `BACKUP_NOT_FOUND`, `BACKUP_UNREADABLE`.
 */
export async function folderAt(path: string): Promise<string> {
  try {
    const real = await realpath(path)
    if ((await stat(real)).isDirectory()) return real
  } catch (cause) {
    const code = systemCodeOf(cause)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unreadable(path, cause)
    throw notFound('There is no folder at the path of the backup', path)
  }
  throw notFound('The path of the backup is that of a file, not of a folder', path)
}

/** Whether a folder in the backup holds anything. */
export async function holdsAnything(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0
  } catch (cause) {
    const code = systemCodeOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw unreadable(path, cause)
  }
}

function notFound(message: string, path: string): HoldfastError {
  return new HoldfastError('BACKUP_NOT_FOUND', message, {
    hint: 'Choose the folder that holds Manifest.db; on a Mac it lies in ~/Library/Application Support/MobileSync/Backup.',
    retryable: false,
    facts: { path },
  })
}

async function list(path: string): Promise<Dirent[]> {
  return readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
}

/** Names of the backups that lie directly in a folder, where each is named by the id of its phone. */
async function backupsIn(path: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await list(path)) {
    if (!entry.isDirectory() || !udidPattern.test(entry.name)) continue
    const names: string[] = await readdir(join(path, entry.name)).catch(() => [])
    if (names.includes(manifestName) || names.includes(oldManifestName)) found.push(entry.name)
  }
  return found.sort()
}
