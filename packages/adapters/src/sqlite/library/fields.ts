/** What the library's columns hold. */
export type SqlValue = string | number | null

/** A row as the driver gives it. */
export type Row = Readonly<Record<string, SqlValue>>

/** A column holds what no write of the library puts there. */
export class RowUnreadable extends Error {
  constructor(column: string, must: string) {
    super(`Column ${column} is not ${must}`)
  }
}

/** The driver's row; null where it found none. */
export function asRow(value: unknown): Row | null {
  // A driver gives an object by column name; the library binds and declares text and numbers only, and each field is checked when read.
  return value === undefined ? null : (value as Row)
}

/** The driver's rows. */
export function asRows(values: unknown[]): readonly Row[] {
  // As for one row.
  return values as Row[]
}

/** A text column. */
export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new RowUnreadable(column, 'text')
  return value
}

/** A text column that may be null. */
export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

/**
 * A text column that holds one of a closed list. The list is not looked up: the row's hash says whether the word is the one
 * that was written, and a word of a newer version must come through as it is.
 */
export function word<Word extends string>(row: Row, column: string): Word {
  return text(row, column) as Word
}

/** A number column. */
export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new RowUnreadable(column, 'a number')
  return value
}

/** A number column that may be null. */
export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : number(row, column)
}

/** A column that holds 0 or 1. */
export function flag(row: Row, column: string): boolean {
  return number(row, column) !== 0
}

/** A text column that holds a JSON list, null for the empty one. What is in it, the row's hash vouches for. */
export function list<Item>(row: Row, column: string): readonly Item[] {
  const held = textOrNull(row, column)
  if (held === null) return []
  try {
    const parsed: unknown = JSON.parse(held)
    // Items are what the record held when the row was written; its hash tells whether they still are.
    if (Array.isArray(parsed)) return parsed as Item[]
  } catch {
    // Told below, as any other unreadable column.
  }
  throw new RowUnreadable(column, 'a JSON list')
}

/** A text column that holds a JSON object, or null. What is in it, the row's hash vouches for. */
export function objectOrNull<Held extends object>(row: Row, column: string): Held | null {
  const held = textOrNull(row, column)
  if (held === null) return null
  try {
    const parsed: unknown = JSON.parse(held)
    // As for the items of a list.
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Held
  } catch {
    // Told below, as any other unreadable column.
  }
  throw new RowUnreadable(column, 'a JSON object')
}
