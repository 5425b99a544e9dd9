import type { UnreadableRecord } from '@holdfast/core/import'
import { type Row, type SqlValue, text, word } from '../fields.js'
import type { RowShape } from './row-shape.js'

/** Rows of the source that could not be decoded: each import tells its own, so none is compared with another. */
export const unreadableShape: RowShape = {
  type: 'unreadable',
  table: 'unreadable_rows',
  columns: ['kind', 'source_table', 'source_row', 'problem'],
  identity: [],
  parts: null,
}

/** Values of an unreadable row, in the order of the columns. */
export function unreadableValues(record: UnreadableRecord): readonly SqlValue[] {
  return [record.of, record.table, record.row, record.problem]
}

/** What a row tells of an unreadable one. Throws RowUnreadable. */
export function unreadableRecord(row: Row): UnreadableRecord {
  const of = word<UnreadableRecord['of']>(row, 'kind')
  const table = text(row, 'source_table')
  const sourceRow = text(row, 'source_row')
  return {
    type: 'unreadable',
    key: `${of}:${table}:${sourceRow}`,
    of,
    table,
    row: sourceRow,
    problem: text(row, 'problem'),
  }
}
