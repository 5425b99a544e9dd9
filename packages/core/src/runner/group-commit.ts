import type { Journal, JournalWrite, WriteResult } from '../journal/journal.js'
import type { Clock } from '../time/clock.js'

interface Pending {
  readonly write: JournalWrite
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: unknown) => void
}

/** Writes in one commit at the most: a burst of thousands must not block the process for long, and a larger group would hardly save anything more. */
const largestGroup = 64

/** Writes of a group that are answered in one turn of the event loop: what each run does next takes longer than its share of the commit. */
const answeredAtOnce = 16

/** Commits of a run that is alone in one turn of the event loop, and milliseconds after which it begins none more: on a slow disk, one is enough. */
const longestAlone = { commits: 64, milliseconds: 3 }

/**
 * Gathers the writes of one tick, from all runs, into one transaction: with `synchronous=FULL` a commit costs a disk flush,
 * and 64 runs that finish a step together need just one.
 */
export class GroupCommit {
  readonly #journal: Journal
  readonly #isAlone: () => boolean
  readonly #clock: Clock
  #pending: Pending[] = []
  #flushing = false
  #waiting: (() => void)[] = []
  #sinceTurn = 0
  #turnAt = 0

  /** `isAlone` tells whether no other run is at work that could share a commit. */
  constructor(journal: Journal, clock: Clock, isAlone: () => boolean) {
    this.#journal = journal
    this.#clock = clock
    this.#isAlone = isAlone
  }

  /** Resolves when the write is durable or refused; rejects when the journal failed. */
  write(write: JournalWrite): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject })
      if (!this.#flushing) void this.#flush()
    })
  }

  /** Resolves in a later turn of the event loop, when less than a group of writes waits: what begins sooner would only wait in memory. */
  async nextTurn(): Promise<void> {
    if (this.#pending.length >= largestGroup)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    await this.#journal.ready?.()
  }

  async #flush(): Promise<void> {
    this.#flushing = true
    while (this.#pending.length > 0) {
      await this.#gather()
      const group = this.#pending.splice(0, largestGroup)
      const since = this.#clock.now()
      try {
        const results = await this.#journal.commit(group.map(({ write }) => write))
        // SQLite moves its log into the database within a commit now and then. What follows from this one is another turn's.
        if (this.#clock.now() - since > longestAlone.milliseconds) await this.#turn()
        for (const [index, { resolve, reject }] of group.entries()) {
          if (index > 0 && index % answeredAtOnce === 0) await this.#turn()
          const result = results[index]
          if (result === undefined) reject(new Error('the journal answered fewer writes than it was given'))
          else resolve(result)
        }
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
      if (this.#pending.length < largestGroup) for (const resolve of this.#waiting.splice(0)) resolve()
    }
    this.#flushing = false
  }

  /** Waits for whatever may share the commit. A run that is alone need not, but lets the rest of the process have its turn at times. */
  async #gather(): Promise<void> {
    if (this.#journal.ready === undefined) return this.#endOfTick()
    const { commits, milliseconds } = longestAlone
    const blocked = this.#clock.now() - this.#turnAt
    // A clock that was set back says nothing.
    const isEarly = blocked >= 0 && blocked < milliseconds && this.#sinceTurn < commits
    this.#sinceTurn += 1
    if (isEarly && this.#isAlone()) return
    return this.#turn()
  }

  /** Lets the rest of the process have its turn. */
  async #turn(): Promise<void> {
    await this.#journal.ready?.()
    this.#sinceTurn = 0
    this.#turnAt = this.#clock.now()
  }

  /** Waits as long as the tick still brings writes, so that runs whose promises settle a few microtasks apart share a commit. */
  async #endOfTick(): Promise<void> {
    let gathered = 0
    while (gathered !== this.#pending.length) {
      gathered = this.#pending.length
      for (let hop = 0; hop < 8; hop++) await Promise.resolve()
    }
  }
}
