import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { failureError, ThreadLost } from '../threads/job-thread.js'
import { JobThreads } from '../threads/job-threads.js'
import { absentAsNull, fileError } from './file-errors.js'
import type { FileJobGroup, GroupResult } from './file-job-groups.js'
import { type FileJob, fileJobs, type JobResult } from './file-jobs.js'
import type { FileSystem } from './file-system.js'
import { startFileThread } from './file-thread.js'
import { inParallel } from './in-parallel.js'

/** Jobs in one question to a thread: enough that asking is not felt, few enough that all threads end at about the same time. */
const jobsAtOnce = 8
/** Groups under way for each thread: one that it works at, one that waits for it or for what is done with it afterwards. */
const groupsOfThread = 2
/** Jobs under way at once on the event loop. */
const hereAtOnce = 4

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
  readonly #threads: JobThreads<FileJobGroup, GroupResult>

  constructor({ fs, threads, start = startFileThread }: FileWorkersOptions) {
    this.#fs = fs
    this.#here = fileJobs(fs, { createHash, constants, user: process.getuid?.() ?? null })
    this.#threads = new JobThreads({ start, threads })
  }

  /**
   * Does jobs, several at a time; resolves with what came of each, in their order. When it rejects, no job is under way any more,
   * and those that were done stay done. `then` is what is to be done with some of them that are done, while others are still worked at.
   *
   * @throws HoldfastError for what the file system refuses, the signal's reason, or what `then` throws.
   */
  async run<Job extends FileJob>(
    jobs: readonly Job[],
    signal: AbortSignal,
    then: (jobs: readonly Job[], results: readonly (JobResult | null)[]) => Promise<void> = async () => {},
  ): Promise<readonly (JobResult | null)[]> {
    signal.throwIfAborted()
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const onAbort = (): void => void Atomics.store(stop, 0, 1)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const atOnce = Math.max(1, this.#threads.most * groupsOfThread)
      const results = await inParallel(inGroups(jobs), atOnce, async (group) => {
        const done = (await this.#inThread({ jobs: group, stop })) ?? (await this.#runHere(group, signal))
        await then(group, done)
        return done
      })
      return results.flat()
    } catch (thrown) {
      signal.throwIfAborted()
      throw thrown
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** What came of the jobs; null where no thread has done them. */
  async #inThread(group: FileJobGroup): Promise<readonly (JobResult | null)[] | null> {
    try {
      const done = await this.#threads.ask(group)
      if (done === null) return null
      const failed = group.jobs[done.results.length]
      if (done.failure !== null && failed !== undefined) throw failureOf(failed, failureError(done.failure))
      return done.results
    } catch (thrown) {
      if (!(thrown instanceof ThreadLost)) throw thrown
      // What it had begun is begun again.
      for (const job of group.jobs)
        if (job.kind === 'take') await absentAsNull(() => this.#fs.unlink(job.target)).catch(() => undefined)
      return null
    }
  }

  async #runHere(group: readonly FileJob[], signal: AbortSignal): Promise<readonly (JobResult | null)[]> {
    return inParallel(group, hereAtOnce, async (job) => {
      try {
        return await this.#here(job, () => signal.aborted)
      } catch (thrown) {
        throw failureOf(job, thrown)
      }
    })
  }
}

function inGroups<Job>(jobs: readonly Job[]): readonly (readonly Job[])[] {
  const groups: (readonly Job[])[] = []
  for (let from = 0; from < jobs.length; from += jobsAtOnce) groups.push(jobs.slice(from, from + jobsAtOnce))
  return groups
}

function failureOf(job: FileJob, thrown: unknown): unknown {
  return job.kind === 'take'
    ? fileError(thrown, 'writing an attachment', job.target)
    : fileError(thrown, 'reading an attachment', job.path)
}
