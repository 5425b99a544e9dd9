import { setImmediate } from 'node:timers/promises'
import type { BackupPartName, SourceTotals } from '@holdfast/core/import'
import type { BackupPart, OpenPart, PartSource, PartTable } from './backup-part.js'
import type { CountedTable } from './table-pass.js'

/** The parts of one backup, open, in reading order. */
export interface OpenParts {
  readonly parts: readonly OpenPart[]
  /** Their tables, named `<part>.<table>`. */
  readonly tables: readonly CountedTable[]
  readonly totals: SourceTotals
}

/**
 * Opens the parts one after the other, and counts their records. Walking every page of the tables, counting also finds the torn ones
 * before anything is stored.
 */
export async function openParts(
  parts: readonly BackupPart[],
  source: PartSource,
  signal: AbortSignal,
): Promise<OpenParts> {
  const opened: OpenPart[] = []
  const tables: (PartTable & { readonly part: BackupPartName })[] = []
  for (const part of parts) {
    signal.throwIfAborted()
    const open = await part.open(source)
    opened.push(open)
    tables.push(
      ...open.tables.map((each) => ({ ...each, part: part.name, name: `${part.name}.${each.name}` })),
    )
  }
  const totals = { contacts: 0, chats: 0, messages: 0, attachments: 0, calls: 0, voicemails: 0 }
  const counted: CountedTable[] = []
  for (const each of tables) {
    await setImmediate()
    signal.throwIfAborted()
    const total = await each.table.total()
    totals[each.counts] += total
    counted.push({ ...each, total })
  }
  return { parts: opened, tables: counted, totals }
}
