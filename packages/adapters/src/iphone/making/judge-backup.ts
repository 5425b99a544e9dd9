import { join } from 'node:path'
import { HoldfastError, isHoldfastError, systemCodeOf } from '@holdfast/core'
import { diskFull, isFullCode } from '../../disk-space/disk-full.js'
import { checkWholeness } from '../../ios-backup/inspection/inspect-backup.js'
import { signed64 } from '../../plist/plist-value.js'
import type { OpenSqlite } from '../../sqlite/driver.js'
import { NotDurable } from '../backup-target/not-durable.js'
import { statusOf } from '../backup-target/status-of.js'
import { deviceError } from '../mobilebackup2/device-error.js'
import type { DiskSpace } from '../mobilebackup2/disk-space.js'
import type { Served } from '../mobilebackup2/serve-commands.js'
import { unexpected } from '../wire/plist-wire.js'
import { said } from '../wire/said.js'
import type { ExpectedFiles } from './expected-files.js'

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

/** What a phone writes anew at the end of every backup: how it stands, and the lists of its files. */
const writtenAnew = ['Status.plist', 'Manifest.plist', 'Manifest.db'] as const

/** Which files there were of those that a phone writes anew, by what tells one from the next; null for one that is not there. */
export type ListMarks = Readonly<Record<(typeof writtenAnew)[number], string | null>>

/** The marks of the lists in a backup, from before or after the phone was at work. */
export async function listMarks(tree: string): Promise<ListMarks> {
  const markOf = async (name: string): Promise<string | null> => {
    const status = await statusOf(join(tree, name))
    return status === null ? null : `${status.ino} ${status.mtimeMs} ${status.size}`
  }
  const [status, plist, database] = await Promise.all(writtenAnew.map(markOf))
  return {
    'Status.plist': status ?? null,
    'Manifest.plist': plist ?? null,
    'Manifest.db': database ?? null,
  }
}

/**
 * Whether what was received is a whole backup: the phone has written anew that it finished and what its files are, these are some, and
 * every one is there. The list of an encrypted backup cannot be read without the password: of that the files are there that were `expected`.
 *
 * @throws HoldfastError `DEVICE_BACKUP_INCOMPLETE`; as {@link checkWholeness}.
 */
export async function requireWhole(
  tree: string,
  served: Served,
  {
    marksBefore,
    expected,
    ...options
  }: {
    readonly signal: AbortSignal
    readonly scratch: string
    readonly openSqlite?: OpenSqlite
    /** {@link listMarks} before the phone began. */
    readonly marksBefore: ListMarks
    /** What must be there, whatever the list says; undefined where it is not known. */
    readonly expected?: ExpectedFiles | undefined
  },
): Promise<void> {
  const { wholeness, reasons, files, encrypted } = await checkWholeness(tree, options).catch(
    (error: unknown) => {
      if (isHoldfastError(error) && error.code === 'BACKUP_INVALID')
        return { wholeness: 'torn', reasons: ['There is nothing in it.'], files: null, encrypted: false }
      throw error
    },
  )
  // What is whole may be the backup from before, of which little or nothing was made new.
  const marks = await listMarks(tree)
  const stale = writtenAnew.filter((name) => marks[name] === marksBefore[name])
  const lacking = (await expected?.lackingIn(tree, options.signal)) ?? 0
  const problems = [
    ...(wholeness === 'complete' ? [] : reasons),
    ...(stale.length === 0 ? [] : [`It sent nothing new of ${stale.join(', ')}.`]),
    ...(files === 0 ? ['Its list names no file.'] : []),
    ...(encrypted && files === null && !(await isOfBlocks(join(tree, 'Manifest.db')))
      ? ['Its list is not encrypted as a whole.']
      : []),
    ...(lacking === 0 ? [] : [`Not there, or not as they were sent: ${lacking} files.`]),
  ]
  if (wholeness === 'complete' && problems.length === 0) return
  const { count, words } = served.remoteFailures
  throw new HoldfastError(
    'DEVICE_BACKUP_INCOMPLETE',
    `The iPhone said that the backup is finished, and it is not whole: ${problems.join(' ')}`,
    {
      hint: 'Retry: everything that is missing is asked for again. The previous backup is as it was.',
      facts: { wholeness, filesNotSent: count, words: words === null ? null : said(words) },
    },
  )
}

/** Whether a file can be encrypted: some blocks of AES, and none in part. */
async function isOfBlocks(path: string): Promise<boolean> {
  const size = (await statusOf(path))?.size ?? 0
  return size > 0 && size % 16 === 0
}

/** The error for what the file system of this computer refuses. */
export function localError(
  { error, bytesLeft }: { readonly error: unknown; readonly bytesLeft: number },
  folder: string,
  deviceCode: number | null = null,
): HoldfastError {
  if (isHoldfastError(error)) return error
  const systemCode = systemCodeOf(error) ?? 'unknown'
  const goesOn =
    error instanceof NotDurable
      ? 'the iPhone sends again what is not in the previous backup, which is as it was.'
      : 'the iPhone goes on with what is there. The previous backup is as it was.'
  if (isFullCode(systemCode)) {
    return diskFull('There is no room for the backup on this computer', {
      hint: `Free some space on the volume of the backups, then retry: ${goesOn}`,
      systemCode,
      cause: error,
      path: folder,
      // More follows mostly, of which nobody knows yet.
      bytesNeeded: Math.max(bytesLeft, 2 ** 20),
    })
  }
  return new HoldfastError('DESTINATION_UNWRITABLE', `The backup cannot be written (${systemCode})`, {
    hint: `Check the disk on which the backups lie and that you may write there, then retry: ${goesOn}`,
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
