import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { lookAt } from '../../file-status/look-at-all.js'

const chunkBytes = 256 * 1024

/** What a read of a file gave. */
type Read = { readonly bytesRead: number }

/**
 * The bytes of a file of the backup, in chunks of at most 256 KiB; links are not followed. The next chunk is read while the caller works
 * on one. `reuse` says that a chunk may be overwritten as soon as the next one is asked for.
 *
 * @throws HoldfastError `BACKUP_UNREADABLE`, or the signal's reason.
 */
export async function* readFileChunks(
  path: string,
  signal: AbortSignal,
  reuse = false,
): AsyncGenerator<Uint8Array, void, undefined> {
  let file: FileHandle | null = null
  let ahead: Promise<Read> | null = null
  try {
    signal.throwIfAborted()
    // Undefined on Windows, where `find` has looked at the file itself a moment ago.
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    const { size } = await file.stat()
    // One byte more than the file has shows its end without a second buffer.
    const length = Math.min(chunkBytes, size + 1)
    let buffer: Buffer = Buffer.allocUnsafe(length)
    let spare: Buffer | null = null
    for (;;) {
      const { bytesRead }: Read = await (ahead ?? file.read(buffer, 0, length, null))
      ahead = null
      signal.throwIfAborted()
      if (bytesRead === 0) return
      const chunk = buffer.subarray(0, bytesRead)
      // Of a small file only its end is left to be seen, which is not worth another buffer.
      if (bytesRead === length) {
        const next: Buffer = (reuse ? spare : null) ?? Buffer.allocUnsafe(length)
        spare = buffer
        buffer = next
        ahead = file.read(buffer, 0, length, null)
        // Told when it is waited for, if it is.
        ahead.catch(() => undefined)
      }
      yield chunk
      if (ahead === null && !reuse) buffer = Buffer.allocUnsafe(length)
    }
  } catch (cause) {
    throw signal.aborted ? signal.reason : readFailure(path, cause)
  } finally {
    await ahead?.catch(() => undefined)
    await file?.close()
  }
}

/** What went wrong while a file of the backup was opened without following links, or read, told as what it means here. */
export function readFailure(path: string, cause: unknown): unknown {
  if (systemCodeOf(cause) === 'ELOOP') return linkError(path)
  return systemCodeOf(cause) === null ? cause : unreadable(path, cause)
}

/**
 * Status of a file of the backup; null when there is none, or something that is no file.
 *
 * @throws HoldfastError `BACKUP_UNSAFE` for a link, `BACKUP_UNREADABLE` when the disk does not say.
 */
export async function regularFile(path: string): Promise<Stats | null> {
  try {
    const stats = await lookAt(path)
    if (stats?.isSymbolicLink() === true) throw linkError(path)
    return stats?.isFile() === true ? stats : null
  } catch (cause) {
    throw systemCodeOf(cause) === 'BACKUP_UNSAFE' ? cause : unreadable(path, cause)
  }
}

/** `BACKUP_UNREADABLE` for a file of the backup; a cause that says what it means already stays as it is. */
export function unreadable(path: string, cause: unknown): HoldfastError {
  if (isHoldfastError(cause)) return cause
  const systemCode = systemCodeOf(cause)
  const denied = systemCode === 'EACCES' || systemCode === 'EPERM'
  return new HoldfastError('BACKUP_UNREADABLE', 'A file of the backup could not be read', {
    hint: denied
      ? 'Allow the app to read the folder; on a Mac, give it Full Disk Access in the privacy settings.'
      : 'Check that the disk with the backup is connected and healthy, then try again.',
    cause,
    facts: { path, systemCode },
  })
}

/** `BACKUP_UNSAFE` for a link in the backup. */
export function linkError(path: string): HoldfastError {
  return new HoldfastError('BACKUP_UNSAFE', 'A file of the backup is a link to somewhere else', {
    hint: 'No phone writes links into a backup. Nothing was changed; use a backup from a place that you trust.',
    retryable: false,
    facts: { path },
  })
}

/** `BACKUP_UNREADABLE` for what is asked of a backup that was closed. */
export function closedError(): HoldfastError {
  return new HoldfastError('BACKUP_UNREADABLE', 'The backup was closed already', { hint: 'Open it again.' })
}
