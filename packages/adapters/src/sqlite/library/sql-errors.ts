import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'

/** SQLite's result codes that matter here, as https://www.sqlite.org/rescode.html numbers them. node:sqlite gives only the number. */
const resultCodes: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
  4874: 'SQLITE_IOERR_SHMSIZE',
}

/** The second: SQLite could not grow the index of its log, whose blocks it reserves. A full volume often shows itself so first. */
const fullCodes = /^SQLITE_(FULL|IOERR_SHMSIZE)$/

/** SQLite's name for what went wrong, of either driver; null when `thrown` does not come from SQLite. */
export function sqliteCodeOf(thrown: unknown): string | null {
  const code = systemCodeOf(thrown)
  if (code?.startsWith('SQLITE_') === true) return code
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return null
  if (typeof thrown.errcode !== 'number') return null
  // The low byte is the primary code of an extended one.
  return resultCodes[thrown.errcode] ?? resultCodes[thrown.errcode & 0xff] ?? 'SQLITE_ERROR'
}

/** What SQLite refused, as an error that a user can act on; errors of ours unchanged. */
export function sqlError(thrown: unknown, doing: string): HoldfastError {
  if (isHoldfastError(thrown)) return thrown
  const code = sqliteCodeOf(thrown) ?? systemCodeOf(thrown) ?? 'unknown'
  const details = { cause: thrown, facts: { systemCode: code } }
  if (fullCodes.test(code)) {
    return new HoldfastError('DISK_FULL', `The disk is full: ${doing} failed`, {
      ...details,
      hint: 'Free some space, then retry. The backup is kept, and what was stored so far stays.',
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
