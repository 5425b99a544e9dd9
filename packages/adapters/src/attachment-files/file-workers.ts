import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { failureError, ThreadLost } from '../threads/job-thread.js'
import { JobThreads } from '../threads/job-threads.js'
import { absentAsNull, fileError } from './file-errors.js'
import { type AnyFileJob, type FileJobGroup, type GroupResult, isNaming } from './file-job-groups.js'
import { fileJobs, type JobResult, jobSystem } from './file-jobs.js'
import type { FileSystem } from './file-system.js'
import { startFileThread } from './file-thread.js'
import { inParallel } from './in-parallel.js'
import { namingJobs } from './naming-jobs.js'

/** Jobs in one question to a thread: enough that asking is not felt, few enough that all threads end at about the same time. */
const filesAtOnce = 8
const namesAtOnce = 64
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
  readonly #fileHere: ReturnType<typeof fileJobs>
  readonly #nameHere: ReturnType<typeof namingJobs>
  readonly #threads: JobThreads<FileJobGroup, GroupResult>

  constructor({ fs, threads, start = startFileThread }: FileWorkersOptions) {
    this.#fs = fs
    this.#fileHere = fileJobs(fs, { createHash, constants, ...jobSystem() })
    this.#nameHere = namingJobs(fs)
    this.#threads = new JobThreads({ start, threads })
  }

  /**
   * Does jobs, several at a time, in whatever order; resolves with what came of each, in theirs. When it rejects, no job is under way
   * any more, and those that were done stay done.
   *
   * @throws HoldfastError for what the file system refuses, or the signal's reason.
   */
  async run(jobs: readonly AnyFileJob[], signal: AbortSignal): Promise<readonly (JobResult | null)[]> {
    signal.throwIfAborted()
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const onAbort = (): void => void Atomics.store(stop, 0, 1)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const atOnce = Math.max(1, this.#threads.most * groupsOfThread)
      const results = await inParallel(inGroups(jobs), atOnce, async (group) => {
        signal.throwIfAborted()
        return (await this.#inThread({ jobs: group, stop }, signal)) ?? (await this.#runHere(group, signal))
      })
      return results.flat()
    } catch (thrown) {
      signal.throwIfAborted()
      throw thrown
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** What came of the jobs; null where there is no thread to do them. */
  async #inThread(group: FileJobGroup, signal: AbortSignal): Promise<readonly (JobResult | null)[] | null> {
    try {
      const done = await this.#threads.ask(group)
      if (done === null) return null
      const failed = done.failure === null ? undefined : group.jobs[done.failure.index]
      if (done.failure !== null && failed !== undefined) throw failureOf(failed, failureError(done.failure))
      return done.results
    } catch (thrown) {
      if (!(thrown instanceof ThreadLost)) throw thrown
      // What it had begun is begun again.
      for (const job of group.jobs)
        if (job.kind === 'take') await absentAsNull(() => this.#fs.unlink(job.target)).catch(() => undefined)
      const again = group.jobs.map((job) => (job.kind === 'name' ? { ...job, again: true } : job))
      return this.#runHere(again, signal)
    }
  }

  async #runHere(group: readonly AnyFileJob[], signal: AbortSignal): Promise<readonly (JobResult | null)[]> {
    return inParallel(group, hereAtOnce, async (job) => {
      try {
        return await (isNaming(job) ? this.#nameHere(job) : this.#fileHere(job, () => signal.aborted))
      } catch (thrown) {
        throw failureOf(job, thrown)
      }
    })
  }
}

function inGroups(jobs: readonly AnyFileJob[]): readonly (readonly AnyFileJob[])[] {
  const atOnce = jobs.every(isNaming) ? namesAtOnce : filesAtOnce
  const groups: (readonly AnyFileJob[])[] = []
  for (let from = 0; from < jobs.length; from += atOnce) groups.push(jobs.slice(from, from + atOnce))
  return groups
}

function failureOf(job: AnyFileJob, thrown: unknown): unknown {
  switch (job.kind) {
    case 'take':
      return fileError(thrown, 'writing an attachment', job.target)
    case 'digest':
      return fileError(thrown, 'reading an attachment', job.path)
    case 'name':
      return fileError(thrown, 'naming an attachment', job.path)
    case 'sync-folder':
      return fileError(thrown, 'making an attachment durable', job.path)
  }
}
