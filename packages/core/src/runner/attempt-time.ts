import type { Entry } from '../journal/entry.js'
import type { EventTime } from '../machine/try-span.js'

/** What the journal knows of the time of the attempt at work, or of the last one: plain JSON, and the fold of its entries. */
export interface AttemptTime {
  /** Unix milliseconds of the entry that started it. */
  readonly startedAt: number
  /**
   * Milliseconds of its timeout that it had used when it last wrote an entry. A process that takes it over goes on from there, so
   * that neither the time without a process nor that in which a human was asked counts.
   */
  readonly used: number
}

/** The time of an attempt that an entry has just started. */
export function beginAttempt({ at }: Entry): AttemptTime {
  return { startedAt: at, used: 0 }
}

/** The time of the attempt at work after an entry that started no other one. */
export function attemptTimeAfter(previous: AttemptTime | null, { body }: Entry): AttemptTime | null {
  const used = 'used' in body ? body.used : undefined
  return previous === null || used === undefined ? previous : { startedAt: previous.startedAt, used }
}

/** When the event of an entry happened, in the machine's words. */
export function eventTime(attempt: AttemptTime | null, entry: Entry): EventTime {
  return attempt === null ? { at: entry.at } : { at: entry.at, startedAt: attempt.startedAt }
}
