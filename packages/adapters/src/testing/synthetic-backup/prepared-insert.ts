import type { SqliteStatement } from '../../sqlite/driver.js'
import type { MessageTable } from './messages/message-columns.js'
import type { MessageSchema } from './messages/message-schema.js'

/** What a column gets. */
type ColumnValue = string | number | bigint | null | Uint8Array

/**
 * Prepares an INSERT for those of the columns that the generation has, the others keeping their defaults, and returns what runs
 * it for a row.
 */
export function preparedInsert<Row>(
  prepare: (sql: string) => SqliteStatement,
  table: MessageTable,
  schema: MessageSchema,
  values: Readonly<Record<string, (row: Row) => ColumnValue>>,
): (row: Row) => void {
  const columns = Object.keys(values).filter((column) => schema.has(table, column))
  const getters = Object.entries(values)
    .filter(([column]) => schema.has(table, column))
    .map(([, value]) => value)
  const marks = columns.map(() => '?').join(', ')
  const statement = prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`)
  return (row) => {
    statement.run(...getters.map((value) => value(row)))
  }
}
