import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'

/** A blob that is on disk. */
export interface Blob {
  readonly path: string
  /** Size of the file. */
  readonly bytes: number
}

const chunkBytes = 256 * 1024

/**
 * The contents of a plain backup: blobs named by their file id. An encrypted backup would put its decryption here — same methods,
 * with the keys of the manifest's rows — and nothing that reads content or databases would notice.
 */
export class Blobs {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /**
   * Refuses a backup whose blob folders are links: a blob in one would be a file outside the backup.
   *
   * @throws HoldfastError `BACKUP_UNSAFE`.
   */
  async checkFolders(): Promise<void> {
    for (const entry of await readdir(this.#root, { withFileTypes: true })) {
      if (entry.isSymbolicLink() && /^[0-9a-f]{2}$/.test(entry.name)) throw linkError(entry.name)
    }
  }

  /**
   * Finds a blob on disk: in the folder of its first two digits, or in the root, where copies that were flattened keep it.
   * Null when it is in neither.
   *
   * @throws HoldfastError `BACKUP_UNSAFE` when it is a link, `BACKUP_UNREADABLE` when the disk does not say.
   */
  async find(fileId: string): Promise<Blob | null> {
    for (const path of [join(this.#root, fileId.slice(0, 2), fileId), join(this.#root, fileId)]) {
      const stats = await regularFile(path)
      if (stats !== null) return { path, bytes: stats.size }
    }
    return null
  }

  /**
   * The bytes of a blob, in chunks of at most 256 KiB. `reuse` says that a chunk may be overwritten by the next one.
   *
   * @throws HoldfastError `BACKUP_UNREADABLE`, `BACKUP_UNSAFE`, or the signal's reason.
   */
  async *read(
    fileId: string,
    signal: AbortSignal,
    reuse = false,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const blob = await this.find(fileId)
    if (blob === null) throw unreadable(fileId, null)
    yield* readFileChunks(blob.path, signal, reuse)
  }
}

/**
 * The bytes of a file of the backup, in chunks of at most 256 KiB; links are not followed.
 *
 * @throws HoldfastError `BACKUP_UNREADABLE`, or the signal's reason.
 */
export async function* readFileChunks(
  path: string,
  signal: AbortSignal,
  reuse = false,
): AsyncGenerator<Uint8Array, void, undefined> {
  let file: FileHandle | null = null
  try {
    signal.throwIfAborted()
    // Undefined on Windows, where `find` has looked at the file itself a moment ago.
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    const { size } = await file.stat()
    // One byte more than the file has shows its end without a second buffer.
    const length = Math.min(chunkBytes, size + 1)
    let buffer = Buffer.allocUnsafe(length)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, length, null)
      signal.throwIfAborted()
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
      if (!reuse) buffer = Buffer.allocUnsafe(length)
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    if (systemCodeOf(cause) === 'ELOOP') throw linkError(path)
    throw systemCodeOf(cause) === null ? cause : unreadable(path, cause)
  } finally {
    await file?.close()
  }
}

/**
 * Status of a file of the backup; null when there is none, or something that is no file.
 *
 * @throws HoldfastError `BACKUP_UNSAFE` for a link, `BACKUP_UNREADABLE` when the disk does not say.
 */
export async function regularFile(path: string): Promise<Stats | null> {
  try {
    const stats = await lstat(path)
    if (stats.isSymbolicLink()) throw linkError(path)
    return stats.isFile() ? stats : null
  } catch (cause) {
    const code = systemCodeOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw code === 'BACKUP_UNSAFE' ? cause : unreadable(path, cause)
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

function linkError(path: string): HoldfastError {
  return new HoldfastError('BACKUP_UNSAFE', 'A file of the backup is a link to somewhere else', {
    hint: 'No phone writes links into a backup. Nothing was changed; use a backup from a place that you trust.',
    retryable: false,
    facts: { path },
  })
}
