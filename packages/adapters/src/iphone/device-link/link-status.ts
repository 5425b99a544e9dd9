import { systemCodeOf } from '@holdfast/core'

/** What a host answers to a command that it could not carry out. Phones tell a full disk and a missing file by them. */
const codes: Readonly<Record<string, number>> = {
  ENOENT: -6,
  EEXIST: -7,
  ENOTDIR: -8,
  EISDIR: -9,
  ELOOP: -10,
  EIO: -11,
  ENOSPC: -15,
  // To a phone a quota that is used up is a disk that is full.
  EDQUOT: -15,
}

/** Some of the paths of a command failed; which ones stands in the payload. */
export const multiStatus = -13

/** The status for an error of the file system; -1 where there is none of its own. */
export function statusOfError(error: unknown): number {
  return codes[systemCodeOf(error) ?? ''] ?? -1
}
