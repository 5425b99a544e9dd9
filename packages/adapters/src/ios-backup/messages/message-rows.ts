import { type BackupDatabase, positional, type SqlValue } from '../database/backup-database.js'
import { unixMillisSql } from '../database/cocoa-time.js'
import { columnOrNull } from '../record-table.js'

/** A row of `message` with the sender's handle, as {@link selectMessages} lists its columns. Dates are unix milliseconds. */
export type MessageRow = readonly [
  id: number,
  guid: SqlValue,
  sender: SqlValue,
  isFromMe: SqlValue,
  sentAt: SqlValue,
  readAt: SqlValue,
  deliveredAt: SqlValue,
  editedAt: SqlValue,
  service: SqlValue,
  subject: SqlValue,
  text: SqlValue,
  body: SqlValue,
  summary: SqlValue,
  itemType: SqlValue,
  replyTo: SqlValue,
  effect: SqlValue,
  balloon: SqlValue,
  groupTitle: SqlValue,
  associatedType: SqlValue,
  associatedGuid: SqlValue,
  associatedEmoji: SqlValue,
  replyToPart: SqlValue,
  groupAction: SqlValue,
  shareStatus: SqlValue,
  /** Handle of whom an event concerns. */
  otherHandle: SqlValue,
  isAudio: SqlValue,
  isExpirable: SqlValue,
  expireState: SqlValue,
  payload: SqlValue,
  scheduleType: SqlValue,
]

/** Gives at most `limit` messages behind a row id. Throws what the driver throws. */
export function selectMessages(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
): (after: number, limit: number) => readonly MessageRow[] {
  const handles = columns.has('handle_id') && database.columns('handle')?.has('id') === true
  const column = (name: string) => columnOrNull(columns, 'm', name)
  const date = (name: string) =>
    `${columns.has(name) ? unixMillisSql(`m.${name}`, `m.${name}`) : 'NULL'} AS ${name}`
  // Events are few, and so are balloons: what only they have is not looked up for the others.
  const otherHandle =
    columns.has('other_handle') && columns.has('item_type') && database.columns('handle')?.has('id') === true
      ? 'CASE WHEN m.item_type <> 0 THEN (SELECT o.id FROM handle o WHERE o.ROWID = m.other_handle) END'
      : 'NULL'
  const payload =
    columns.has('payload_data') && columns.has('balloon_bundle_id')
      ? "CASE WHEN m.balloon_bundle_id <> '' THEN m.payload_data END"
      : 'NULL'
  // Every column has a name of its own: a driver that gives objects would lose others.
  return positional<MessageRow>(
    database.prepare(`SELECT m.ROWID AS id, m.guid AS guid, ${handles ? 'h.id' : 'NULL'} AS sender, ${column('is_from_me')},
      ${date('date')}, ${date('date_read')}, ${date('date_delivered')}, ${date('date_edited')},
      ${column('service')}, ${column('subject')}, ${column('text')}, ${column('attributedBody')},
      ${column('message_summary_info')}, ${column('item_type')}, ${column('thread_originator_guid')},
      ${column('expressive_send_style_id')}, ${column('balloon_bundle_id')}, ${column('group_title')},
      ${column('associated_message_type')}, ${column('associated_message_guid')}, ${column('associated_message_emoji')},
      ${column('thread_originator_part')}, ${column('group_action_type')}, ${column('share_status')}, ${otherHandle} AS otherHandle,
      ${column('is_audio_message')}, ${column('is_expirable')}, ${column('expire_state')}, ${payload} AS payload,
      ${column('schedule_type')}
      FROM message m ${handles ? 'LEFT JOIN handle h ON h.ROWID = m.handle_id' : ''}
      WHERE m.ROWID > ? ORDER BY m.ROWID LIMIT ?`),
  )
}
