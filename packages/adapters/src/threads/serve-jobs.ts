import type { MessagePort } from 'node:worker_threads'

/** What a thread is asked to do. */
export interface Asked<Job> {
  /** Tells the jobs that wait for an answer apart. */
  readonly id: number
  readonly job: Job
}

/** An error on its way out of a thread: a structured clone would lose its code. */
export interface Failure {
  readonly message: string
  /** Such as `ENOENT`; null where it has none. */
  readonly code: string | null
}

/** What came of a job. */
export type Answered<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failure: Failure }

/**
 * The work of a thread: does the jobs that it is asked for, in their order. `memoryOf` gives what of a result may be given away instead
 * of being copied.
 *
 * It names nothing but what it is given: its text is part of the program of the threads.
 */
export function serveJobs<Job, Result>(
  port: Pick<MessagePort, 'on' | 'postMessage'>,
  work: (job: Job) => Result | Promise<Result>,
  memoryOf: (result: Result) => readonly ArrayBuffer[] = () => [],
): void {
  async function answer({ id, job }: Asked<Job>): Promise<void> {
    try {
      const result = await work(job)
      port.postMessage({ id, result } satisfies Answered<Result>, [...memoryOf(result)])
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown)
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : null
      port.postMessage({ id, failure: { message, code } } satisfies Answered<Result>)
    }
  }
  port.on('message', (asked: Asked<Job>) => void answer(asked))
}
