import { dirname } from 'node:path'
import { absentAsNull } from './file-errors.js'
import type { FileSystem } from './file-system.js'
import { inParallel } from './in-parallel.js'

/** How many system calls are under way at once. */
const atOnce = 16

/** Mode of the folders that are made: what they hold is the user's alone. */
const privateFolder = 0o700

/**
 * What is at `path`: a folder of its own, nothing, or something else. A link (and a Windows junction, which lstat tells as one)
 * may lead anywhere, so it counts as something else.
 */
export async function whatIsAt(fs: FileSystem, path: string): Promise<'folder' | 'nothing' | 'other'> {
  const found = await absentAsNull(() => fs.lstat(path))
  if (found === null) return 'nothing'
  return found.isDirectory() ? 'folder' : 'other'
}

/** Whether there is a folder of its own at `path`; false when nothing is there, an `ENOTDIR` error for anything else. */
export async function isOwnFolder(fs: FileSystem, path: string): Promise<boolean> {
  const found = await whatIsAt(fs, path)
  if (found === 'other') throw noFolder(path)
  return found === 'folder'
}

function noFolder(path: string): Error {
  return Object.assign(new Error(`${path} is no folder of its own`), { code: 'ENOTDIR' })
}

/** Makes a folder where there is none, durably. A link in its place is an error. */
export function makeFolder(fs: FileSystem, path: string): Promise<void> {
  return makeFoldersIn(fs, dirname(path), [path])
}

/** Makes those of the folders in `parent` that are not there, durably, with one sync for all. A link in the place of one is an error. */
export async function makeFoldersIn(fs: FileSystem, parent: string, paths: readonly string[]): Promise<void> {
  const found = await fs.lookAtAll(paths)
  const wrong = paths.find((_, index) => found[index]?.isDirectory() === false)
  if (wrong !== undefined) throw noFolder(wrong)
  const missing = paths.filter((_, index) => found[index] === null)
  if (missing.length === 0) return
  await inParallel(missing, atOnce, (path) => fs.mkdir(path, { mode: privateFolder }))
  await syncFolder(fs, parent)
}

/** Makes a folder and those above it where there are none, durably. Links above it, and in its own place, are the host's choice. */
export async function makeFolders(fs: FileSystem, path: string): Promise<void> {
  if ((await absentAsNull(() => fs.stat(path))) !== null) return
  const parent = dirname(path)
  if (parent !== path) await makeFolders(fs, parent)
  await fs.mkdir(path, { mode: privateFolder })
  await syncFolder(fs, parent)
}

/** Whether folders can be synced. Windows has no such call: there the file system's own log must do. */
export const foldersSync = process.platform !== 'win32'

/** Makes the names in a folder survive a power cut, where that can be done. */
export async function syncFolder(fs: FileSystem, path: string): Promise<void> {
  if (!foldersSync) return
  const handle = await fs.open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
