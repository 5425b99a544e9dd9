import { lstat, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import { HoldfastError, systemCodeOf } from '@holdfast/core'

/** Folders whose direct entries are the homes of people. */
const homesOfPeople = ['/home', '/Users', 'C:\\Users', 'C:\\Documents and Settings']

/**
 * Checks that a folder may be deleted as a backup: a real folder at its real path, that holds a manifest, and is neither a file
 * system's root nor a home folder nor anything above one.
 *
 * @throws HoldfastError `RELEASE_REFUSED`.
 */
export async function checkDeletable(path: string): Promise<void> {
  const home = resolve(homedir())
  if (dirname(path) === path) throw refused('it is the root of a file system', path)
  if (samePath(path, home) || isAbove(path, home)) throw refused('it is a home folder, or holds one', path)
  if (homesOfPeople.some((homes) => samePath(dirname(path), homes) || samePath(path, homes))) {
    throw refused('it is a home folder, or holds one', path)
  }
  const stats = await lstat(path)
  if (stats.isSymbolicLink() || !stats.isDirectory()) throw refused('it is not a folder itself', path)
  if ((await realpath(path)) !== path) throw refused('a folder above it was replaced by a link', path)
  for (const name of ['Manifest.db', 'Manifest.mbdb']) {
    try {
      if ((await lstat(join(path, name))).isFile()) return
    } catch (cause) {
      if (systemCodeOf(cause) !== 'ENOENT') throw cause
    }
  }
  throw refused('it holds no Manifest.db', path)
}

/** `RELEASE_REFUSED`, saying why. */
export function refused(why: string, path: string): HoldfastError {
  return new HoldfastError('RELEASE_REFUSED', `The backup may not be deleted: ${why}`, {
    hint: 'The backup is kept as it is. Remove it by hand if you are sure.',
    retryable: false,
    facts: { path },
  })
}

function isAbove(path: string, inner: string): boolean {
  const folder = path.endsWith(sep) ? path : path + sep
  return foldCase(inner).startsWith(foldCase(folder))
}

function samePath(one: string, other: string): boolean {
  return foldCase(one) === foldCase(other)
}

/** Paths on Windows and on most Macs differ by case only in looks; taking them as the same errs on the safe side. */
function foldCase(path: string): string {
  return path.toLowerCase()
}
