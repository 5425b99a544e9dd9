import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { JobThread } from './job-thread.js'

/** More threads would wait for the disk. */
const mostThreads = 4
/** Pools that have threads now: each takes some ten megabytes, and two pools that hash at once share the processors all the same. */
const living = new Set<{ readonly size: number }>()
/** How long threads wait for more work, in milliseconds. */
const idleTime = 2000

/** Which threads. */
export interface JobThreadsOptions {
  /** Starts one. What it throws says that there can be none. */
  readonly start: () => Worker
  /**
   * How many there are at most; 0 for none. @default one for each processor, four at most; beside other pools what they leave of that,
   * and half of it at least
   */
  readonly threads?: number | undefined
}

/** A thread that was given out. */
export interface ThreadLease<Job, Result> {
  readonly thread: JobThread<Job, Result>
  /** To be called once. */
  readonly end: () => void
}

/**
 * Threads that do jobs of one kind: started when there is work, another when all have some, ended when there has been none for a while.
 * Where none can be started, or one was lost, there are none from then on: whoever asks does the work in their own thread.
 *
 * Plain `node:worker_threads` and no pool such as piscina or tinypool: both start a file of theirs as the worker, which is not found once
 * a host has bundled its app into one file, as most Electron apps are.
 */
export class JobThreads<Job, Result> {
  /** How many there are at most. */
  readonly most: number
  readonly #start: () => Worker
  readonly #isShared: boolean
  readonly #threads = new Set<JobThread<Job, Result>>()
  #hasNone = false
  #idle: NodeJS.Timeout | null = null

  constructor({ start, threads }: JobThreadsOptions) {
    this.most = threads ?? Math.min(availableParallelism(), mostThreads)
    this.#isShared = threads === undefined
    this.#start = start
  }

  /** How many there are now. */
  get size(): number {
    return this.#threads.size
  }

  /** Has a job done by the thread with the least to do; null, and nothing done, where there is none. Throws as `JobThread.ask`. */
  async ask(job: Job): Promise<Result | null> {
    const lease = this.lease()
    if (lease === null) return null
    try {
      return await lease.thread.ask(job)
    } finally {
      lease.end()
    }
  }

  /** The thread with the least to do, for jobs that belong together; it stays until the lease ends. Null where there is none. */
  lease(): ThreadLease<Job, Result> | null {
    const thread = this.#choose()
    if (thread === null) return null
    const done = thread.reserve()
    return {
      thread,
      end: () => {
        done()
        this.#rest()
      },
    }
  }

  /** Ends the threads; the next job starts others. What they were doing fails with `ThreadLost`. Repeat calls are safe. */
  async end(): Promise<void> {
    if (this.#idle !== null) clearTimeout(this.#idle)
    this.#idle = null
    const all = [...this.#threads]
    this.#threads.clear()
    living.delete(this)
    await Promise.all(all.map((thread) => thread.end()))
  }

  #choose(): JobThread<Job, Result> | null {
    if (this.#hasNone || this.most === 0) return null
    const [idlest] = [...this.#threads].sort((one, other) => one.load - other.load)
    if (idlest !== undefined && (idlest.load === 0 || this.size >= this.#allowed())) return idlest
    try {
      const thread = new JobThread<Job, Result>(this.#start())
      this.#threads.add(thread)
      living.add(this)
      void thread.ended.then(() => {
        // One that was asked to end is no longer among them.
        if (this.#threads.delete(thread)) this.#hasNone = true
        if (this.size === 0) living.delete(this)
      })
      return thread
    } catch {
      this.#hasNone = true
      return null
    }
  }

  /** How many there may be now, beside those of other pools. */
  #allowed(): number {
    if (!this.#isShared) return this.most
    const others = [...living].reduce((sum, pool) => sum + (pool === this ? 0 : pool.size), 0)
    return Math.max(Math.ceil(this.most / 2), this.most - others)
  }

  #rest(): void {
    if ([...this.#threads].some(({ load }) => load > 0)) return
    this.#idle ??= setTimeout(() => {
      this.#idle = null
      if ([...this.#threads].every(({ load }) => load === 0)) void this.end()
    }, idleTime).unref()
    this.#idle.refresh()
  }
}
