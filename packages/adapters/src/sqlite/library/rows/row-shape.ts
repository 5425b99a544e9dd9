import { hash } from 'node:crypto'
import type { ImportRecord } from '@holdfast/core/import'
import type { Row, SqlValue } from '../fields.js'

/** Where the records of one type live. */
export interface RowShape {
  readonly type: ImportRecord['type']
  /** Table of versions. */
  readonly table: string
  /** Columns that hold the record, in the order of {@link RecordRow.values}. New ones go to the end, or every hash changes. */
  readonly columns: readonly string[]
  /** Columns that, beside the owner, tell a record from others of its type; none where every row stands for itself. */
  readonly identity: readonly string[]
  /** The table of its parts, in order; null where it has none. */
  readonly parts: {
    readonly table: string
    /** Column with the row of the record. */
    readonly parent: string
    readonly columns: readonly string[]
    /** How many of the columns version 1 had: null in a later one is left out of the text of a row. @default all */
    readonly ofVersion1?: number
  } | null
}

/** Values of the parts of a record, in the order of the source. */
export type Parts = readonly (readonly SqlValue[])[]

/** A record as rows. */
export interface RecordRow {
  readonly shape: RowShape
  readonly values: readonly SqlValue[]
  readonly parts: Parts
}

/**
 * Text that is equal for equal rows and differs for all others. Trailing nulls are left out, so that a column which a later
 * version adds does not change the text of the rows that have nothing in it.
 */
export function rowText(row: RecordRow): string {
  let length = row.values.length
  while (length > 0 && row.values[length - 1] === null) length--
  return JSON.stringify([row.values.slice(0, length), textParts(row)])
}

function textParts({ shape, parts }: RecordRow): Parts {
  const first = shape.parts?.ofVersion1
  if (first === undefined) return parts
  return parts.map((values) => {
    let length = values.length
    while (length > first && values[length - 1] === null) length--
    return values.slice(0, length)
  })
}

/** SHA-256 of a row's text, base64url: the shortest text that a column can hold and a driver gives back without a buffer. */
export function rowHash(text: string): string {
  return hash('sha256', text, 'base64url')
}

/**
 * What column `exact` holds for a row with this text. JavaScript strings may hold half a surrogate pair (text cut in the middle
 * of an emoji), which UTF-8 cannot: the columns then show U+FFFD, and this text, in which JSON escapes them, gives the record back.
 */
export function exactText(text: string): string | null {
  return /\\ud[89a-f]/.test(text) ? text : null
}

/** The row whose columns are this JSON list; columns that it does not have are null. */
export function rowOf(shape: RowShape, columns: string, parts: Parts): RecordRow {
  // What SQLite's json_array, or rowText, makes of columns.
  const values = JSON.parse(columns) as SqlValue[]
  while (values.length < shape.columns.length) values.push(null)
  return { shape, values, parts }
}

/** The row whose text this is. */
export function parseRowText(shape: RowShape, text: string): RecordRow {
  // Whoever reads a text compares it with the columns first, so that it is one that rowText made.
  const [values, parts] = JSON.parse(text) as [SqlValue[], Parts]
  const columns = shape.parts?.columns ?? []
  const whole = parts.map((part) => columns.map((_, index) => part[index] ?? null))
  return rowOf(shape, JSON.stringify(values), whole)
}

/** The columns of a row by name. */
export function namedColumns({ shape, values }: RecordRow): Row {
  // Names that are added one by one make a dictionary, ten times as slow to fill and to read as a copy of an object that has them all.
  const named = { ...columnsOf(shape) }
  for (let index = 0; index < shape.columns.length; index++) {
    const column = shape.columns[index]
    if (column !== undefined) named[column] = values[index] ?? null
  }
  return named
}

const noColumns = new WeakMap<RowShape, Record<string, SqlValue>>()

/** An object with all columns of a shape, null each. */
function columnsOf(shape: RowShape): Record<string, SqlValue> {
  let known = noColumns.get(shape)
  if (known === undefined) {
    // Parsed, because only so V8 lays an object of many properties out as one that was written down.
    known = JSON.parse(`{${shape.columns.map((column) => `${JSON.stringify(column)}:null`).join()}}`)
    noColumns.set(shape, known ?? {})
  }
  return known ?? {}
}

/**
 * A value as UTF-8 can hold it: halves of surrogate pairs become U+FFFD. Left to itself a driver writes them as bytes that are
 * no UTF-8, over which other programs that read the library stumble.
 */
export function storable<Value>(value: Value): Value | string {
  return typeof value === 'string' && /[\ud800-\udfff]/.test(value) ? Buffer.from(value).toString() : value
}

/** The text of the columns of a row whose exact text this is. */
export function storedText(text: string): string {
  return JSON.stringify(JSON.parse(text), (_, value: unknown) => storable(value))
}
