import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { HoldfastError } from '@holdfast/core'
import type { ContentDigest } from '@holdfast/core/import'
import type { Decryption } from '../encryption/decryption.js'
import type { FileKey, FileKeys } from '../encryption/file-keys.js'
import { linkError, readFileChunks, regularFile, unreadable } from './backup-file.js'
import { digestChunks } from './digest-chunks.js'
import type { ScratchFolder } from './scratch-folder.js'

/** A blob that is on disk. */
export interface Blob {
  readonly path: string
  /** Size of the file, which is ciphertext in an encrypted backup. */
  readonly bytes: number
}

/** Whether the content of a file that the manifest lists can be had. */
export type BlobState = 'present' | 'blob-missing' | 'undecryptable'

/** AES blocks: ciphertext of any other length was cut off. */
const cipherBlockBytes = 16

/** What opens the blobs of an encrypted backup. */
export interface Unlocked {
  readonly keys: FileKeys
  readonly decryption: Decryption
}

/** The contents of a backup: blobs named by their file id, decrypted on the way where the backup is encrypted. */
export class Blobs {
  readonly #root: string
  readonly #unlocked: Unlocked | null

  /** `unlocked` is for an encrypted backup; without it blobs are given as they are. */
  constructor(root: string, unlocked: Unlocked | null = null) {
    this.#root = root
    this.#unlocked = unlocked
  }

  /** Whether what lies on disk is ciphertext. */
  get areEncrypted(): boolean {
    return this.#unlocked !== null
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

  /** Absolute path of the blob that is the content of a file as it stands; null when it is encrypted, or not there. Throws as {@link find}. */
  async plainFile(fileId: string): Promise<string | null> {
    return this.#keyOf(fileId).state === 'plain' ? ((await this.find(fileId))?.path ?? null) : null
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
    const { path, decrypted } = await this.#open(fileId)
    if (decrypted !== null) yield* decrypted.decryption.read(path, decrypted.key, signal)
    else yield* readFileChunks(path, signal, reuse)
  }

  /** Size and SHA-256 of the content of a file. Throws as {@link read}. */
  async digest(fileId: string, signal: AbortSignal): Promise<ContentDigest> {
    const { path, decrypted } = await this.#open(fileId)
    if (decrypted !== null) return decrypted.decryption.digest(path, decrypted.key, signal)
    return digestChunks(readFileChunks(path, signal, true))
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

  /** Where the content of a file is, and what decrypts it; null when it is plain. */
  async #open(fileId: string): Promise<{
    readonly path: string
    readonly decrypted: { readonly key: Buffer; readonly decryption: Decryption } | null
  }> {
    const blob = await this.find(fileId)
    if (blob === null) throw unreadable(fileId, null)
    const how = this.#keyOf(fileId)
    if (how.state === 'lost') throw undecryptable(blob.path)
    const { path } = blob
    if (how.state !== 'key' || this.#unlocked === null) return { path, decrypted: null }
    return { path, decrypted: { key: how.key, decryption: this.#unlocked.decryption } }
  }

  #keyOf(fileId: string): FileKey {
    return this.#unlocked?.keys.of(fileId) ?? { state: 'plain' }
  }
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
