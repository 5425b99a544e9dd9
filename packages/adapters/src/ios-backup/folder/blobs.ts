import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { decryptChunks } from '../encryption/decrypt-chunks.js'
import type { FileKey, FileKeys } from '../encryption/file-keys.js'
import type { ScratchFolder } from './scratch-folder.js'

/** A blob that is on disk. */
export interface Blob {
  readonly path: string
  /** Size of the file, which is ciphertext in an encrypted backup. */
  readonly bytes: number
}

/** Whether the content of a file that the manifest lists can be had. */
export type BlobState = 'present' | 'blob-missing' | 'undecryptable'

const chunkBytes = 256 * 1024

/** AES blocks: ciphertext of any other length was cut off. */
const cipherBlockBytes = 16

/** The contents of a backup: blobs named by their file id, decrypted on the way where the backup is encrypted. */
export class Blobs {
  readonly #root: string
  readonly #keys: FileKeys | null

  /** `keys` are those of an encrypted backup that is unlocked; without them blobs are given as they are. */
  constructor(root: string, keys: FileKeys | null = null) {
    this.#root = root
    this.#keys = keys
  }

  /** Whether what lies on disk is ciphertext. */
  get areEncrypted(): boolean {
    return this.#keys !== null
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

  /** Whether {@link read} can give the content of a file. Throws as {@link find}. */
  async state(fileId: string): Promise<BlobState> {
    const blob = await this.find(fileId)
    if (blob === null) return 'blob-missing'
    const { state } = this.#keyOf(fileId)
    if (state === 'plain') return 'present'
    return state === 'key' && blob.bytes % cipherBlockBytes === 0 ? 'present' : 'undecryptable'
  }

  /**
   * The content of a file, in chunks of at most 256 KiB. `reuse` says that a chunk may be overwritten by the next one.
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
    const how = this.#keyOf(fileId)
    if (how.state === 'lost') throw undecryptable(blob.path)
    if (how.state === 'key') yield* decryptChunks(readFileChunks(blob.path, signal, true), how.key)
    else yield* readFileChunks(blob.path, signal, reuse)
  }

  /**
   * Decrypts a file into the scratch folder under this name; resolves with the path. Null for a file that is not encrypted, which is
   * best opened where it is.
   *
   * @throws HoldfastError as {@link read} and {@link ScratchFolder.write}.
   */
  async decryptInto(
    scratch: ScratchFolder,
    fileId: string,
    name: string,
    signal: AbortSignal,
  ): Promise<string | null> {
    if (this.#keyOf(fileId).state === 'plain') return null
    return scratch.write(name, this.read(fileId, signal, true))
  }

  #keyOf(fileId: string): FileKey {
    return this.#keys?.of(fileId) ?? { state: 'plain' }
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

function undecryptable(path: string): HoldfastError {
  return new HoldfastError(
    'BACKUP_UNREADABLE',
    'A file of the backup cannot be decrypted: its key is damaged or missing',
    {
      hint: 'Make a new backup of the phone; what this file held cannot be had from this one.',
      retryable: false,
      facts: { path },
    },
  )
}

function linkError(path: string): HoldfastError {
  return new HoldfastError('BACKUP_UNSAFE', 'A file of the backup is a link to somewhere else', {
    hint: 'No phone writes links into a backup. Nothing was changed; use a backup from a place that you trust.',
    retryable: false,
    facts: { path },
  })
}
