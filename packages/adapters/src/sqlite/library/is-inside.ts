import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { systemCodeOf } from '@holdfast/core'

/**
 * Whether `path` is `folder` or lies in it; neither needs to exist. Folders that exist are told apart by what the file system
 * says they are, so links and other spellings (upper and lower case, short names) are seen through.
 */
export async function isInside(path: string, folder: string): Promise<boolean> {
  const target = await identity(folder)
  if (target !== null) {
    for (let at = resolve(path); ; at = dirname(at)) {
      const real = await realOrNull(at)
      if (real !== null && (await hasAncestor(real, target))) return true
      if (real !== null || dirname(at) === at) return false
    }
  }
  const steps = relative(fold(await settled(folder)), fold(await settled(path)))
  return steps === '' || (steps !== '..' && !steps.startsWith(`..${sep}`) && resolve(steps) !== steps)
}

async function hasAncestor(real: string, target: string): Promise<boolean> {
  for (let at = real; ; at = dirname(at)) {
    if ((await identity(at)) === target) return true
    if (dirname(at) === at) return false
  }
}

/** What the file system calls a file or folder, whatever its path; null when there is none. */
async function identity(path: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(path, { bigint: true })
    return `${dev}:${ino}`
  } catch (thrown) {
    return nullIfAbsent(thrown)
  }
}

/** The real path of the part that exists, with the rest behind it. */
async function settled(path: string): Promise<string> {
  const at = resolve(path)
  const real = await realOrNull(at)
  if (real !== null || dirname(at) === at) return real ?? at
  return join(await settled(dirname(at)), basename(at))
}

async function realOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (thrown) {
    return nullIfAbsent(thrown)
  }
}

function nullIfAbsent(thrown: unknown): null {
  if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(thrown) ?? '')) return null
  throw thrown
}

/** Where file systems usually do not tell upper from lower case, names of what does not exist yet are compared without. */
function fold(path: string): string {
  return process.platform === 'win32' || process.platform === 'darwin' ? path.toLowerCase() : path
}
