import { HoldfastError, reportError, systemCodeOf, toHoldfastError } from '@holdfast/core'
import type { BackupPartName } from '@holdfast/core/import'
import { leaveOut } from './leave-out-part.js'
import { passwordHint } from './password-hint.js'

/** Codes of this program's own, beside those of Holdfast. */
export const cliCodes = {
  USAGE: 'The words on the command line do not fit together.',
  DEVICE_AMBIGUOUS: 'Several iPhones are connected, and none was named.',
  LIBRARY_MISSING: 'There is no library in the folder.',
  NOTHING_TO_VERIFY: 'The library holds no finished import.',
  INTERRUPTED: 'The program was interrupted before anything had begun.',
  UNEXPECTED: 'Something failed that this program does not know.',
} as const satisfies Record<string, string>

/** An error of this program's own. */
export function cliError(code: keyof typeof cliCodes, message: string, hint: string): HoldfastError {
  return new HoldfastError(code, message, { hint, retryable: false })
}

/**
 * Whatever was thrown, as an error to show: ours with the options of this program that help, anything else as `UNEXPECTED` with where
 * it came from. `parts` are those that were to be read.
 */
export function shownError(thrown: unknown, parts: readonly BackupPartName[]): HoldfastError {
  const error = toHoldfastError(thrown)
  if (error !== thrown) {
    const { message, facts } = reportError(error)
    const code = systemCodeOf(thrown)
    return new HoldfastError('UNEXPECTED', message, {
      hint: 'Nothing that was finished is lost. Try again; with HOLDFAST_DEBUG=1 the place of the failure is shown.',
      facts: { ...facts, ...(code === null ? {} : { systemCode: code }) },
      cause: thrown,
    })
  }
  const hint = optionHint(error, parts)
  if (hint === null) return error
  return new HoldfastError(error.code, error.message, {
    hint,
    retryable: error.retryable,
    facts: error.facts,
    cause: error,
  })
}

/** What an option of this program can do about an error; null when none helps. */
function optionHint({ code, hint }: HoldfastError, parts: readonly BackupPartName[]): string | null {
  if (code === 'BACKUP_ENCRYPTED') return passwordHint
  const option = leaveOut(code, parts)
  if (option === null) return null
  return `${hint ?? ''} To import what else it holds: ${option}.`.trim()
}
