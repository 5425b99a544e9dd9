import { unlink } from 'node:fs/promises'
import type { Worker } from 'node:worker_threads'
import type { ContentDigest } from '@holdfast/core/import'
import { failureError, type JobThread, ThreadLost } from '../../threads/job-thread.js'
import { JobThreads } from '../../threads/job-threads.js'
import { decryptChunks } from '../encryption/decrypt-chunks.js'
import { closedError, readFailure, readFileChunks } from './backup-file.js'
import type { BlobJob, BlobResult } from './blob-jobs.js'
import { startBlobThread } from './blob-thread.js'
import { copyChunks } from './copy-chunks.js'
import { digestChunks } from './digest-chunks.js'

/** What a host has no say in; tests have. */
export interface BlobReadingOptions {
  /** @default one for each processor, four at most */
  readonly threads?: number
  readonly start?: () => Worker
}

/**
 * Reads the files of a backup in threads of their own, decrypting those that have a key, so that the event loop stays free and all
 * processors are used. Where no thread can be started, or one has died, everything is done on the event loop.
 */
export class BlobReading {
  readonly #threads: JobThreads<BlobJob, BlobResult>
  /** Tells the jobs of a signal to stop: many files share one, and too many listeners on it are taken for a leak. */
  readonly #stops = new WeakMap<AbortSignal, Int32Array>()
  readonly #closing = new AbortController()
  #lastFile = 0

  constructor({ threads, start = startBlobThread }: BlobReadingOptions = {}) {
    this.#threads = new JobThreads({ start, threads })
  }

  /**
   * The content of an encrypted file, in pieces of at most 256 KiB, each in memory of its own; half a megabyte is under way at most.
   *
   * @throws HoldfastError as `readFileChunks`, `BACKUP_UNREADABLE` when it is closed meanwhile, or the signal's reason.
   */
  async *read(
    path: string,
    key: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#check(signal)
    let given = 0
    const lease = this.#threads.lease()
    if (lease !== null) {
      try {
        for await (const piece of this.#pieces(lease.thread, path, key, signal)) {
          given += piece.length
          yield piece
        }
        return
      } catch (thrown) {
        this.#goOnAfter(thrown, path, signal)
      } finally {
        lease.end()
      }
    }
    yield* after(given, decryptChunks(readFileChunks(path, signal, true), key))
  }

  /** Size and SHA-256 of the content of a file, which is encrypted where there is a key. Throws as {@link read}. */
  async digest(path: string, key: Uint8Array | null, signal: AbortSignal): Promise<ContentDigest> {
    this.#check(signal)
    const done = await this.#hash({ path, key, target: null }, signal)
    return done ?? digestChunks(contentOf(path, key, signal))
  }

  /**
   * Writes the content of a file, which is encrypted where there is a key, into a new one, for this user alone; resolves with its size
   * and SHA-256. Not durable. When it throws, nothing writes to the new file any more, and some of it may be left.
   *
   * @throws as {@link read}; what the file system refuses of the new file unchanged.
   */
  async copy(
    path: string,
    key: Uint8Array | null,
    target: string,
    signal: AbortSignal,
  ): Promise<ContentDigest> {
    this.#check(signal)
    const done = await this.#hash({ path, key, target }, signal)
    return done ?? copyChunks(contentOf(path, key, signal), target)
  }

  /** Ends the threads. Repeat calls are safe. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#threads.end()
  }

  /** Has a file hashed, and written where there is a target; null where there is no thread that did it. */
  async #hash(
    file: { readonly path: string; readonly key: Uint8Array | null; readonly target: string | null },
    signal: AbortSignal,
  ): Promise<ContentDigest | null> {
    try {
      const job = { kind: 'hash' as const, ...file, stop: this.#stopOf(signal) }
      const result = await this.#threads.ask(job)
      if (result?.kind === 'hashed') return result.digest
      if (result?.kind !== 'refused') return null
      throw new Refused(failureError(result.failure))
    } catch (thrown) {
      if (thrown instanceof Refused) throw thrown.cause
      this.#goOnAfter(thrown, file.path, signal)
      // What the thread has left half-written is begun again.
      if (file.target !== null) await unlink(file.target).catch(() => undefined)
      return null
    }
  }

  async *#pieces(
    thread: JobThread<BlobJob, BlobResult>,
    path: string,
    key: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const file = ++this.#lastFile
    let ended = false
    const ask = (job: BlobJob): Promise<BlobResult> => {
      const answer = thread.ask(job)
      // Who asked may give up before it is answered.
      answer.catch(() => undefined)
      return answer
    }
    try {
      let next = ask({ kind: 'open', file, path, key })
      while (!ended) {
        // No listener to the signal: the next pieces are milliseconds away.
        const result = await next
        signal.throwIfAborted()
        if (result.kind !== 'pieces') return
        ended = result.ended
        // Asked for before these are used up: the thread decrypts while the other side writes.
        if (!ended) next = ask({ kind: 'more', file })
        yield* result.pieces
      }
    } finally {
      if (!ended) void ask({ kind: 'close', file })
    }
  }

  /** Throws what went wrong, unless it is that a thread was lost: then what it did is done without threads. */
  #goOnAfter(thrown: unknown, path: string, signal: AbortSignal): void {
    signal.throwIfAborted()
    if (!(thrown instanceof ThreadLost)) throw readFailure(path, thrown)
    if (this.#closing.signal.aborted) throw closedError()
  }

  #check(signal: AbortSignal): void {
    signal.throwIfAborted()
    if (this.#closing.signal.aborted) throw closedError()
  }

  #stopOf(signal: AbortSignal): Int32Array {
    const known = this.#stops.get(signal)
    if (known !== undefined) return known
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const onAbort = (): void => void Atomics.store(stop, 0, 1)
    signal.addEventListener('abort', onAbort, { once: true, signal: this.#closing.signal })
    this.#stops.set(signal, stop)
    return stop
  }
}

/** Carries what the file system refused of a target past what is made of the errors of the backup. */
class Refused extends Error {
  constructor(cause: unknown) {
    super('The target was refused', { cause })
  }
}

function contentOf(path: string, key: Uint8Array | null, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const chunks = readFileChunks(path, signal, true)
  return key === null ? chunks : decryptChunks(chunks, key)
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
