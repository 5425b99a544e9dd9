import { HoldfastError } from '@holdfast/core'
import type { BackupPartName } from '@holdfast/core/import'
import type { Page, Position } from '../record-table.js'
import type { PartTable } from './backup-part.js'

/** A table that was counted when the backup was opened. */
export interface CountedTable extends PartTable {
  readonly part: BackupPartName
  readonly total: number
}

const damageCodes = {
  contacts: 'CONTACTS_DAMAGED',
  messages: 'MESSAGES_DAMAGED',
  calls: 'CALLS_DAMAGED',
  voicemail: 'VOICEMAIL_DAMAGED',
  whatsapp: 'WHATSAPP_DAMAGED',
} as const

/**
 * One pass over a table, page by page. A database that contradicts itself (a column that calls itself `rowid`, an index that leads
 * elsewhere) could make the pass go in circles, or leave rows out that were counted: both are told as damage, not believed.
 */
export class TablePass {
  readonly #table: CountedTable
  #last: Position | null
  /** Null where the pass began behind some records. */
  #read: number | null

  constructor(table: CountedTable, after: Position | null) {
    this.#table = table
    this.#last = after
    this.#read = after === null ? 0 : null
  }

  /** Takes the next page. @throws HoldfastError the damage code of the part. */
  take(page: Page): void {
    if (!isBehind(page.position, this.#last)) throw this.#contradiction('its rows are out of order')
    this.#last = page.position
    if (this.#read !== null) this.#read += page.records.length
  }

  /** There are no more pages. @throws HoldfastError the damage code of the part. */
  end(): void {
    const { total } = this.#table
    if (this.#read === null || this.#read === total) return
    throw this.#contradiction(`of ${total} records that it counts, ${this.#read} can be read`)
  }

  #contradiction(found: string): HoldfastError {
    const { part, name } = this.#table
    return new HoldfastError(damageCodes[part], `A table of the backup (${name}) is damaged: ${found}`, {
      hint: 'Make a new backup of the phone; this one was changed, or lies on a failing disk.',
      retryable: false,
      facts: { table: name },
    })
  }
}

/** Whether a position is one, and lies behind another. */
function isBehind(position: Position, before: Position | null): boolean {
  if (position.length === 0 || !position.every((row) => Number.isSafeInteger(row))) return false
  if (before === null) return true
  const index = position.findIndex((row, at) => row !== before[at])
  return index !== -1 && (position[index] ?? 0) > (before[index] ?? Number.NEGATIVE_INFINITY)
}
