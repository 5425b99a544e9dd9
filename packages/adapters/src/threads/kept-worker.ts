import type { Worker } from 'node:worker_threads'

/** How a worker ended. */
export interface WorkerEnd {
  readonly exitCode: number
  /** What it died of: no more memory, a program that cannot be loaded; null where it did not say. */
  readonly failure: unknown
}

/**
 * A worker that keeps the process alive only while somebody holds it. Whatever ends it (`process.exit` in it, no more memory, a
 * program that cannot be run) is told once, by {@link ended}.
 */
export class KeptWorker<Said> {
  /** Resolves when it has ended, and never rejects. */
  readonly ended: Promise<WorkerEnd>
  readonly #worker: Worker
  #ending: WorkerEnd | null = null
  #holds = 0

  /** `take` is called with everything that it says. */
  constructor(worker: Worker, take: (said: Said) => void) {
    this.#worker = worker
    let failure: unknown = null
    worker.on('message', take)
    // Before `exit`.
    worker.on('error', (error) => {
      failure = error
    })
    // Whoever waits for what cannot be read would wait for ever.
    worker.on('messageerror', () => void this.end())
    this.ended = new Promise((resolve) => {
      worker.once('exit', (exitCode) => {
        this.#ending = { exitCode, failure }
        resolve(this.#ending)
      })
    })
    worker.unref()
  }

  /** Whether it can be given work. */
  get isAlive(): boolean {
    return this.#ending === null
  }

  /** How it ended; null as long as it has not. */
  get ending(): WorkerEnd | null {
    return this.#ending
  }

  /** Whether somebody holds it. */
  get isHeld(): boolean {
    return this.#holds > 0
  }

  /** Keeps the process alive until {@link release} was called as often. */
  hold(): void {
    this.#holds++
    this.#worker.ref()
  }

  release(): void {
    this.#holds--
    if (this.#holds === 0) this.#worker.unref()
  }

  /** Says something to it, by a structured clone. */
  post(message: unknown): void {
    this.#worker.postMessage(message, [])
  }

  /** Ends it, whatever it does. Resolves when it has ended; repeat calls are safe. */
  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
