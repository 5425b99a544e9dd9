import { type ErrorCode, HoldfastError } from '@holdfast/core'
import { said } from '../wire/said.js'
import type { DiskSpace } from './disk-space.js'

/** What a host makes of a code with which a phone ended an operation. */
interface Meaning {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}

const again = 'Unlock the iPhone, leave it connected, and retry: it goes on with what is there.'
const restart = 'Restart the iPhone, unlock it, and retry. The previous backup is as it was.'
const afresh = 'Retry: everything is then asked for again. The previous backup is as it was.'

/** The codes of MBErrorDomain that were seen in public, by what people found out about each. */
const meanings: Readonly<Record<number, Meaning>> = {
  1: { code: 'DEVICE_BACKUP_FAILED', message: 'The iPhone could not make the backup', hint: again },
  2: { code: 'DEVICE_RENAME_FAILED', message: 'The iPhone could not rename a file', hint: restart },
  3: {
    code: 'DEVICE_SNAPSHOT_LEFT',
    message: 'The iPhone still has the beginnings of an earlier backup, which was interrupted',
    hint: restart,
  },
  4: { code: 'DEVICE_FILE_MISSING', message: 'The iPhone misses a file of the backup', hint: afresh },
  11: { code: 'DEVICE_LIST_DAMAGED', message: 'The iPhone cannot read a list of the backup', hint: afresh },
  100: { code: 'DEVICE_IO_FAILED', message: 'The iPhone could not read or write a file', hint: restart },
  102: { code: 'DEVICE_FOLDER_FAILED', message: 'The iPhone could not make a folder', hint: restart },
  103: {
    code: 'DEVICE_PROPERTIES_UNREADABLE',
    message: 'The iPhone could not read what it needs of itself for a backup; mostly because it is locked',
    hint: 'Unlock the iPhone with its passcode, leave it unlocked, and retry.',
  },
  104: {
    code: 'DEVICE_FILES_FAILED',
    message: 'The iPhone could not send some of its files',
    hint: 'Unlock the iPhone, leave it unlocked and connected by a cable that holds, and retry: it sends only what is missing.',
  },
  105: {
    code: 'DISK_FULL',
    message: 'This computer has too little room for the backup',
    hint: 'Free some space on the volume of the backups on this computer (not on the iPhone), then retry.',
  },
  205: {
    code: 'DEVICE_BASE_DAMAGED',
    message: 'The iPhone cannot go on from the backup that is there: its lists are damaged or empty',
    hint: 'Retry. If it happens again, ask for a full backup, into another folder.',
  },
  207: {
    code: 'DEVICE_PASSWORD_WRONG',
    message: 'The iPhone refused the password of its backups',
    hint: 'Enter the password that was chosen when backups were first encrypted. If nobody knows it, “Reset All Settings” on the iPhone takes it away.',
  },
  208: {
    code: 'PASSCODE_MISSING',
    message: 'The iPhone is locked, or its passcode was not entered in time',
    hint: 'Retry, and enter the passcode on the iPhone when it asks, within three minutes.',
  },
  211: {
    code: 'FIND_MY_ON',
    message: 'The iPhone refuses while “Find My iPhone” is on',
    hint: 'Turn “Find My iPhone” off in the settings of the iPhone, and on again afterwards.',
  },
  212: {
    code: 'DEVICE_NOT_SET_UP',
    message: 'The iPhone was not set up to its end',
    hint: 'Finish setting the iPhone up, then retry.',
  },
}

/**
 * The error for an operation that a phone ended with a code other than zero. The facts are `deviceCode` and, verbatim, `words`; for a full
 * disk also `bytesNeeded` and `bytesFree`, as far as the phone said.
 */
export function deviceError(
  deviceCode: number,
  words: string | null,
  space: DiskSpace | null = null,
): HoldfastError {
  const known = Object.hasOwn(meanings, deviceCode) ? meanings[deviceCode] : undefined
  const { code, message, hint } = known ?? {
    code: 'DEVICE_BACKUP_FAILED' as const,
    message: `The iPhone ended the operation with its code ${deviceCode}`,
    hint: again,
  }
  const kept = words === null || words === '' ? null : said(words)
  const room =
    deviceCode === 105 ? { bytesNeeded: space?.needed ?? null, bytesFree: space?.told ?? null } : {}
  return new HoldfastError(code, kept === null ? message : `${message}: “${kept}”`, {
    hint,
    facts: { deviceCode, words: kept, ...room },
  })
}

/** The device codes that have a code of their own. */
export const deviceCodes: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(meanings).map(([number, { code }]) => [Number(number), code]),
)

/** After these what is there of the new backup is no use: the next attempt begins from the old one. */
export const spoilsWork: ReadonlySet<string> = new Set([
  'DEVICE_FILE_MISSING',
  'DEVICE_LIST_DAMAGED',
  'DEVICE_BASE_DAMAGED',
  'DEVICE_BACKUP_INCOMPLETE',
  'BACKUP_UNSAFE',
])
