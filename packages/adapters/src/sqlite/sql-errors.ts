import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { diskFull } from '../disk-space/disk-full.js'
import { isSqliteFull, sqliteCodeOf } from './result-codes.js'

/**
 * What SQLite refused for a library in the database at `path` (null: in memory), as an error that a user can act on: `DISK_FULL` with the
 * room that there is, `DESTINATION_UNWRITABLE`, `LIBRARY_DAMAGED`, otherwise `STORE_FAILED` with SQLite's code as `systemCode`. A
 * HoldfastError comes back as it is. `doing` says in a few words what was refused: `staging a batch`.
 */
export function sqlError(thrown: unknown, doing: string, path: string | null): HoldfastError {
  if (isHoldfastError(thrown)) return thrown
  const code = sqliteCodeOf(thrown) ?? systemCodeOf(thrown) ?? 'unknown'
  const details = { cause: thrown, facts: { systemCode: code } }
  if (isSqliteFull(code, path)) {
    return diskFull(`The disk is full: ${doing} failed`, {
      hint: 'Free some space, then retry. The backup is kept, and what was stored so far stays.',
      systemCode: code,
      cause: thrown,
      path,
    })
  }
  if (/^SQLITE_(READONLY|CANTOPEN|PERM)/.test(code)) {
    return new HoldfastError('DESTINATION_UNWRITABLE', `The library cannot be written: ${doing} failed`, {
      ...details,
      hint: 'Check that you may write to the library and its folder, then retry. The backup is kept.',
    })
  }
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) {
    return new HoldfastError(
      'LIBRARY_DAMAGED',
      `The library is damaged, or no SQLite database: ${doing} failed`,
      {
        ...details,
        hint: 'Restore the library from a copy, or import the backup into a new one. The backup is kept.',
        retryable: false,
      },
    )
  }
  return new HoldfastError('STORE_FAILED', `The library failed: ${doing} (${code})`, {
    ...details,
    hint: code.startsWith('SQLITE_BUSY')
      ? 'Another program keeps the library locked: close it, then retry. The backup is kept.'
      : 'Check the disk, then retry. The backup is kept.',
  })
}
