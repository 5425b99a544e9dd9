import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { unreadable } from '../folder/backup-file.js'

/** How the errors of one database of the backup are named. */
export interface DatabaseName {
  /** Such as `sms.db`; for messages to people. */
  readonly file: string
  /** Such as `The message database`. */
  readonly what: string
  readonly damaged:
    | 'MANIFEST_DAMAGED'
    | 'MESSAGES_DAMAGED'
    | 'CONTACTS_DAMAGED'
    | 'CALLS_DAMAGED'
    | 'VOICEMAIL_DAMAGED'
    | 'WHATSAPP_DAMAGED'
}

/** The damage code of a database, with what was found. */
export function damaged(name: DatabaseName, found: string, cause?: unknown): HoldfastError {
  return new HoldfastError(name.damaged, `${name.what} of the backup (${name.file}) is damaged: ${found}`, {
    hint: 'Make a new backup of the phone; this one was cut off, copied incompletely or lies on a failing disk.',
    retryable: false,
    cause,
    facts: { file: name.file },
  })
}

/**
 * An error of a database driver or of the file system, told as what it means for the backup. What is neither (a bug, a missing driver)
 * comes back as it is.
 */
export function databaseError(thrown: unknown, name: DatabaseName): unknown {
  if (isHoldfastError(thrown)) return thrown
  if (/^E[A-Z0-9]+$/.test(systemCodeOf(thrown) ?? '')) return unreadable(name.file, thrown)
  const code = sqliteCode(thrown)
  if (code === null) return thrown
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    return new HoldfastError('BACKUP_UNREADABLE', `Another program holds ${name.file} of the backup locked`, {
      hint: 'Close the other program, then try again.',
      cause: thrown,
      facts: { file: name.file, systemCode: code },
    })
  }
  const shortRead = systemCodeOf(thrown) === 'SQLITE_IOERR_SHORT_READ'
  if (damageCodes.has(code) || shortRead) {
    return damaged(name, thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
  return unreadable(name.file, thrown)
}

/** `SQLITE_ERROR` is what a query gets when a column is not there, or a schema makes no sense. */
const damageCodes = new Set([
  'SQLITE_TOOBIG',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_ERROR',
  'SQLITE_FORMAT',
  'SQLITE_SCHEMA',
])

const primaryCodes: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  11: 'SQLITE_CORRUPT',
  17: 'SQLITE_SCHEMA',
  24: 'SQLITE_FORMAT',
  26: 'SQLITE_NOTADB',
}

/**
 * The primary result code; null for what is no error of SQLite. better-sqlite3 has names such as `SQLITE_IOERR_READ`, node:sqlite the
 * number in `errcode`, other drivers only SQLite's own words.
 */
function sqliteCode(thrown: unknown): string | null {
  if (
    typeof thrown === 'object' &&
    thrown !== null &&
    'errcode' in thrown &&
    typeof thrown.errcode === 'number'
  ) {
    return primaryCodes[thrown.errcode & 0xff] ?? 'SQLITE_OTHER'
  }
  const named = /^SQLITE_[A-Z]+/.exec(systemCodeOf(thrown) ?? '')?.[0]
  if (named !== undefined) return named
  const words = thrown instanceof Error ? thrown.message : ''
  return /malformed|not a database/.test(words) ? 'SQLITE_CORRUPT' : null
}
