import {
  type ClaimResult,
  type Clock,
  checkOptions,
  isHoldfastError,
  type Journal,
  rule,
  systemClock,
} from '@holdfast/core'
import { atOneMoment, inTransaction, isInTransaction, type SqliteDatabase } from '../driver.js'
import { makeDurable } from '../durable-connection.js'
import { runCompactor } from './compact-runs.js'
import { guarded } from './journal-errors.js'
import { checkJournal, migrateJournal } from './journal-schema.js'
import { forgetHolder, newHolder } from './process-holder.js'
import { runLeases } from './run-leases.js'
import { runReader } from './run-reader.js'
import { toHeader } from './run-row.js'
import { runWriter } from './run-writer.js'

/** Options of {@link sqliteJournal}. */
export interface SqliteJournalOptions {
  /** @default the system's clock */
  readonly clock?: Clock
  /** Milliseconds for which a lease lasts without being renewed. @default 30000 */
  readonly leaseDuration?: number
  /** Whether a journal of an older version is brought to the present one; older versions of the app refuse it afterwards. @default true */
  readonly migrate?: boolean
}

const journalRules = { clock: rule.object, leaseDuration: rule.positive, migrate: rule.boolean }

/**
 * The journal in a SQLite database, in tables named `holdfast_*`; the host's other tables are left alone.
 * Sets the connection to WAL and `synchronous=FULL`. The host opens the database, and closes it after `runner.shutdown()`.
 * A transaction of the host's own on this connection must end in the turn of the event loop in which it begins: while one is open nothing can
 * be written, and runs that have something to write are suspended with `JOURNAL_FAILED`. Whoever needs longer ones opens another connection.
 *
 * @throws HoldfastError `JOURNAL_NEWER`, `JOURNAL_OLDER` (both before anything was touched), `JOURNAL_FAILED`, `OPTION_UNKNOWN`,
 *   `OPTION_INVALID`.
 */
export function sqliteJournal(db: SqliteDatabase, options: SqliteJournalOptions = {}): Journal {
  checkOptions('sqliteJournal', options, journalRules)
  const { clock = systemClock, leaseDuration = 30_000, migrate = true } = options
  guarded(db, () => {
    checkJournal(db, { migrate })
    makeDurable(db)
    migrateJournal(db)
  })
  const holder = newHolder()
  const leases = runLeases(db, holder, { clock, leaseDuration })
  const writer = runWriter(db, { leases, clock, leaseDuration })
  const reader = runReader(db)
  const compact = runCompactor(db)
  const ready = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve)
    })

  const claim = (id: string): ClaimResult => {
    try {
      const row = reader.row(id)
      if (leases.isHeld(row)) return { ok: false, problem: 'held', by: id, what: `run:${id}` }
      const header = toHeader(row)
      // Read before it is taken: a run that cannot be read is left as it is.
      const record = reader.record(row)
      return leases.conflict(header) ?? { ok: true, generation: leases.take(row, header), record }
    } catch (error) {
      if (isHoldfastError(error)) return { ok: false, problem: 'unreadable', error }
      throw error
    }
  }

  return {
    leaseDuration,
    ready,
    commit: async (writes) =>
      guarded(db, () => {
        leases.enroll()
        const [only] = writes
        // Where the host has a transaction open, an entry would become part of it, and go with it when it is rolled back: BEGIN refuses that.
        const mayBeAlone = writes.length === 1 && isInTransaction(db) === false
        const alone = mayBeAlone && only !== undefined ? writer.writeAlone(only) : null
        return alone === null ? inTransaction(db, () => writes.map(writer.write)) : [alone]
      }),
    claim: async (runs) =>
      guarded(db, () => {
        leases.enroll()
        return inTransaction(db, () => runs.map(claim))
      }),
    renew: async (held) =>
      guarded(db, () =>
        inTransaction(db, () => held.map(({ run, generation }) => leases.renew(run, generation))),
      ),
    load: async (run) => guarded(db, () => atOneMoment(db, () => reader.record(reader.row(run)))),
    entries: async (run) => guarded(db, () => atOneMoment(db, () => reader.entries(reader.row(run)))),
    runs: async (filter = {}) => guarded(db, () => reader.list(filter)),
    compact: async (compaction) => {
      for (;;) {
        const { forgotten, atEnd } = guarded(db, () => inTransaction(db, () => compact(compaction)))
        if (forgotten > 0 || atEnd) return forgotten
        await ready()
      }
    },
    close: async (keep = []) => {
      try {
        guarded(db, () => inTransaction(db, () => leases.releaseAll(keep)))
      } catch (error) {
        // On a full disk the leases stay where they are, of a holder that is known to be gone: whoever comes next takes them over.
        if (!isHoldfastError(error) || error.code !== 'DISK_FULL') throw error
      } finally {
        // Whoever still works here is alive until the process ends.
        if (keep.length === 0) forgetHolder(holder)
      }
    },
  }
}
