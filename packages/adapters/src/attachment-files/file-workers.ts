import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { absentAsNull, fileError } from './file-errors.js'
import { type FileJob, fileJobs, type JobResult } from './file-jobs.js'
import type { FileSystem } from './file-system.js'
import { FileThread, JobFailed, startFileThread, ThreadLost } from './file-thread.js'
import { inParallel } from './in-parallel.js'

/** More threads would wait for the disk. */
const mostThreads = 4
/** Jobs in one question to a thread: enough that asking is not felt, few enough that all threads end at about the same time. */
const jobsAtOnce = 8
/** How long threads wait for more work, in milliseconds. */
const idleTime = 2000

/** How jobs are done. */
export interface FileWorkersOptions {
  readonly fs: FileSystem
  /** How many threads; 0 does everything on the event loop. @default one for each processor, four at most */
  readonly threads?: number
  /** @default threads of this program */
  readonly start?: () => Worker
}

/**
 * Does jobs on files, in threads of their own, so that the event loop stays free and all processors are used. They are started when
 * there is work and end when there is none. Where none can be started, or one has died, jobs are done on the event loop.
 */
export class FileWorkers {
  readonly #fs: FileSystem
  readonly #here: ReturnType<typeof fileJobs>
  readonly #most: number
  readonly #start: () => Worker
  readonly #threads: FileThread[] = []
  #withoutThreads = false
  #runs = 0
  #idle: ReturnType<typeof setTimeout> | null = null

  constructor({ fs, threads, start = startFileThread }: FileWorkersOptions) {
    this.#fs = fs
    this.#here = fileJobs(fs, { createHash, constants, user: process.getuid?.() ?? null })
    this.#most = threads ?? Math.min(availableParallelism(), mostThreads)
    this.#start = start
  }

  /**
   * Does jobs, several at a time; resolves with what came of each, in their order. When it rejects, no job is under way any more,
   * and those that were done stay done.
   *
   * @throws HoldfastError for what the file system refuses, or the signal's reason.
   */
  async run(jobs: readonly FileJob[], signal: AbortSignal): Promise<readonly (JobResult | null)[]> {
    signal.throwIfAborted()
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const onAbort = (): void => void Atomics.store(stop, 0, 1)
    signal.addEventListener('abort', onAbort, { once: true })
    this.#runs += 1
    if (this.#idle !== null) clearTimeout(this.#idle)
    try {
      const groups = inGroups(jobs)
      const free = [...this.#threadsFor(groups.length)]
      const results = await inParallel(groups, Math.max(1, free.length), async (group) => {
        const thread = free.pop()
        try {
          return thread === undefined
            ? await this.#runHere(group, signal)
            : await this.#runIn(thread, group, stop, signal)
        } finally {
          if (thread !== undefined) free.push(thread)
        }
      })
      return results.flat()
    } catch (thrown) {
      signal.throwIfAborted()
      throw thrown
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#runs -= 1
      if (this.#runs === 0 && this.#threads.length > 0) {
        this.#idle = setTimeout(() => this.#endThreads(), idleTime)
        this.#idle.unref()
      }
    }
  }

  async #runIn(
    thread: FileThread,
    group: readonly FileJob[],
    stop: Int32Array,
    signal: AbortSignal,
  ): Promise<readonly (JobResult | null)[]> {
    try {
      return await thread.run(group, stop)
    } catch (thrown) {
      if (thrown instanceof JobFailed) {
        const failed = group[thrown.index]
        throw failed === undefined ? thrown : failureOf(failed, thrown.cause)
      }
      if (!(thrown instanceof ThreadLost)) throw thrown
      this.#withoutThreads = true
      // What it had begun is begun again.
      for (const job of group)
        if (job.kind === 'take') await absentAsNull(() => this.#fs.unlink(job.target)).catch(() => undefined)
      return this.#runHere(group, signal)
    }
  }

  async #runHere(group: readonly FileJob[], signal: AbortSignal): Promise<readonly (JobResult | null)[]> {
    return inParallel(group, mostThreads, async (job) => {
      try {
        return await this.#here(job, () => signal.aborted)
      } catch (thrown) {
        throw failureOf(job, thrown)
      }
    })
  }

  /** Threads for as many groups of jobs; none where everything is done on the event loop. */
  #threadsFor(groups: number): readonly FileThread[] {
    const wanted = this.#withoutThreads ? 0 : Math.min(this.#most, groups)
    try {
      while (this.#threads.length < wanted) this.#threads.push(new FileThread(this.#start))
    } catch {
      this.#withoutThreads = true
    }
    return this.#withoutThreads ? [] : this.#threads.slice(0, wanted)
  }

  #endThreads(): void {
    for (const thread of this.#threads.splice(0)) thread.end().catch(() => undefined)
  }
}

function inGroups(jobs: readonly FileJob[]): readonly (readonly FileJob[])[] {
  const groups: (readonly FileJob[])[] = []
  for (let from = 0; from < jobs.length; from += jobsAtOnce) groups.push(jobs.slice(from, from + jobsAtOnce))
  return groups
}

function failureOf(job: FileJob, thrown: unknown): unknown {
  return job.kind === 'take'
    ? fileError(thrown, 'writing an attachment', job.target)
    : fileError(thrown, 'reading an attachment', job.path)
}
