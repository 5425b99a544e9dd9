import type { Worker } from 'node:worker_threads'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { type BirpcReturn, createBirpc } from 'birpc'
import type { HostCalls, ThreadCalls } from './calls.js'

/** Milliseconds that a thread has to end by itself once it was asked to. */
const patience = 5000

/**
 * One worker thread, from its start to its end. It keeps the process alive only while it has work. Whatever ends it (no more memory,
 * `process.exit` in it, a program that cannot be loaded) fails the calls under way with `THREAD_LOST`.
 */
export class WorkThread {
  readonly #worker: Worker
  readonly #remote: BirpcReturn<ThreadCalls, HostCalls>
  readonly #ended: Promise<void>
  #failure: unknown = null
  #exitCode: number | null = null
  #hasAnswered = false
  #isAlive = true
  #calls = 0

  /** Throws HoldfastError `THREAD_LOST` where no thread can be started. */
  constructor(start: () => Worker, calls: HostCalls) {
    const worker = startWith(start)
    this.#worker = worker
    this.#remote = createBirpc<ThreadCalls, HostCalls>(calls, {
      post: (message) => worker.postMessage(message, []),
      on: (take) => void worker.on('message', take),
      // A call takes as long as a human needs for an answer.
      timeout: -1,
    })
    worker.once('message', () => {
      this.#hasAnswered = true
    })
    // Before `exit`.
    worker.on('error', (error) => {
      this.#failure = error
    })
    this.#ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#isAlive = false
        this.#exitCode = code
        this.#remote.$close(this.#lost())
        resolve()
      })
    })
    worker.unref()
  }

  /** Whether it can be given work. */
  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Whether it has work. */
  get isBusy(): boolean {
    return this.#calls > 0
  }

  /**
   * Calls it, and keeps the process alive until it answers.
   *
   * @throws HoldfastError `THREAD_LOST` when it ends before.
   */
  async call<Result>(
    doing: (remote: BirpcReturn<ThreadCalls, HostCalls>) => Promise<Result>,
  ): Promise<Result> {
    this.#calls++
    this.#worker.ref()
    try {
      if (!this.#isAlive) throw this.#lost()
      return await doing(this.#remote)
    } finally {
      this.#calls--
      if (this.#calls === 0) this.#worker.unref()
    }
  }

  /** Ends it, politely where it has no work, so that it closes what it has open. Resolves when it has ended. */
  async end(): Promise<void> {
    if (!this.#isAlive) return
    if (this.isBusy) {
      await this.#worker.terminate()
    } else {
      const hurry = setTimeout(() => void this.#worker.terminate(), patience)
      hurry.unref()
      // What closing fails with is told to nobody: there is nothing that the thread was to do any more.
      await this.call((remote) => remote.close()).catch(() => undefined)
      this.#worker.ref()
      await this.#ended
      clearTimeout(hurry)
    }
    await this.#ended
  }

  #lost(): HoldfastError {
    const cause = this.#failure
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    return new HoldfastError('THREAD_LOST', `The thread of the import has ended${why}`, {
      hint: this.#hasAnswered
        ? 'The backup is kept, and what was stored so far stays. Retry: another thread goes on from there.'
        : 'Its program could not be run: look at the module that it was started with, and at what that imports.',
      retryable: this.#hasAnswered,
      facts: { exitCode: this.#exitCode, systemCode: systemCodeOf(cause) },
      ...(cause === null ? {} : { cause }),
    })
  }
}

function startWith(start: () => Worker): Worker {
  try {
    return start()
  } catch (cause) {
    throw new HoldfastError('THREAD_LOST', 'The thread of the import cannot be started', {
      hint: 'Where there can be no worker threads, give backupImport a reader and a storage, and no work.',
      retryable: false,
      facts: { systemCode: systemCodeOf(cause) },
      cause,
    })
  }
}
