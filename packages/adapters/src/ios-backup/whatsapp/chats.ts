import type { ChatRecord } from '@holdfast/core/import'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { openJoinTable } from '../database/join-table.js'
import { columnOrNull, emptyTable, type RecordTable, recordOf, rowsBehind, textOf } from '../record-table.js'
import type { ChatGuids } from './chat-guids.js'
import { handleOfJid, isGroupJid, type PhoneByLid } from './jid.js'

/** What the conversations of a ChatStorage.sqlite are told with. */
export interface ChatContext {
  /** Name of the app. */
  readonly service: string
  /** Goes before the names of its tables: rows of two apps may have one number. */
  readonly prefix: string
  readonly chats: ChatGuids
  readonly phoneByLid: PhoneByLid
}

interface ChatRow {
  readonly id: number
  readonly jid: SqlValue
  readonly name: SqlValue
}

/** The conversations of ChatStorage.sqlite; with null for the columns of their table there are none. */
export function openChats(
  database: BackupDatabase,
  columns: ReadonlySet<string> | null,
  context: ChatContext,
): RecordTable {
  if (columns === null) return emptyTable
  const select = database.guard(() =>
    database.prepare(`SELECT c.ROWID AS id, ${columnOrNull(columns, 'c', 'ZCONTACTJID', 'jid')},
      ${columnOrNull(columns, 'c', 'ZPARTNERNAME', 'name')}
      FROM ZWACHATSESSION c WHERE c.ROWID > ? ORDER BY c.ROWID LIMIT ?`),
  )
  const membersOf = openMembers(database)
  return {
    total: () => database.count('ZWACHATSESSION'),
    page(after, limit) {
      const page = rowsBehind<ChatRow>(database, select, after, limit)
      if (page === null) return null
      const members = membersOf(page.first, page.last)
      return {
        position: [page.last],
        records: page.found.map((row) =>
          recordOf('chat', `${context.prefix}.ZWACHATSESSION`, row.id, () =>
            chatOf(row, members.get(row.id) ?? [], context),
          ),
        ),
      }
    },
  }
}

function chatOf(row: ChatRow, memberJids: readonly string[], context: ChatContext): ChatRecord {
  const { service, chats, phoneByLid } = context
  const guid = chats.name(row.id)?.guid
  if (guid === undefined) throw new Error('The row appeared after the backup was opened.')
  const jid = textOf(row.jid)
  const isGroup = jid !== null && isGroupJid(jid)
  const others = isGroup || jid === null ? memberJids : [jid]
  return {
    type: 'chat',
    key: guid,
    guid,
    identifier: jid === null ? null : handleOfJid(jid, phoneByLid),
    displayName: textOf(row.name),
    isGroup,
    service,
    members: [...new Set(others.map((other) => handleOfJid(other, phoneByLid)))].sort(),
  }
}

/** Addresses of members by conversation, in a range of row ids. Those who left stand in the table with `ZISACTIVE` 0. */
function openMembers(database: BackupDatabase): (first: number, last: number) => Map<number, string[]> {
  const columns = database.columns('ZWAGROUPMEMBER')
  const join = openJoinTable(database, 'ZWAGROUPMEMBER', 'zchatsession', 'z_pk')
  if (columns?.has('zmemberjid') !== true || join === null) return () => new Map()
  const select = database.guard(() =>
    database.prepare(`SELECT j.${join.by} AS chat, g.ZMEMBERJID AS jid FROM ${join.from} j
      JOIN ZWAGROUPMEMBER g ON g.ROWID = j.${join.other}
      WHERE j.${join.by} BETWEEN ? AND ? ${columns.has('zisactive') ? 'AND coalesce(g.ZISACTIVE, 1) <> 0' : ''}`),
  )
  return (first, last) => {
    const members = new Map<number, string[]>()
    const found = database.guard(() => rows<{ chat: number; jid: SqlValue }>(select.all(first, last)))
    for (const { chat, jid } of found) {
      if (typeof jid !== 'string' || jid === '') continue
      const known = members.get(chat)
      if (known === undefined) members.set(chat, [jid])
      else known.push(jid)
    }
    return members
  }
}
