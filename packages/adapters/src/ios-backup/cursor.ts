import { HoldfastError } from '@holdfast/core'
import type { Cursor } from '@holdfast/core/import'
import type { Position } from './record-table.js'

/** Kinds of records, in the order in which a backup is read. */
export const recordKinds = ['contacts', 'chats', 'messages', 'attachments'] as const

/** One of {@link recordKinds}. */
export type RecordKind = (typeof recordKinds)[number]

/** A place between two records. */
export interface Place {
  readonly kind: RecordKind
  /** Row ids of the record before; null at the beginning. */
  readonly position: Position | null
}

/** The cursor behind a record: `{ after: <kind>, rows: <row ids> }`. It means the same in every process. */
export function cursorAt(kind: RecordKind, position: Position): Cursor {
  return { after: kind, rows: position }
}

/**
 * Reads a cursor.
 *
 * @throws HoldfastError `OPTION_INVALID` when it is none of this reader.
 */
export function readCursor(cursor: Cursor | null): Place {
  if (cursor === null) return { kind: recordKinds[0], position: null }
  if (typeof cursor === 'object' && 'after' in cursor && 'rows' in cursor) {
    const { after, rows } = cursor
    const kind = recordKinds.find((each) => each === after)
    if (
      kind !== undefined &&
      Array.isArray(rows) &&
      rows.length > 0 &&
      rows.every((row) => Number.isSafeInteger(row))
    ) {
      return { kind, position: rows.map(Number) }
    }
  }
  throw new HoldfastError('OPTION_INVALID', 'The cursor is not one of an iPhone backup', {
    hint: 'Read the backup from its beginning.',
    retryable: false,
  })
}
