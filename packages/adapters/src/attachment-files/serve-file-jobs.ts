import type { MessagePort } from 'node:worker_threads'
import type { FileJob, fileJobs, JobResult } from './file-jobs.js'

/** What a file thread is asked: to do jobs one after the other, until `stop` holds anything but 0. */
export interface JobsAsked {
  /** Tells the questions that wait for an answer apart. */
  readonly id: number
  readonly jobs: readonly FileJob[]
  readonly stop: Int32Array
}

/** What it answers: what came of each of them, or which of them failed, and how; those behind it were not begun. */
export type JobsAnswered =
  | { readonly id: number; readonly results: readonly (JobResult | null)[] }
  | {
      readonly id: number
      readonly failed: number
      readonly failure: { readonly message: string; readonly code: string | null }
    }

/**
 * The work of a file thread: does what it is asked, one question after the other.
 *
 * It names nothing but what it is given: its text is part of the program of the file threads.
 */
export function serveFileJobs(
  port: Pick<MessagePort, 'on' | 'postMessage'>,
  work: ReturnType<typeof fileJobs>,
): void {
  async function answer({ id, jobs, stop }: JobsAsked): Promise<JobsAnswered> {
    const results: (JobResult | null)[] = []
    const stopped = (): boolean => Atomics.load(stop, 0) !== 0
    try {
      for (const job of jobs) results.push(await work(job, stopped))
      return { id, results }
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown)
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : null
      return { id, failed: results.length, failure: { message, code } }
    }
  }

  port.on('message', (asked: JobsAsked) => {
    // It never rejects, so nothing is left unheard.
    void answer(asked).then((answered) => port.postMessage(answered))
  })
}
