import { type HoldfastError, toHoldfastError } from '../errors/holdfast-error.js'
import type { Journal } from '../journal/journal.js'
import type { Clock } from '../time/clock.js'
import { leaseLost } from './lease-errors.js'

/** The lease of one run, as its driver knows it: the journal alone decides, in the transaction of each write. */
export class RunLease {
  readonly #run: string
  readonly #journal: Journal
  readonly #clock: Clock
  #generation: number | null = null
  /** The last one that was taken, also when it is held no more. */
  #newest = 0
  /** When it runs out unless it is renewed; unix milliseconds. */
  #ends = 0

  constructor(run: string, { journal, clock }: { readonly journal: Journal; readonly clock: Clock }) {
    this.#run = run
    this.#journal = journal
    this.#clock = clock
  }

  /** Null when this process does not hold it. */
  get generation(): number | null {
    return this.#generation
  }

  /** It was taken at the moment `since`. */
  take(generation: number, since: number): void {
    this.#generation = generation
    this.#newest = generation
    this.prolong(since)
  }

  /** Whether a later one was taken than that of this generation. */
  isPast(generation: number): boolean {
    return this.#newest > generation
  }

  /** It was renewed at the moment `since`. */
  prolong(since: number): void {
    this.#ends = since + this.#journal.leaseDuration
  }

  /** It was given back, or is lost. */
  drop(): void {
    this.#generation = null
  }

  /**
   * Whether it must be looked at before anything begins. A process that was stopped, or a machine that slept, until the lease was over
   * or nearly so must look before it does anything more: what begins in its last moments goes on when another process has taken the
   * run over. A lease is renewed when a third of it has passed, so whoever was awake has more than a third left.
   */
  get isInDoubt(): boolean {
    return this.#generation !== null && this.#clock.now() >= this.#ends - this.#journal.leaseDuration / 3
  }

  /** Looks whether the lease is still held, and renews it; gives the reason when it is not. */
  async lostBecause(): Promise<HoldfastError | null> {
    const since = this.#clock.now()
    if (this.#generation === null) return null
    try {
      const [kept] = await this.#journal.renew([{ run: this.#run, generation: this.#generation }])
      if (kept !== true) return leaseLost(this.#run)
      this.prolong(since)
      return null
    } catch (error) {
      return toHoldfastError(error, 'JOURNAL_FAILED')
    }
  }
}
