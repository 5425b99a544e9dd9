import { Worker } from 'node:worker_threads'
import type { ContentDigest } from '@holdfast/core/import'
import { readFailure } from '../folder/backup-file.js'
import { openFileCipher } from './file-cipher.js'
import { type Answer, type Question, serveDecryption } from './serve-decryption.js'

type Stretch = Exclude<Answer, { readonly failure: unknown }>

/** Says that a thread ended although it was not asked to; what it was doing can be done elsewhere. */
export class ThreadLost extends Error {
  override readonly name = 'ThreadLost'
}

/**
 * The program of a thread, as text. A file beside this one would not be found once a host has bundled its app into one file, as most
 * Electron apps are, and would be another under `dist` than among the sources. The functions in it name nothing outside themselves; a
 * compiler that keeps names wraps functions in `__name`. Where a host's build leaves no text of functions (bytecode), the thread ends
 * at once, and files are decrypted on the event loop.
 */
const program = `
const __name = (value) => value
const openCipher = ${openFileCipher.toString()}
const serve = ${serveDecryption.toString()}
serve(require('node:worker_threads').parentPort, { fs: require('node:fs'), crypto: require('node:crypto'), openCipher })
`

/** Starts a thread that answers questions. Options of the host's process, such as loaders, are not for it. */
export function startDecryptionThread(): Worker {
  return new Worker(program, { eval: true, execArgv: [], name: 'holdfast-decryption' })
}

/** A thread that reads and decrypts files. It keeps the process alive only while it works. */
export class DecryptionThread {
  readonly #worker: Worker
  readonly #waiting = new Map<
    number,
    {
      readonly resolve: (stretch: Stretch) => void
      readonly reject: (why: unknown) => void
      readonly path: string
    }
  >()
  #lost = false
  #lastFile = 0
  #open = 0

  /** Throws what `start` throws when no thread can be had. */
  constructor(start: () => Worker) {
    this.#worker = start()
    this.#worker.on('message', (answer: Answer) => this.#settle(answer))
    // Before `exit`. Nothing is made of it: the program's own failures are answers, so this is one of the thread itself.
    this.#worker.on('error', () => this.#lose())
    this.#worker.on('messageerror', () => this.#lose())
    this.#worker.on('exit', () => this.#lose())
    this.#worker.unref()
  }

  /** Files that it has open. */
  get load(): number {
    return this.#open
  }

  /**
   * The content of a file, in pieces of at most 256 KiB, each in memory of its own; half a megabyte is under way at most.
   *
   * @throws HoldfastError as `readFileChunks`, {@link ThreadLost}, or the signal's reason.
   */
  async *read(
    path: string,
    key: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { pieces } of this.#stretches(path, key, signal, false)) yield* pieces
  }

  /** Size and SHA-256 of the content of a file. Throws as {@link read}. */
  async digest(path: string, key: Uint8Array, signal: AbortSignal): Promise<ContentDigest> {
    for await (const { digest } of this.#stretches(path, key, signal, true))
      if (digest !== null) return digest
    throw new ThreadLost('The thread gave no digest')
  }

  /** Ends it; what it was doing fails with {@link ThreadLost}. */
  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async *#stretches(
    path: string,
    key: Uint8Array,
    signal: AbortSignal,
    digest: boolean,
  ): AsyncGenerator<Stretch, void, undefined> {
    signal.throwIfAborted()
    const file = ++this.#lastFile
    let ended = false
    this.#open++
    try {
      let next = this.#ask({ ask: 'open', file, path, key, digest }, path)
      while (!ended) {
        // No listener to the signal: the next stretch is milliseconds away, and many files may share a signal.
        const stretch = await next.finally(() => signal.throwIfAborted())
        ended = stretch.ended
        // Asked for before this one is used up: the thread decrypts while the other side writes.
        if (!ended) next = this.#ask({ ask: 'more', file }, path)
        yield stretch
      }
    } finally {
      this.#open--
      if (!ended) this.#giveUp(file)
    }
  }

  #ask(question: Question, path: string): Promise<Stretch> {
    const answer = new Promise<Stretch>((resolve, reject) => {
      if (this.#lost) return reject(new ThreadLost('The thread has ended'))
      this.#waiting.set(question.file, { resolve, reject, path })
      this.#worker.ref()
      this.#worker.postMessage(question, [])
    })
    // Who asked may give up before it is answered.
    answer.catch(() => undefined)
    return answer
  }

  #giveUp(file: number): void {
    this.#forget(file)
    if (!this.#lost) this.#worker.postMessage({ ask: 'close', file } satisfies Question, [])
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.file)
    this.#forget(answer.file)
    if (waiting === undefined) return
    if (!('failure' in answer)) return waiting.resolve(answer)
    const { message, code } = answer.failure
    const cause = code === null ? new Error(message) : Object.assign(new Error(message), { code })
    waiting.reject(readFailure(waiting.path, cause))
  }

  #lose(): void {
    this.#lost = true
    for (const { reject } of this.#waiting.values()) reject(new ThreadLost('The thread has ended'))
    this.#waiting.clear()
  }

  #forget(file: number): void {
    this.#waiting.delete(file)
    if (this.#waiting.size === 0) this.#worker.unref()
  }
}
