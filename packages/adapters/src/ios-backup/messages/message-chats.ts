import { type BackupDatabase, positional, type SqlValue } from '../database/backup-database.js'
import { openJoinTable } from '../database/join-table.js'

/** guids of the chats of a range of messages, by the message's row id; each list in the order of the chats' row ids. */
export type ChatsOf = (first: number, last: number) => ReadonlyMap<number, readonly string[]>

/**
 * Opens a table that files messages under chats: `chat_message_join`, or `chat_recoverable_message_join` for what was deleted
 * lately. Without that table no message has a chat.
 */
export function openChatsOf(database: BackupDatabase, table: string): ChatsOf {
  const join = openJoinTable(database, table, 'message_id', 'chat_id')
  if (join === null || database.columns('chat')?.has('guid') !== true) return () => new Map()
  const guids = guidsByChat(database)
  const select = database.guard(() =>
    positional<readonly [message: number, chat: number]>(
      database.prepare(`SELECT ${join.by}, ${join.other} FROM ${join.from}
        WHERE ${join.by} BETWEEN ? AND ? ORDER BY ${join.by}, ${join.other}`),
    ),
  )
  return (first, last) => {
    const chats = new Map<number, string[]>()
    for (const [message, chat] of database.guard(() => select(first, last))) {
      const guid = guids.get(chat)
      if (guid === undefined) continue
      const known = chats.get(message)
      if (known === undefined) chats.set(message, [guid])
      else known.push(guid)
    }
    return chats
  }
}

/** All chats: a few thousand where there are hundreds of thousands of messages. */
function guidsByChat(database: BackupDatabase): ReadonlyMap<number, string> {
  const guids = new Map<number, string>()
  const all = database.guard(() =>
    positional<readonly [id: number, guid: SqlValue]>(database.prepare('SELECT ROWID, guid FROM chat'))(),
  )
  for (const [id, guid] of all) if (typeof guid === 'string' && guid !== '') guids.set(id, guid)
  return guids
}
