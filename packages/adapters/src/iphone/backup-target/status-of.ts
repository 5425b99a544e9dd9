import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { systemCodeOf } from '@holdfast/core'

/** What lies at a path, links not followed; null where nothing does. Throws what else the file system says, such as `ENOTDIR`. */
export async function statusOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path)
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return null
    throw cause
  }
}
