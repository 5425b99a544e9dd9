import type { Worker } from 'node:worker_threads'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { type BirpcReturn, createBirpc } from 'birpc'
import { KeptWorker } from '../threads/kept-worker.js'
import type { HostCalls, ThreadCalls } from './calls.js'

/** Milliseconds that a thread has to end by itself once it was asked to. */
const patience = 5000

/**
 * One worker thread, from its start to its end. It keeps the process alive only while it has work. Whatever ends it fails the calls
 * under way with `THREAD_LOST`.
 */
export class WorkThread {
  readonly #worker: KeptWorker<unknown>
  readonly #remote: BirpcReturn<ThreadCalls, HostCalls>
  #hasAnswered = false
  #ending: Promise<void> | null = null

  /** Throws HoldfastError `THREAD_LOST` where no thread can be started. */
  constructor(start: () => Worker, calls: HostCalls) {
    let take: (said: unknown) => void = () => {}
    const worker = new KeptWorker<unknown>(startWith(start), (said) => {
      this.#hasAnswered = true
      take(said)
    })
    this.#worker = worker
    this.#remote = createBirpc<ThreadCalls, HostCalls>(calls, {
      post: (message) => worker.post(message),
      on: (given) => {
        take = given
      },
      // A call takes as long as a human needs for an answer.
      timeout: -1,
    })
    void worker.ended.then(() => this.#remote.$close(this.#lost()))
  }

  /** Whether it can be given work: it has not ended, and was not asked to. */
  get isAlive(): boolean {
    return this.#ending === null && this.#worker.isAlive
  }

  /** Whether it was asked to end, and has not yet: what it has open is being closed. */
  get isEnding(): boolean {
    return this.#ending !== null && this.#worker.isAlive
  }

  /** Whether it has work. */
  get isBusy(): boolean {
    return this.#worker.isHeld
  }

  /**
   * Calls it, and keeps the process alive until it answers.
   *
   * @throws HoldfastError `THREAD_LOST` when it ends before.
   */
  async call<Result>(
    doing: (remote: BirpcReturn<ThreadCalls, HostCalls>) => Promise<Result>,
  ): Promise<Result> {
    this.#worker.hold()
    try {
      if (!this.isAlive) throw this.#lost()
      return await doing(this.#remote)
    } finally {
      this.#worker.release()
    }
  }

  /**
   * Ends it, politely where it has no work, so that it closes what it has open. From the call on it takes no more work. Resolves when it has
   * ended; repeat calls are safe.
   */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    if (!this.#worker.isAlive) return
    if (this.isBusy) {
      await this.#worker.end()
    } else {
      const hurry = setTimeout(() => void this.#worker.end(), patience)
      hurry.unref()
      this.#worker.hold()
      // What closing fails with is told to nobody: there is nothing that the thread was to do any more.
      await this.#remote.close().catch(() => undefined)
      await this.#worker.ended
      this.#worker.release()
      clearTimeout(hurry)
    }
    await this.#worker.ended
  }

  #lost(): HoldfastError {
    const { exitCode = null, failure: cause = null } = this.#worker.ending ?? {}
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    return new HoldfastError('THREAD_LOST', `The thread of the import has ended${why}`, {
      hint: this.#hasAnswered
        ? 'The backup is kept, and what was stored so far stays. Retry: another thread goes on from there.'
        : 'Its program could not be run: look at the module that it was started with, and at what that imports.',
      retryable: this.#hasAnswered,
      facts: { exitCode, systemCode: systemCodeOf(cause) },
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
