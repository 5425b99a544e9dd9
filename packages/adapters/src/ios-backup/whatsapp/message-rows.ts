import { type BackupDatabase, positional, type SqlValue } from '../database/backup-database.js'
import { unixMillisSql } from '../database/cocoa-time.js'
import { columnOrNull } from '../record-table.js'

/** A row of `ZWAMESSAGE` with its sender in a group and its media item. `sentAt` is in unix milliseconds. */
export type MessageRow = readonly [
  id: number,
  chat: SqlValue,
  stanza: SqlValue,
  isFromMe: SqlValue,
  type: SqlValue,
  sentAt: SqlValue,
  fromJid: SqlValue,
  memberJid: SqlValue,
  text: SqlValue,
  mediaTitle: SqlValue,
  cardName: SqlValue,
  latitude: SqlValue,
  longitude: SqlValue,
  metadata: SqlValue,
]

/** Gives at most `limit` messages behind a row id. Throws what the driver throws. */
export function selectMessages(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
): (after: number, limit: number) => readonly MessageRow[] {
  const members = columns.has('zgroupmember') ? database.columns('ZWAGROUPMEMBER') : null
  const media = columns.has('zmediaitem') ? database.columns('ZWAMEDIAITEM') : null
  const column = (name: string) => columnOrNull(columns, 'm', name)
  const ofMedia = (name: string) => columnOrNull(media ?? new Set(), 'd', name)
  return positional<MessageRow>(
    database.prepare(`SELECT m.ROWID AS id, ${column('ZCHATSESSION')}, ${column('ZSTANZAID')}, ${column('ZISFROMME')},
      ${column('ZMESSAGETYPE')}, ${columns.has('zmessagedate') ? unixMillisSql('m.ZMESSAGEDATE') : 'NULL'} AS sentAt,
      ${column('ZFROMJID')}, ${columnOrNull(members ?? new Set(), 'g', 'ZMEMBERJID')}, ${column('ZTEXT')},
      ${ofMedia('ZTITLE')}, ${ofMedia('ZVCARDNAME')}, ${ofMedia('ZLATITUDE')}, ${ofMedia('ZLONGITUDE')}, ${ofMedia('ZMETADATA')}
      FROM ZWAMESSAGE m ${members === null ? '' : 'LEFT JOIN ZWAGROUPMEMBER g ON g.ROWID = m.ZGROUPMEMBER'}
      ${media === null ? '' : 'LEFT JOIN ZWAMEDIAITEM d ON d.ROWID = m.ZMEDIAITEM'}
      WHERE m.ROWID > ? ORDER BY m.ROWID LIMIT ?`),
  )
}
