import type { Worker } from 'node:worker_threads'
import { HoldfastError } from '@holdfast/core'
import type { BirpcReturn } from 'birpc'
import type { HostCalls, ThreadCalls } from './calls.js'
import { type Crossing, crossed } from './crossing.js'
import { WorkThread } from './work-thread.js'

/** What a keeper needs to start a thread. */
export interface KeeperOptions {
  readonly start: () => Worker
  /** What the storage in the thread must name as its resources. */
  readonly resources: readonly string[]
  readonly hasVault: boolean
  /** Milliseconds without work after which the thread ends. */
  readonly idle: number
}

/**
 * Has a thread while there is work, and for a while after it.
 *
 * Plain `node:worker_threads` and no pool such as piscina: an import is one piece of work at a time. Its thread keeps a connection and the
 * key of the backup from one step to the next, is called back, and is asked to stop where a pool would kill it.
 */
export class ThreadKeeper {
  readonly #options: KeeperOptions
  readonly #calls: HostCalls
  #thread: WorkThread | null = null
  #rest: NodeJS.Timeout | undefined
  #isClosed = false

  /** `calls` is what the threads may ask. */
  constructor(options: KeeperOptions, calls: HostCalls) {
    this.#options = options
    this.#calls = calls
  }

  /**
   * Has something done in the thread, which is started where there is none. One that is ending is waited for first: what it has
   * open is being closed, and there is one connection to the library at a time.
   *
   * @throws HoldfastError `THREAD_LOST`, `OPTION_INVALID` when the storage of the thread names other resources, and what the work throws.
   */
  async call<Value>(
    doing: (remote: BirpcReturn<ThreadCalls, HostCalls>) => Promise<Crossing<Value>>,
  ): Promise<Value> {
    while (this.#thread?.isEnding === true) await this.#thread.end()
    if (this.#isClosed) throw closedError()
    clearTimeout(this.#rest)
    const thread = this.#living()
    const { hasVault, resources, idle } = this.#options
    try {
      return await thread.call(async (remote) => {
        requireSame(resources, crossed(await remote.open({ hasVault })))
        return crossed(await doing(remote))
      })
    } finally {
      if (!thread.isBusy && !this.#isClosed) {
        this.#rest = setTimeout(() => void thread.end(), idle)
        this.#rest.unref()
      }
    }
  }

  /** Ends the thread, or waits for its end; there will be no other. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#rest)
    await this.#thread?.end()
  }

  #living(): WorkThread {
    if (this.#thread === null || !this.#thread.isAlive) {
      this.#thread = new WorkThread(this.#options.start, this.#calls)
    }
    return this.#thread
  }
}

/** Two storages that name themselves differently would be filled by two runs at the same time. */
function requireSame(said: readonly string[], found: readonly string[]): void {
  if (said.length === found.length && said.every((name) => found.includes(name))) return
  throw new HoldfastError('OPTION_INVALID', "importThread: 'resources' must be those of its storage", {
    hint: `The storage in the thread has ${found.join(', ')}; libraryResource(path) gives the name of a library.`,
    retryable: false,
    facts: { option: 'resources' },
  })
}

function closedError(): HoldfastError {
  return new HoldfastError('THREAD_LOST', 'The thread of the import was closed', {
    hint: 'Make another one with importThread.',
    retryable: false,
  })
}
