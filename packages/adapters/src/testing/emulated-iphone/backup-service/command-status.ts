import { isDict, isList, type PlistDict, type PlistValue, signed64 } from '../../../plist/plist-value.js'

/** What a host answered to a command. */
export interface CommandStatus {
  /** 0 for done, negative for an error. */
  readonly code: number
  readonly text: string
  readonly payload: PlistValue
}

/** Hosts answer that a file is missing, and that their disk is full, by these. */
export const hostStatus = { missing: -6, noSpace: -15, several: -13 } as const

/** A status, or null for what is none: it has a name, a code, a text and a payload. */
export function statusOf(message: PlistValue): CommandStatus | null {
  const [name, code, text, payload] = isList(message) ? message : []
  const number = signed64(code)
  if (!isList(message) || message.length !== 4 || name !== 'DLMessageStatusResponse') return null
  if (number === null || number > 0 || typeof text !== 'string' || payload === undefined) return null
  return { code: number, text, payload }
}

/** What is wrong with the payload of a status, for the command that it answers; null when nothing is. */
export function payloadProblem(command: string, { code, payload }: CommandStatus): string | null {
  switch (command) {
    case 'DLMessageGetFreeDiskSpace':
      return code !== 0 || isCount(payload) ? null : 'the free space is no number of bytes'
    case 'DLContentsOfDirectory':
      return code !== 0 || isListing(payload) ? null : 'the contents of a folder are no such list'
    case 'DLMessageDownloadFiles':
      if (code === 0) return null
      return code === hostStatus.several && isFailures(payload)
        ? null
        : 'files that failed are not told by their paths'
    default:
      return null
  }
}

/** A number of bytes as hosts say it; null when it is none. */
export function countOf(value: PlistValue): number | null {
  return isCount(value) ? Number(value) : null
}

function isCount(value: PlistValue | undefined): value is number | bigint {
  return (
    (typeof value === 'bigint' && value >= 0n) ||
    (typeof value === 'number' && Number.isInteger(value) && value >= 0)
  )
}

const fileTypes: ReadonlySet<unknown> = new Set(
  ['Regular', 'Directory', 'Unknown'].map((kind) => `DLFileType${kind}`),
)

function isListing(payload: PlistValue): payload is PlistDict {
  return (
    isDict(payload) &&
    [...payload.values()].every(
      (entry) =>
        isDict(entry) &&
        fileTypes.has(entry.get('DLFileType')) &&
        isCount(entry.get('DLFileSize')) &&
        entry.get('DLFileModificationDate') instanceof Date,
    )
  )
}

function isFailures(payload: PlistValue): boolean {
  return (
    isDict(payload) &&
    payload.size > 0 &&
    [...payload.values()].every(
      (entry) =>
        isDict(entry) &&
        typeof entry.get('DLFileErrorString') === 'string' &&
        signed64(entry.get('DLFileErrorCode')) !== null,
    )
  )
}
