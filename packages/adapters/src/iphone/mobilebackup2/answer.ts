import { isHoldfastError, systemCodeOf } from '@holdfast/core'
import type { PlistValue } from '../../plist/plist-value.js'
import { statusOfError } from '../device-link/link-status.js'

/** What a command is answered with: zero for done, a text for what went wrong, and what the command gives. */
export interface Answer {
  readonly code: number
  readonly text?: string | null
  readonly payload?: PlistValue
}

export const done: Answer = { code: 0 }

/**
 * The answer for a command that the file system refused. What is wrong with the phone or the connection, and what no folder may do, is thrown
 * on: then there is nobody to answer.
 */
export function refusedBy(error: unknown): Answer {
  if (isHoldfastError(error) || systemCodeOf(error) === null) throw error
  return { code: statusOfError(error), text: wordsOf(error) }
}

/** Words for a phone: the code, and no path of this computer. */
export function wordsOf(error: unknown): string {
  return systemCodeOf(error) ?? 'failed'
}
