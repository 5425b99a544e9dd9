import type { Outcome } from '@holdfast/core'

/** Exit statuses; scripts depend on them. 75 is `EX_TEMPFAIL` of sysexits.h: nothing is lost, try again. */
export const exitStatus = {
  done: 0,
  failed: 1,
  badInput: 2,
  parked: 75,
  /** What shells use for a program that Ctrl-C ended: 128 + SIGINT. */
  interrupted: 130,
} as const

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

/** What whoever typed the command has to change before it can work. */
const badInput: ReadonlySet<string> = new Set([
  'USAGE',
  'DEVICE_AMBIGUOUS',
  'DEVICE_NOT_FOUND',
  'MUX_UNREACHABLE',
  'LIBRARY_MISSING',
  'OPTION_UNKNOWN',
  'OPTION_INVALID',
  'RUN_UNKNOWN',
  'RUN_UNDER_WAY',
  'RUN_ENDED',
  'RUN_PAST_PIVOT',
  'SAGA_UNKNOWN',
  'JOURNAL_NEWER',
  'BACKUP_NOT_FOUND',
  'BACKUP_INVALID',
  'BACKUP_TORN',
  'BACKUP_ENCRYPTED',
  'PASSWORD_WRONG',
  'KEYBAG_DAMAGED',
  'BACKUP_UNSAFE',
  'BACKUP_UNREADABLE',
  'MANIFEST_MISSING',
  'MANIFEST_DAMAGED',
  'MESSAGES_MISSING',
  'MESSAGES_DAMAGED',
  'CONTACTS_DAMAGED',
  'CALLS_DAMAGED',
  'VOICEMAIL_DAMAGED',
  'WHATSAPP_DAMAGED',
  'DESTINATION_UNWRITABLE',
  'DESTINATION_UNSAFE',
  'LIBRARY_NEWER',
  'LIBRARY_DAMAGED',
])

/** The exit status for an error that ended a command; a run that failed has parked, and has a status of its own. */
export function statusOfError(code: string): ExitStatus {
  if (code === 'INTERRUPTED') return exitStatus.interrupted
  return badInput.has(code) ? exitStatus.badInput : exitStatus.failed
}

/** The exit status for where a run came to rest. */
export function statusOfOutcome(status: Outcome['status']): ExitStatus {
  return status === 'done' || status === 'discarded' ? exitStatus.done : exitStatus.parked
}
