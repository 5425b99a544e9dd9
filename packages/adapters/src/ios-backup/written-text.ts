import { DecodeFailure } from '../decoding/decoding.js'
import type { SqlValue } from './database/backup-database.js'
import { textOf } from './record-table.js'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Text that stores of Core Data write as text or, in the same column, as its UTF-8 bytes (`ZCALLRECORD.ZADDRESS`, all names of
 * ContactsV2.sqlite). Null when it is NULL or empty. Throws `DecodeFailure` for bytes that are no text.
 */
export function writtenText(value: SqlValue): string | null {
  if (!(value instanceof Uint8Array)) return textOf(value)
  try {
    const text = utf8.decode(value)
    return text === '' ? null : text
  } catch {
    throw new DecodeFailure('A column that should hold text holds other bytes.')
  }
}
