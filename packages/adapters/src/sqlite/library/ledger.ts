import type { ImportRecord, ItemOutcome } from '@holdfast/core/import'
import type { SqlValue } from './fields.js'
import type { LibraryDatabase } from './library-database.js'

/** How an item of an import ended, and the row that holds it. */
export interface LedgerItem {
  readonly type: ImportRecord['type']
  /** As a column can hold it. */
  readonly key: string
  readonly outcome: ItemOutcome
  readonly reason: string | null
  readonly row: number
}

/** Items that one statement adds: calling a driver costs as much as adding an item does. */
const itemsAtOnce = 64

/** Adds items to the ledger of import `n`, the first of them as its item number `from`. */
export function addItems(db: LibraryDatabase, n: number, from: number, items: readonly LedgerItem[]): void {
  for (let first = 0; first < items.length; first += itemsAtOnce) {
    const some = items.slice(first, first + itemsAtOnce)
    const values: SqlValue[] = []
    for (const [index, { type, key, outcome, reason, row }] of some.entries()) {
      values.push(n, from + first + index, type, key, outcome, reason, row)
    }
    // A whole statement is prepared once; what is left at the end of a batch goes item by item.
    if (some.length === itemsAtOnce) db.run(insertMany, ...values)
    else
      for (let at = 0; at < values.length; at += columns) db.run(insertOne, ...values.slice(at, at + columns))
  }
}

const columns = 7
const insertOne = 'INSERT INTO import_items VALUES (?, ?, ?, ?, ?, ?, ?)'
const insertMany = `INSERT INTO import_items VALUES ${Array.from({ length: itemsAtOnce }, () => '(?, ?, ?, ?, ?, ?, ?)').join(', ')}`
