import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { ContentDigest } from '@holdfast/core/import'
import { closedError, readFileChunks } from '../folder/backup-file.js'
import { digestChunks } from '../folder/digest-chunks.js'
import { decryptChunks } from './decrypt-chunks.js'
import { DecryptionThread, startDecryptionThread, ThreadLost } from './decryption-thread.js'

/** More threads would wait for the disk. */
const mostThreads = 4

/** What a host has no say in; tests have. */
export interface DecryptionOptions {
  /** @default one for each processor, four at most */
  readonly threads?: number
  readonly start?: () => Worker
}

/**
 * Decrypts the files of a backup in threads of their own, so that the event loop stays free and all processors are used. The threads
 * are started when the first file is read, another when all have work, and end with {@link close}. Where none can be started, or one
 * has died, everything is decrypted on the event loop.
 */
export class Decryption {
  readonly #most: number
  readonly #start: () => Worker
  readonly #threads: DecryptionThread[] = []
  #withoutThreads = false
  #closed = false

  constructor(options: DecryptionOptions = {}) {
    const { threads = Math.min(availableParallelism(), mostThreads), start = startDecryptionThread } = options
    this.#most = threads
    this.#start = start
  }

  /**
   * The content of an encrypted file, in pieces of at most 256 KiB, each in memory of its own.
   *
   * @throws HoldfastError as `readFileChunks`, `BACKUP_UNREADABLE` when it is closed meanwhile, or the signal's reason.
   */
  async *read(
    path: string,
    key: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let given = 0
    const thread = this.#choose()
    if (thread !== null) {
      try {
        for await (const piece of thread.read(path, key, signal)) {
          given += piece.length
          yield piece
        }
        return
      } catch (thrown) {
        this.#dropThreads(thrown)
      }
    }
    yield* after(given, decryptChunks(readFileChunks(path, signal, true), key))
  }

  /** Size and SHA-256 of the content of an encrypted file. Throws as {@link read}. */
  async digest(path: string, key: Uint8Array, signal: AbortSignal): Promise<ContentDigest> {
    const thread = this.#choose()
    if (thread !== null) {
      try {
        return await thread.digest(path, key, signal)
      } catch (thrown) {
        this.#dropThreads(thrown)
      }
    }
    return digestChunks(decryptChunks(readFileChunks(path, signal, true), key))
  }

  /** Ends the threads. Repeat calls are safe. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()))
  }

  /** The thread with the least to do; null where files are decrypted on the event loop. */
  #choose(): DecryptionThread | null {
    if (this.#closed) throw closedError()
    if (this.#withoutThreads) return null
    const [idlest] = this.#threads.toSorted((one, other) => one.load - other.load)
    if (idlest !== undefined && (idlest.load === 0 || this.#threads.length >= this.#most)) return idlest
    try {
      const thread = new DecryptionThread(this.#start)
      this.#threads.push(thread)
      return thread
    } catch {
      this.#withoutThreads = true
      return null
    }
  }

  /** Goes on without threads after one was lost; throws everything else. */
  #dropThreads(thrown: unknown): void {
    if (!(thrown instanceof ThreadLost)) throw thrown
    if (this.#closed) throw closedError()
    this.#withoutThreads = true
  }
}

/** What comes after the first bytes, which were given already. */
async function* after(
  given: number,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let skip = given
  for await (const piece of pieces) {
    if (skip < piece.length) yield piece.subarray(skip)
    skip = Math.max(0, skip - piece.length)
  }
}
