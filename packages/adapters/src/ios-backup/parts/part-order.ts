import type { OptionRule } from '@holdfast/core'
import type { BackupPart, PartName } from './backup-part.js'

/**
 * The parts in the order in which they are read, whatever the order in which a host names them: a cursor must mean the same when the
 * host is started again.
 */
const partOrder: readonly PartName[] = ['contacts', 'messages', 'calls', 'voicemail', 'whatsapp']

/** The rule of the option `parts`. */
export const partsRule: OptionRule = {
  must: 'be an array of parts, such as [messages(), contacts()], none of them twice',
  test: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(isPart) &&
    new Set(value.map((part: BackupPart) => part.name)).size === value.length,
}

/** Parts in the order in which they are read. */
export function inReadingOrder(parts: readonly BackupPart[]): readonly BackupPart[] {
  return [...parts].sort((a, b) => partOrder.indexOf(a.name) - partOrder.indexOf(b.name))
}

function isPart(value: unknown): value is BackupPart {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    partOrder.some((name) => name === value.name) &&
    'open' in value &&
    typeof value.open === 'function'
  )
}
