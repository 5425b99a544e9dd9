import { join } from 'node:path'
import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { diskFull, isFullCode } from '../../disk-space/disk-full.js'
import { inspectBackup } from '../../ios-backup/inspection/inspect-backup.js'
import { signed64 } from '../../plist/plist-value.js'
import type { OpenSqlite } from '../../sqlite/driver.js'
import { statusOf } from '../backup-target/status-of.js'
import { deviceError } from '../mobilebackup2/device-error.js'
import type { DiskSpace } from '../mobilebackup2/disk-space.js'
import type { Served } from '../mobilebackup2/serve-commands.js'
import { unexpected } from '../wire/plist-wire.js'

/**
 * Whether an operation ended well, by the phone's word and by what happened here. What this computer could not keep comes first: it is
 * why the phone gave up.
 *
 * @throws HoldfastError `DISK_FULL`, `DESTINATION_UNWRITABLE`, the code of the phone's code, `DEVICE_PROTOCOL`.
 */
export function judgeEnd(
  served: Served,
  { space, folder }: { readonly space: DiskSpace; readonly folder: string },
): void {
  const code = signed64(served.response.get('ErrorCode'))
  if (served.localFailure !== null) throw localError(served.localFailure, folder, code)
  if (code === null)
    throw unexpected('The end of the backup says neither that it went well nor that it did not.')
  if (code === 0) return
  const description = served.response.get('ErrorDescription')
  const words = typeof description === 'string' ? description : served.remoteFailures.words
  throw deviceError(code, words, space)
}

/**
 * What tells whether the phone has said anew how the backup stands: it does so at the end of each. Null where there is no status.
 */
export async function statusMark(tree: string): Promise<string | null> {
  const status = await statusOf(join(tree, 'Status.plist'))
  return status === null ? null : `${status.ino} ${status.mtimeMs} ${status.size}`
}

/**
 * Whether what was received is a whole backup: the phone says that it finished, and every file that its list names is there. The list of
 * an encrypted backup cannot be read without the password; of that only the phone's word is known.
 *
 * @throws HoldfastError `DEVICE_BACKUP_INCOMPLETE`; as {@link inspectBackup}.
 */
export async function requireWhole(
  tree: string,
  served: Served,
  {
    markBefore,
    ...options
  }: {
    readonly signal: AbortSignal
    readonly scratch: string
    readonly openSqlite?: OpenSqlite
    /** {@link statusMark} before the phone began. */
    readonly markBefore: string | null
  },
): Promise<void> {
  const { wholeness, reasons } = await inspectBackup(tree, options).catch((error: unknown) => {
    if (isHoldfastError(error) && error.code === 'BACKUP_INVALID')
      return { wholeness: 'torn', reasons: ['There is nothing in it.'] }
    throw error
  })
  // What is whole may be the backup from before, of which nothing was made new.
  const isNew = (await statusMark(tree)) !== markBefore
  if (wholeness === 'complete' && isNew) return
  const { count, words } = served.remoteFailures
  throw new HoldfastError(
    'DEVICE_BACKUP_INCOMPLETE',
    `The iPhone said that the backup is finished, and it is not whole: ${isNew ? reasons.join(' ') : 'It sent nothing of it.'}`,
    {
      hint: 'Retry: everything that is missing is asked for again. The previous backup is as it was.',
      facts: { wholeness, filesNotSent: count, words },
    },
  )
}

/** The error for what the file system of this computer refuses. */
function localError(
  { error, bytesLeft }: { readonly error: unknown; readonly bytesLeft: number },
  folder: string,
  deviceCode: number | null = null,
): HoldfastError {
  if (isHoldfastError(error)) return error
  const systemCode = systemCodeOf(error) ?? 'unknown'
  if (isFullCode(systemCode)) {
    return diskFull('There is no room for the backup on this computer', {
      hint: 'Free some space on the volume of the backups, then retry: the iPhone goes on with what is there. The previous backup is as it was.',
      systemCode,
      cause: error,
      path: folder,
      // More follows mostly, of which nobody knows yet.
      bytesNeeded: Math.max(bytesLeft, 2 ** 20),
    })
  }
  return new HoldfastError('DESTINATION_UNWRITABLE', `The backup cannot be written (${systemCode})`, {
    hint: 'Check the disk on which the backups lie and that you may write there, then retry. The previous backup is as it was.',
    facts: { systemCode, path: folder, deviceCode },
    cause: error,
  })
}

/** What the file system refuses becomes an error of ours; all others stay as they are. */
export async function onThisComputer<Result>(folder: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (isHoldfastError(error) || systemCodeOf(error) === null) throw error
    throw localError({ error, bytesLeft: 0 }, folder)
  }
}
