import { HoldfastError, type OptionRule } from '@holdfast/core'
import { type BackupPartName, backupParts } from '@holdfast/core/import'
import type { BackupPart } from './backup-part.js'

/** The rule of the option `parts`. */
export const partsRule: OptionRule = {
  must: 'be an array of parts, such as [messages(), contacts()], none of them twice',
  test: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(isPart) &&
    new Set(value.map((part: BackupPart) => part.name)).size === value.length,
}

/**
 * Parts in the order in which they are read, whatever the order in which a host names them: a cursor must mean the same when the host
 * is started again.
 */
export function inReadingOrder(parts: readonly BackupPart[]): readonly BackupPart[] {
  return [...parts].sort((a, b) => backupParts.indexOf(a.name) - backupParts.indexOf(b.name))
}

/**
 * Those of a reader's parts that a run is to read; all where it names none.
 *
 * @throws HoldfastError `OPTION_INVALID` when it names one that the reader does not read.
 */
export function partsNamed(
  parts: readonly BackupPart[],
  names: readonly BackupPartName[] | undefined,
): readonly BackupPart[] {
  if (names === undefined) return parts
  const unread = names.find((name) => !parts.some((part) => part.name === name))
  if (unread === undefined) return parts.filter((part) => names.includes(part.name))
  throw new HoldfastError(
    'OPTION_INVALID',
    `The reader of backups is not made to read the part '${unread}'`,
    {
      hint: `Start the import with some of: ${parts.map(({ name }) => name).join(', ')}; or give iosBackup() that part as well.`,
      retryable: false,
      facts: { part: unread },
    },
  )
}

function isPart(value: unknown): value is BackupPart {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    backupParts.some((name) => name === value.name) &&
    'open' in value &&
    typeof value.open === 'function'
  )
}
