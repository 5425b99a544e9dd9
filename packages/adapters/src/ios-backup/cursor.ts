import { HoldfastError } from '@holdfast/core'
import type { Cursor } from '@holdfast/core/import'
import type { Position } from './record-table.js'

/** A place between two records. */
export interface Place {
  /** Name of the table, `<part>.<table>`. */
  readonly table: string
  /** Row ids of the record before; null at the beginning of the table. */
  readonly position: Position | null
}

/** Names of tables in cursors from before parts could be chosen. */
const earlierNames: Readonly<Record<string, string>> = {
  contacts: 'contacts.contacts',
  chats: 'messages.chats',
  messages: 'messages.messages',
  attachments: 'messages.attachments',
}

/** The cursor behind a record: `{ after: '<part>.<table>', rows: <row ids> }`. It means the same in every process. */
export function cursorAt(table: string, position: Position): Cursor {
  return { after: table, rows: position }
}

/**
 * Reads a cursor; null where it stands at the very beginning.
 *
 * @throws HoldfastError `OPTION_INVALID` when it is none of this reader, or names a table that is not among `tables`.
 */
export function readCursor(cursor: Cursor | null, tables: readonly string[]): Place | null {
  if (cursor === null) return null
  if (typeof cursor === 'object' && 'after' in cursor && 'rows' in cursor) {
    const { after, rows } = cursor
    const named =
      typeof after === 'string' && Object.hasOwn(earlierNames, after) ? earlierNames[after] : after
    const table = tables.find((each) => each === named)
    if (
      table !== undefined &&
      Array.isArray(rows) &&
      rows.length > 0 &&
      rows.every((row) => Number.isSafeInteger(row))
    ) {
      return { table, position: rows.map(Number) }
    }
  }
  throw new HoldfastError(
    'OPTION_INVALID',
    'The cursor is not one of this iPhone backup and its chosen parts',
    {
      hint: 'Read the backup from its beginning.',
      retryable: false,
    },
  )
}
