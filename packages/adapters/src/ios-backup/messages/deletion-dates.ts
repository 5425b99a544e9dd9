import { type BackupDatabase, positional, type SqlValue } from '../database/backup-database.js'
import { unixMillisSql, wholeMillis } from '../database/cocoa-time.js'
import { numberOf } from '../record-table.js'

/** When messages of a range were put into “Recently Deleted”, by the message's row id, in unix milliseconds. */
export type DeletionDates = (first: number, last: number) => ReadonlyMap<number, number | null>

const none: ReadonlyMap<number, number | null> = new Map()

/** Opens the dates of `chat_recoverable_message_join`; of a message that was deleted from several chats, the last one. */
export function openDeletionDates(database: BackupDatabase): DeletionDates {
  const columns = database.columns('chat_recoverable_message_join')
  if (columns === null || !columns.has('message_id') || !columns.has('delete_date')) return () => none
  database.guard(() => {
    // The phone's index begins with the chat: without one for messages, every batch would scan all of them.
    database
      .prepare('CREATE TEMP TABLE deletion_dates (message INTEGER PRIMARY KEY, deletedAt) WITHOUT ROWID')
      .run()
    database
      .prepare(
        `INSERT INTO temp.deletion_dates SELECT message_id, max(${unixMillisSql('delete_date')})
          FROM main.chat_recoverable_message_join WHERE typeof(message_id) = 'integer' GROUP BY message_id`,
      )
      .run()
  })
  const select = database.guard(() =>
    positional<readonly [message: number, deletedAt: SqlValue]>(
      database.prepare('SELECT message, deletedAt FROM temp.deletion_dates WHERE message BETWEEN ? AND ?'),
    ),
  )
  return (first, last) => {
    const dates = new Map<number, number | null>()
    for (const [message, deletedAt] of database.guard(() => select(first, last))) {
      const millis = numberOf(deletedAt)
      dates.set(message, millis === null ? null : wholeMillis(millis))
    }
    return dates
  }
}
