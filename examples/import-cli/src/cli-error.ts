import { HoldfastError, reportError, systemCodeOf, toHoldfastError } from '@holdfast/core'

/** Codes of this program's own, beside those of Holdfast. */
export const cliCodes = {
  USAGE: 'The words on the command line do not fit together.',
  DEVICE_UNSUPPORTED: 'Live phones cannot be imported from yet.',
  LIBRARY_MISSING: 'There is no library in the folder.',
  NOTHING_TO_VERIFY: 'The library holds no finished import.',
  INTERRUPTED: 'The program was interrupted before anything had begun.',
  UNEXPECTED: 'Something failed that this program does not know.',
} as const satisfies Record<string, string>

/** An error of this program's own. */
export function cliError(code: keyof typeof cliCodes, message: string, hint: string): HoldfastError {
  return new HoldfastError(code, message, { hint, retryable: false })
}

/** Whatever was thrown, as an error to show: ours as it is, anything else as `UNEXPECTED` with where it came from. */
export function shownError(thrown: unknown): HoldfastError {
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
  if (error.code !== 'BACKUP_ENCRYPTED') return error
  return new HoldfastError(error.code, error.message, {
    hint: 'Name an environment variable that holds its password with --password-env, or run this at a terminal, which asks for it.',
    retryable: false,
    facts: error.facts,
    cause: error,
  })
}
