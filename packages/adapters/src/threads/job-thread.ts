import type { Worker } from 'node:worker_threads'
import { KeptWorker, type WorkerEnd } from './kept-worker.js'
import type { Answered, Asked, Failure } from './serve-jobs.js'

/** Says that a thread ended although it was not asked to; what it was doing can be done elsewhere. */
export class ThreadLost extends Error {
  override readonly name = 'ThreadLost'
}

/** The error that a thread has told. */
export function failureError({ message, code }: Failure): Error {
  return code === null ? new Error(message) : Object.assign(new Error(message), { code })
}

/** A thread whose program is `serveJobs`. It keeps the process alive only while somebody waits for it. */
export class JobThread<Job, Result> {
  readonly #worker: KeptWorker<Answered<Result>>
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: Result) => void; readonly reject: (why: unknown) => void }
  >()
  #last = 0
  #reserved = 0

  constructor(worker: Worker) {
    this.#worker = new KeptWorker(worker, (answer: Answered<Result>) => this.#settle(answer))
    void this.ended.then(() => this.#lose())
  }

  /** Resolves when it has ended, however that came. */
  get ended(): Promise<WorkerEnd> {
    return this.#worker.ended
  }

  /** How much it has to do. */
  get load(): number {
    return this.#waiting.size + this.#reserved
  }

  /** Counts as something to do until the function that it gives is called: for jobs that belong together. */
  reserve(): () => void {
    this.#reserved++
    return () => {
      this.#reserved--
    }
  }

  /** Has a job done. Rejects with what the program threw, as {@link failureError} gives it, or with {@link ThreadLost}. */
  ask(job: Job): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.#worker.isAlive) return reject(new ThreadLost('The thread has ended'))
      const id = ++this.#last
      this.#waiting.set(id, { resolve, reject })
      this.#worker.hold()
      this.#worker.post({ id, job } satisfies Asked<Job>)
    })
  }

  /** Ends it; what it was doing fails with {@link ThreadLost}. */
  end(): Promise<void> {
    return this.#worker.end()
  }

  #settle(answer: Answered<Result>): void {
    const waiting = this.#waiting.get(answer.id)
    if (waiting === undefined) return
    this.#waiting.delete(answer.id)
    this.#worker.release()
    if ('result' in answer) waiting.resolve(answer.result)
    else waiting.reject(failureError(answer.failure))
  }

  #lose(): void {
    for (const { reject } of this.#waiting.values()) reject(new ThreadLost('The thread has ended'))
    this.#waiting.clear()
  }
}
