import { Worker } from 'node:worker_threads'
import { blockingFiles } from './blocking-files.js'
import { type FileJob, fileJobs, type JobResult } from './file-jobs.js'
import { type JobsAnswered, type JobsAsked, serveFileJobs } from './serve-file-jobs.js'

/** Says that a thread ended although it was not asked to; what it was doing can be done elsewhere. */
export class ThreadLost extends Error {
  override readonly name = 'ThreadLost'
}

/** Says which of several jobs failed, with what the file system said as its cause. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed'
  readonly index: number

  constructor(index: number, cause: unknown) {
    super('A job on a file failed', { cause })
    this.index = index
  }
}

/**
 * The program of a thread, as text. A file beside this one would not be found once a host has bundled its app into one file, as most
 * Electron apps are, and would be another under `dist` than among the sources. The functions in it name nothing outside themselves; a
 * compiler that keeps names wraps functions in `__name`. Where a host's build leaves no text of functions (bytecode), the thread ends
 * at once, and its work is done on the event loop.
 */
const program = `
const __name = (value) => value
const fs = require('node:fs')
const { createHash } = require('node:crypto')
const files = (${blockingFiles.toString()})(fs)
const tools = { createHash, constants: fs.constants, user: process.getuid?.() ?? null }
const work = (${fileJobs.toString()})(files, tools)
const serve = ${serveFileJobs.toString()}
serve(require('node:worker_threads').parentPort, work)
`

/** Starts a thread that does file jobs. Options of the host's process, such as loaders, are not for it. */
export function startFileThread(): Worker {
  return new Worker(program, { eval: true, execArgv: [], name: 'holdfast-files' })
}

/** A thread that does jobs on files. It keeps the process alive only while it works. */
export class FileThread {
  readonly #worker: Worker
  readonly #waiting = new Map<
    number,
    {
      readonly resolve: (results: readonly (JobResult | null)[]) => void
      readonly reject: (why: unknown) => void
    }
  >()
  #lost = false
  #last = 0

  /** Throws what `start` throws when no thread can be had. */
  constructor(start: () => Worker) {
    this.#worker = start()
    this.#worker.on('message', (answer: JobsAnswered) => this.#settle(answer))
    // Before `exit`. Nothing is made of it: failures of jobs are answers, so this is one of the thread itself.
    this.#worker.on('error', () => this.#lose())
    this.#worker.on('messageerror', () => this.#lose())
    this.#worker.on('exit', () => this.#lose())
    this.#worker.unref()
  }

  /** Does jobs one after the other. Rejects with {@link JobFailed} or {@link ThreadLost}. */
  run(jobs: readonly FileJob[], stop: Int32Array): Promise<readonly (JobResult | null)[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(new ThreadLost('The thread has ended'))
      const id = ++this.#last
      this.#waiting.set(id, { resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage({ id, jobs, stop } satisfies JobsAsked, [])
    })
  }

  /** Ends it; what it was doing fails with {@link ThreadLost}. */
  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(answer: JobsAnswered): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('results' in answer) return waiting?.resolve(answer.results)
    const { message, code } = answer.failure
    const cause = code === null ? new Error(message) : Object.assign(new Error(message), { code })
    waiting?.reject(new JobFailed(answer.failed, cause))
  }

  #lose(): void {
    this.#lost = true
    for (const { reject } of this.#waiting.values()) reject(new ThreadLost('The thread has ended'))
    this.#waiting.clear()
  }
}
