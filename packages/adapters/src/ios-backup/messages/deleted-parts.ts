import type { DeletedPart } from '@holdfast/core/import'
import { KeyedArchive } from '../../plist/keyed-archive.js'
import { type BackupDatabase, positional, type SqlValue } from '../database/backup-database.js'
import { unixMillisSql, wholeMillis } from '../database/cocoa-time.js'
import { bytesOf, columnOrNull, numberOf } from '../record-table.js'
import { decodeAttributedText } from './typedstream.js'

/** Parts in “Recently Deleted” of a range of messages, by the message's row id; each list in the order of the parts. */
export type DeletedPartsOf = (first: number, last: number) => ReadonlyMap<number, readonly DeletedPart[]>

const none: ReadonlyMap<number, readonly DeletedPart[]> = new Map()

/**
 * Opens `recoverable_message_part` (iOS 16 and newer): what was deleted of messages that stay. A part may be there once for each chat of
 * its message, and counts once.
 */
export function openDeletedPartsOf(database: BackupDatabase): DeletedPartsOf {
  const columns = database.columns('recoverable_message_part')
  if (columns === null || !columns.has('message_id') || !columns.has('part_index')) return () => none
  // A table with nothing in it, as nearly everywhere, is not asked again.
  const isEmpty = database.guard(
    () => database.prepare('SELECT 1 FROM recoverable_message_part LIMIT 1').get() === undefined,
  )
  if (isEmpty) return () => none
  const deletedAt = columns.has('delete_date') ? unixMillisSql('delete_date') : 'NULL'
  database.guard(() => {
    // The phone has no index for this question, and parts are few: without one, every batch would scan them all.
    database
      .prepare(
        'CREATE TEMP TABLE deleted_parts (message INTEGER, part INTEGER, deletedAt, text, PRIMARY KEY (message, part)) WITHOUT ROWID',
      )
      .run()
    database
      .prepare(
        `INSERT OR IGNORE INTO temp.deleted_parts
          SELECT message_id, part_index, ${deletedAt}, ${columnOrNull(columns, 'recoverable_message_part', 'part_text')}
          FROM main.recoverable_message_part WHERE typeof(message_id) = 'integer' AND typeof(part_index) = 'integer'`,
      )
      .run()
  })
  const select = database.guard(() =>
    positional<readonly [message: number, part: number, deletedAt: SqlValue, text: SqlValue]>(
      database.prepare(
        'SELECT message, part, deletedAt, text FROM temp.deleted_parts WHERE message BETWEEN ? AND ? ORDER BY message, part',
      ),
    ),
  )
  return (first, last) => {
    const parts = new Map<number, DeletedPart[]>()
    for (const [message, part, date, text] of database.guard(() => select(first, last))) {
      const known = parts.get(message) ?? []
      const millis = numberOf(date)
      const bytes = bytesOf(text)
      known.push({
        part,
        deletedAt: millis === null ? null : wholeMillis(millis),
        text: bytes === null ? null : partText(bytes),
      })
      parts.set(message, known)
    }
    return parts
  }
}

/** The text of a part: an attributed string, as a typedstream or as a keyed archive. */
function partText(bytes: Uint8Array): string | null {
  const stream = decodeAttributedText(bytes)
  if (stream.ok) return stream.value === '' ? null : stream.value
  const archive = KeyedArchive.open(bytes)
  return archive.ok ? archive.value.text(archive.value.root) : null
}
