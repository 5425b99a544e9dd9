import { rename as nodeRename } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { systemCodeOf } from '@holdfast/core'

/** How a folder is renamed: the place where a test lets one be busy. */
export type Rename = (from: string, to: string) => Promise<void>

/** What passes when a virus scanner or an indexer lets go of a file below the folder; usual on Windows. */
const passing = new Set(['EBUSY', 'EPERM', 'EACCES'])
const retries = 6
/** Milliseconds before the second try; each pause is twice the one before. */
const delay = 50

/** Renames a folder, also one that somebody looks into for a moment. Throws what the file system still refuses after some seconds. */
export async function renamePatiently(from: string, to: string, rename: Rename = nodeRename): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      return await rename(from, to)
    } catch (cause) {
      if (tried >= retries || !passing.has(systemCodeOf(cause) ?? '')) throw cause
      await setTimeout(delay * 2 ** tried)
    }
  }
}
