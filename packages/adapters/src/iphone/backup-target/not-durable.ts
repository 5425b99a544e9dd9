import { systemCodeOf } from '@holdfast/core'
import { syncFolder } from '../../backup-folder/sync-folder.js'

/**
 * What was written whole, and the file system could then not make durable. It says so once: whoever syncs later is told that all is well,
 * so nothing that is there can be gone on with.
 */
export class NotDurable extends Error {
  /** What the file system said, such as `EIO`. */
  readonly code: string

  constructor(cause: unknown) {
    super('A file that was written could not be made durable', { cause })
    this.code = systemCodeOf(cause) ?? 'EIO'
  }
}

/** Makes the names in a folder survive a power cut. Throws NotDurable when the file system says that it could not, and else what it refuses. */
export async function syncNames(folder: string): Promise<void> {
  try {
    await syncFolder(folder)
  } catch (error) {
    const isLost = error instanceof Error && 'syscall' in error && error.syscall === 'fsync'
    throw isLost ? new NotDurable(error) : error
  }
}
