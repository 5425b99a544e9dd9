import { HoldfastError } from '@holdfast/core'
import { freeBytes } from './free-bytes.js'

/** Room without which trying again is no use: some pages of a database and of its log. */
const leastBytes = 2 ** 20

const fullCodes = new Set(['ENOSPC', 'EDQUOT'])

/** Whether the file system refused a call because the volume, or the user's share of it, is full. */
export function isFullCode(systemCode: string | null): boolean {
  return systemCode !== null && fullCodes.has(systemCode)
}

/** What is known of a write that found no room. */
export interface NoRoom {
  readonly hint: string
  readonly systemCode: string
  readonly cause: unknown
  /** What was written, or a folder on its volume; null for a database in memory. */
  readonly path: string | null
  /** @default a megabyte: one write says nothing of all those that follow */
  readonly bytesNeeded?: number
}

/** `DISK_FULL`, with `path`, `bytesNeeded` and `bytesFree` as facts. */
export function diskFull(
  message: string,
  { hint, systemCode, cause, path, bytesNeeded = leastBytes }: NoRoom,
): HoldfastError {
  return new HoldfastError('DISK_FULL', message, {
    hint,
    cause,
    facts: { systemCode, path, bytesNeeded, bytesFree: path === null ? null : freeBytes(path) },
  })
}
