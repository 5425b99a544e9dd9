import { statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Bytes that this user may still write on the volume of a path, which need not exist yet; null where the file system does not say.
 * A word to people and no promise: it knows nothing of quotas, of compression, or of blocks that files share.
 */
export function freeBytes(path: string): number | null {
  const at = resolve(path)
  try {
    const { bavail, bsize } = statfsSync(at)
    return bavail * bsize
  } catch {
    const parent = dirname(at)
    return parent === at ? null : freeBytes(parent)
  }
}
