/** When calls are left to threads, in milliseconds. */
export interface QuickCallsOptions {
  /** A call that takes longer asks a disk or a network, and holds up the host meanwhile. */
  readonly slow: number
  /** For how long threads make the calls after such a one. */
  readonly rest: number
}

/**
 * Whether calls of the file system are made where they are needed. Most take some microseconds, less than it takes to have a thread make
 * them and to wait for it; a backup of 20,000 files makes 200,000. After a slow one they are left to threads for a while.
 */
export class QuickCalls {
  readonly #slow: number
  readonly #rest: number
  #slowUntil = Number.NEGATIVE_INFINITY

  constructor({ slow, rest }: QuickCallsOptions) {
    this.#slow = slow
    this.#rest = rest
  }

  /** Makes a call here, or has a thread make it, as the last ones went. */
  async make<Result>(here: () => Result, inThread: () => Promise<Result>): Promise<Result> {
    const begun = performance.now()
    if (begun < this.#slowUntil) return inThread()
    try {
      return here()
    } finally {
      const ended = performance.now()
      if (ended - begun > this.#slow) this.#slowUntil = ended + this.#rest
    }
  }
}
