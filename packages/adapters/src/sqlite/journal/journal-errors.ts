import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { diskFull } from '../../disk-space/disk-full.js'
import { isInTransaction, type SqliteDatabase } from '../driver.js'
import { databasePath, isSqliteFull, sqliteCodeOf } from '../result-codes.js'

const hintOfAny = 'Nothing is lost: what is in the journal is intact, and a retry goes on from it.'
/** SQLite opens a file for reading where it cannot be opened for writing just then, says nothing, and leaves it so. */
const hintOfReadOnly =
  'Nothing is lost. Check that the database and its folder may be written, then open the app again: a retry goes on from there.'

const hintOfOpenTransaction =
  'The app has a transaction of its own open on this connection. End it in the turn of the event loop in which it begins, or open another connection for the journal; then retry.'

/** Runs synchronous work on the journal's database; what the driver throws becomes `JOURNAL_FAILED`, or `DISK_FULL`. */
export function guarded<Result>(db: SqliteDatabase, work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    if (isHoldfastError(cause)) throw cause
    const systemCode = sqliteCodeOf(cause) ?? systemCodeOf(cause) ?? 'unknown'
    const path = databasePath(db)
    if (isSqliteFull(systemCode, path)) {
      throw diskFull('The volume of the journal is full', {
        hint: 'Free some space, then retry; nothing is lost.',
        systemCode,
        cause,
        path,
      })
    }
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new HoldfastError('JOURNAL_FAILED', `The journal could not be read or written: ${message}`, {
      hint: isInTransaction(db) === true ? hintOfOpenTransaction : hintFor(systemCode),
      facts: { systemCode },
      cause,
    })
  }
}

function hintFor(systemCode: string): string {
  return systemCode.startsWith('SQLITE_READONLY') ? hintOfReadOnly : hintOfAny
}

/** The error for a run that the journal has never heard of. */
export function unknownRun(id: string): HoldfastError {
  return new HoldfastError('RUN_UNKNOWN', `There is no run '${id}'`, { retryable: false })
}

/** The error for a run whose entries are not all there, or cannot be read. */
export function damagedRun(id: string, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('JOURNAL_DAMAGED', `The journal of run '${id}' is damaged: ${what}`, {
    hint: 'The run is set aside; nothing of it is changed.',
    retryable: false,
    facts: { run: id },
    cause,
  })
}
