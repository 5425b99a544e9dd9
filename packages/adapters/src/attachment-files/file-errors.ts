import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { diskFull, isFullCode } from '../disk-space/disk-full.js'

const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ELOOP', 'EISDIR'])

/** What the file system refused, as an error that a user can act on. `doing` is a clause such as `writing an attachment`. */
export function fileError(thrown: unknown, doing: string, path: string): HoldfastError {
  const systemCode = systemCodeOf(thrown) ?? 'unknown'
  const details = { cause: thrown, facts: { systemCode, path } }
  if (isFullCode(systemCode)) {
    return diskFull(`The disk is full: ${doing} failed`, {
      hint: 'Free some space, then retry. The backup is kept, and what was stored so far stays.',
      systemCode,
      cause: thrown,
      path,
    })
  }
  if (unwritable.has(systemCode)) {
    return new HoldfastError(
      'DESTINATION_UNWRITABLE',
      `The attachments folder cannot be written: ${doing} failed`,
      {
        ...details,
        hint: 'Check that the folder is a real one, and that you may write to it, then retry. The backup is kept.',
      },
    )
  }
  return new HoldfastError('STORE_FAILED', `Storing attachments failed: ${doing} (${systemCode})`, {
    ...details,
    hint: 'Check the disk, and whether another program uses the folder, then retry. The backup is kept.',
  })
}

/** Runs a file operation; what it throws is told by {@link fileError}. */
export async function fileWork<Result>(
  doing: string,
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (thrown) {
    throw fileError(thrown, doing, path)
  }
}

/** Runs a file operation for which an absent file is no failure; null then. */
export async function absentAsNull<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work()
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return null
    throw thrown
  }
}
