import { realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { HoldfastError } from '@holdfast/core'

/** Ids of phones; anything else could be a path. */
const udidPattern = /^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{8}-[0-9a-fA-F]{16})$/

/** Where the backup of a phone lies, and what lies beside it while one is made. All are in one folder, and so on one volume. */
export interface BackupPlaces {
  /** The folder of the host in which the backups of all phones lie. */
  readonly folder: string
  /** The backup: `<folder>/<udid>`, as all programs for iPhones have it. */
  readonly backup: string
  /** A working folder that is being filled with links to the old backup, and not of use before. */
  readonly preparing: string
  /** The working folder: `backup/` is the backup that is made, `incoming/` holds files that are not whole. */
  readonly making: string
  /** The working folder of a backup that is whole and durable, and only has to take the old one's place. */
  readonly made: string
  /** The old backup, whose place was taken; it is removed. */
  readonly replaced: string
  /** A backup that the run which made it takes back; it is removed. */
  readonly discarded: string
}

/**
 * The places for a phone in a folder, which need not exist yet.
 *
 * @throws HoldfastError `OPTION_INVALID` when the id is none of a phone.
 */
export function backupPlaces(folder: string, udid: string): BackupPlaces {
  if (!udidPattern.test(udid)) {
    throw new HoldfastError('OPTION_INVALID', 'This is not the id of an iPhone', {
      hint: 'It has 40 hexadecimal digits, or 8 and 16 with a dash between.',
      retryable: false,
    })
  }
  const real = realPath(folder)
  const beside = (what: string): string => join(real, `.${udid}.holdfast-${what}`)
  return {
    folder: real,
    backup: join(real, udid),
    preparing: beside('preparing'),
    making: beside('making'),
    made: beside('made'),
    replaced: beside('replaced'),
    discarded: beside('discarded'),
  }
}

/** The real path, so that two names of one folder are one; the absolute one where nothing is there yet. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return resolve(path)
  }
}
