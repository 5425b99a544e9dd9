import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { HoldfastError } from '@holdfast/core'
import type { ContentDigest } from '@holdfast/core/import'
import type { FileKey, FileKeys } from '../encryption/file-keys.js'
import { linkError, readFileChunks, regularFile, unreadable } from './backup-file.js'
import { BlobReading } from './blob-reading.js'
import type { ScratchFolder } from './scratch-folder.js'

/** A blob that is on disk. */
export interface Blob {
  readonly path: string
  /** Size of the file, which is ciphertext in an encrypted backup. */
  readonly bytes: number
}

/** A blob that was looked at, and how it is read. */
export interface ReadableBlob {
  readonly path: string
  /** Null for one that is not encrypted. */
  readonly key: Buffer | null
}

/** The blob of a file that the manifest lists, or why its content cannot be had. */
export type FoundBlob =
  | { readonly state: 'present'; readonly blob: ReadableBlob }
  | { readonly state: 'blob-missing' | 'undecryptable'; readonly blob: null }

/** AES blocks: ciphertext of any other length was cut off. */
const cipherBlockBytes = 16

/** The contents of a backup: blobs named by their file id, decrypted on the way where the backup is encrypted. */
export class Blobs {
  readonly #root: string
  readonly #reading: BlobReading
  readonly #keys: FileKeys | null

  /** `keys` are those of an encrypted backup; without them blobs are given as they are. */
  constructor(
    root: string,
    { reading = new BlobReading(), keys = null }: { reading?: BlobReading; keys?: FileKeys | null } = {},
  ) {
    this.#root = root
    this.#reading = reading
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

  /** Finds a blob and its key, for {@link read} and {@link digest}. Throws as {@link find}. */
  async locate(fileId: string): Promise<FoundBlob> {
    const found = await this.find(fileId)
    if (found === null) return { state: 'blob-missing', blob: null }
    const { path, bytes } = found
    const how = this.#keyOf(fileId)
    if (how.state === 'plain') return { state: 'present', blob: { path, key: null } }
    return how.state === 'key' && bytes % cipherBlockBytes === 0
      ? { state: 'present', blob: { path, key: how.key } }
      : { state: 'undecryptable', blob: null }
  }

  /**
   * The content of a blob, in chunks of at most 256 KiB. `reuse` says that a chunk may be overwritten by the next one.
   *
   * @throws HoldfastError `BACKUP_UNREADABLE`, `BACKUP_UNSAFE`, or the signal's reason.
   */
  read(
    { path, key }: ReadableBlob,
    signal: AbortSignal,
    reuse = false,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    return key === null ? readFileChunks(path, signal, reuse) : this.#reading.read(path, key, signal)
  }

  /** Size and SHA-256 of the content of a blob. Throws as {@link read}. */
  digest({ path, key }: ReadableBlob, signal: AbortSignal): Promise<ContentDigest> {
    return this.#reading.digest(path, key, signal)
  }

  /** Writes the content of a blob into a new file. Contract as that of `BlobReading.copy`. */
  copy({ path, key }: ReadableBlob, target: string, signal: AbortSignal): Promise<ContentDigest> {
    return this.#reading.copy(path, key, target, signal)
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
    const { state, blob } = await this.locate(fileId)
    if (blob === null) throw state === 'undecryptable' ? undecryptable(fileId) : unreadable(fileId, null)
    return blob.key === null ? null : scratch.write(name, this.read(blob, signal, true))
  }

  #keyOf(fileId: string): FileKey {
    return this.#keys?.of(fileId) ?? { state: 'plain' }
  }
}

function undecryptable(fileId: string): HoldfastError {
  return new HoldfastError(
    'BACKUP_UNREADABLE',
    'A file of the backup cannot be decrypted: its key is damaged or missing',
    {
      hint: 'Make a new backup of the phone; what this file held cannot be had from this one.',
      retryable: false,
      facts: { fileId },
    },
  )
}
