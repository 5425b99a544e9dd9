import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { openJoinTable } from '../database/join-table.js'
import {
  columnOrNull,
  emptyTable,
  type RecordTable,
  recordOf,
  requiredText,
  rowsBehind,
  textOf,
} from '../record-table.js'

/** `chat.style` of a conversation of several; 45 is one with one other. */
const groupStyle = 43

interface ChatRow {
  readonly id: number
  readonly guid: SqlValue
  readonly style: SqlValue
  readonly identifier: SqlValue
  readonly displayName: SqlValue
  readonly service: SqlValue
}

/** The conversations of sms.db. */
export function openChats(database: BackupDatabase): RecordTable {
  const columns = database.columns('chat')
  if (columns === null || !columns.has('guid')) return emptyTable
  const select = database.guard(() =>
    database.prepare(`SELECT c.ROWID AS id, c.guid AS guid,
      ${columnOrNull(columns, 'c', 'style')},
      ${columnOrNull(columns, 'c', 'chat_identifier', 'identifier')},
      ${columnOrNull(columns, 'c', 'display_name', 'displayName')},
      ${columnOrNull(columns, 'c', 'service_name', 'service')}
      FROM chat c WHERE c.ROWID > ? ORDER BY c.ROWID LIMIT ?`),
  )
  const members = membersStatement(database)
  return {
    total: () => database.count('chat'),
    page(after, limit) {
      const page = rowsBehind<ChatRow>(database, select, after, limit)
      if (page === null) return null
      const handles = database.guard(() => membersOf(members, page.first, page.last))
      return {
        position: [page.last],
        records: page.found.map((row) =>
          recordOf('chat', 'chat', row.id, () => {
            const guid = requiredText(row.guid, 'guid')
            return {
              type: 'chat',
              key: guid,
              guid,
              identifier: textOf(row.identifier),
              displayName: textOf(row.displayName),
              isGroup: row.style === groupStyle,
              service: textOf(row.service),
              members: [...(handles.get(row.id) ?? [])].sort(),
            }
          }),
        ),
      }
    },
  }
}

function membersStatement(database: BackupDatabase): SqliteStatement | null {
  const join = openJoinTable(database, 'chat_handle_join', 'chat_id', 'handle_id')
  const columns = database.columns('handle')
  if (join === null || columns === null || !columns.has('id')) return null
  return database.guard(() =>
    database.prepare(`SELECT j.${join.by} AS chat, h.id AS handle FROM ${join.from} j JOIN handle h ON h.ROWID = j.${join.other}
      WHERE j.${join.by} BETWEEN ? AND ?`),
  )
}

/** Handles by chat; one person may be there once per service under the same number, and counts once. */
function membersOf(statement: SqliteStatement | null, first: number, last: number): Map<number, Set<string>> {
  const members = new Map<number, Set<string>>()
  if (statement === null) return members
  for (const row of rows<{ chat: number; handle: SqlValue }>(statement.all(first, last))) {
    if (typeof row.handle !== 'string' || row.handle === '') continue
    const known = members.get(row.chat)
    if (known === undefined) members.set(row.chat, new Set([row.handle]))
    else known.add(row.handle)
  }
  return members
}
