import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { openJoinTable } from '../database/join-table.js'

/** Handles by call, for calls in a range of row ids, in the order of the handles' rows. */
export type ParticipantsOf = (first: number, last: number) => ReadonlyMap<number, readonly SqlValue[]>

/**
 * Opens the table that joins calls and handles. Core Data names such a table, and its two columns, after the numbers of the two
 * entities (`Z_2REMOTEPARTICIPANTHANDLES` with `Z_2REMOTEPARTICIPANTCALLS` and `Z_4REMOTEPARTICIPANTHANDLES`), and a new version of
 * the store may number its entities anew: so they are found by what is behind the numbers.
 */
export function openParticipants(database: BackupDatabase): ParticipantsOf {
  const none: ParticipantsOf = () => new Map()
  const handles = database.columns('ZHANDLE')
  if (handles === null) return none
  const value = ['zvalue', 'znormalizedvalue'].filter((name) => handles.has(name))
  const table = joinTableName(database)
  const columns = [...((table === null ? null : database.columns(table)) ?? [])]
  const handle = columns.find((name) => /^z_\d+remoteparticipanthandles\d*$/.test(name))
  const call = columns.find(
    (name) => name !== handle && /^z_\d+\w*calls\d*$|^z_\d+callrecords\d*$/.test(name),
  )
  if (table === null || handle === undefined || call === undefined || value.length === 0) return none
  const join = openJoinTable(database, table, call, handle)
  if (join === null) return none
  const select = database.guard(() =>
    database.prepare(`SELECT j.${join.by} AS call, coalesce(${value.map((name) => `h.${name}`).join(', ')}, NULL) AS value
      FROM ${join.from} j JOIN ZHANDLE h ON h.ROWID = j.${join.other}
      WHERE j.${join.by} BETWEEN ? AND ? ORDER BY j.${join.by}, h.ROWID`),
  )
  return (first, last) => {
    const participants = new Map<number, SqlValue[]>()
    const found = database.guard(() => rows<{ call: number; value: SqlValue }>(select.all(first, last)))
    for (const row of found) {
      const known = participants.get(row.call)
      if (known === undefined) participants.set(row.call, [row.value])
      else known.push(row.value)
    }
    return participants
  }
}

function joinTableName(database: BackupDatabase): string | null {
  const tables = database.guard(() =>
    rows<{ name: string }>(
      database
        .prepare(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name LIKE 'Z\\_%REMOTEPARTICIPANTHANDLES' ESCAPE '\\'",
        )
        .all(),
    ),
  )
  return tables.find(({ name }) => /^z_\d+remoteparticipanthandles$/i.test(name))?.name ?? null
}
