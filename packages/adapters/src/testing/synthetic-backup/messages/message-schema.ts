import type { SchemaVersion } from '../folder/generations.js'
import { type Column, type MessageTable, messageColumns, messageTables } from './message-columns.js'

/** The schema of sms.db in one generation. */
export interface MessageSchema {
  readonly version: SchemaVersion
  has(table: MessageTable, column: string): boolean
  /** Statements to run before rows go in. */
  readonly tables: readonly string[]
  /** Statements to run when all rows are in: indexes, and the triggers, which would fire on rows that are put in. */
  readonly indexesAndTriggers: readonly string[]
}

/** What real declarations say behind the type; other INTEGER columns default to 0. */
const constraints: Readonly<Record<string, string>> = {
  'message.ROWID': 'PRIMARY KEY AUTOINCREMENT',
  'message.guid': 'UNIQUE NOT NULL',
  'message.date': '',
  'message.date_read': '',
  'message.date_delivered': '',
  'message.date_played': '',
  'message.date_retracted': '',
  'message.date_edited': '',
  'message.time_expressive_send_played': '',
  'message.part_count': '',
  'attachment.ROWID': 'PRIMARY KEY AUTOINCREMENT',
  'attachment.guid': 'UNIQUE NOT NULL',
  'attachment.original_guid': 'UNIQUE NOT NULL',
  'chat.ROWID': 'PRIMARY KEY AUTOINCREMENT',
  'chat.guid': 'UNIQUE NOT NULL',
  'chat.style': '',
  'chat.state': '',
  'handle.ROWID': 'PRIMARY KEY AUTOINCREMENT UNIQUE',
  'handle.id': 'NOT NULL',
  'handle.service': 'NOT NULL',
  'chat_message_join.chat_id': 'REFERENCES chat (ROWID) ON DELETE CASCADE',
  'chat_message_join.message_id': 'REFERENCES message (ROWID) ON DELETE CASCADE',
  'chat_handle_join.chat_id': 'REFERENCES chat (ROWID) ON DELETE CASCADE',
  'chat_handle_join.handle_id': 'REFERENCES handle (ROWID) ON DELETE CASCADE',
  'message_attachment_join.message_id': 'REFERENCES message (ROWID) ON DELETE CASCADE',
  'message_attachment_join.attachment_id': 'REFERENCES attachment (ROWID) ON DELETE CASCADE',
  'deleted_messages.ROWID': 'PRIMARY KEY AUTOINCREMENT UNIQUE',
  'deleted_messages.guid': 'NOT NULL',
  'chat_recoverable_message_join.chat_id': 'REFERENCES chat (ROWID) ON DELETE CASCADE',
  'chat_recoverable_message_join.message_id': 'REFERENCES message (ROWID) ON DELETE CASCADE',
  'chat_recoverable_message_join.delete_date': '',
  'recoverable_message_part.chat_id': 'REFERENCES chat (ROWID) ON DELETE CASCADE',
  'recoverable_message_part.message_id': 'REFERENCES message (ROWID) ON DELETE CASCADE',
  'recoverable_message_part.part_index': '',
  'recoverable_message_part.delete_date': '',
  'recoverable_message_part.part_text': 'NOT NULL',
  'chat_lookup.identifier': 'NOT NULL',
  'chat_lookup.domain': 'NOT NULL',
  'chat_lookup.chat': 'NOT NULL REFERENCES chat (ROWID) ON UPDATE CASCADE ON DELETE CASCADE',
  'chat_service.service': 'NOT NULL',
  'chat_service.chat': 'NOT NULL REFERENCES chat (ROWID) ON UPDATE CASCADE ON DELETE CASCADE',
}

const tableConstraints: Partial<Readonly<Record<MessageTable, string>>> = {
  handle: 'UNIQUE (id, service)',
  chat_message_join: 'PRIMARY KEY (chat_id, message_id)',
  chat_handle_join: 'UNIQUE (chat_id, handle_id)',
  message_attachment_join: 'UNIQUE (message_id, attachment_id)',
  chat_recoverable_message_join: 'PRIMARY KEY (chat_id, message_id), CHECK (delete_date != 0)',
  recoverable_message_part: 'PRIMARY KEY (chat_id, message_id, part_index), CHECK (delete_date != 0)',
  chat_lookup: 'UNIQUE (identifier, domain)',
  chat_service: 'UNIQUE (service, chat)',
}

/** Name, table and columns of the indexes; one exists from the generation on that has all its columns. */
const indexes: readonly (readonly [name: string, table: MessageTable, columns: readonly string[]])[] = [
  ['message_idx_is_read', 'message', ['is_read', 'is_from_me', 'is_finished']],
  ['message_idx_failed', 'message', ['is_finished', 'is_from_me', 'error']],
  ['message_idx_handle', 'message', ['handle_id', 'date']],
  ['message_idx_date', 'message', ['date']],
  ['message_idx_was_downgraded', 'message', ['was_downgraded']],
  ['message_idx_expire_state', 'message', ['expire_state']],
  ['message_idx_associated_message', 'message', ['associated_message_guid']],
  ['message_idx_cache_has_attachments', 'message', ['cache_has_attachments']],
  ['message_idx_thread_originator_guid', 'message', ['thread_originator_guid']],
  ['message_idx_composite_scheduled_message', 'message', ['schedule_type', 'schedule_state']],
  ['chat_idx_chat_identifier', 'chat', ['chat_identifier']],
  ['chat_idx_chat_identifier_service_name', 'chat', ['chat_identifier', 'service_name']],
  ['chat_idx_chat_room_name_service_name', 'chat', ['room_name', 'service_name']],
  ['chat_idx_is_archived', 'chat', ['is_archived']],
  ['chat_idx_group_id', 'chat', ['group_id']],
  ['chat_message_join_idx_message_id_only', 'chat_message_join', ['message_id']],
  [
    'chat_message_join_idx_message_date_id_chat_id',
    'chat_message_join',
    ['chat_id', 'message_date', 'message_id'],
  ],
  ['chat_message_join_idx_chat_id', 'chat_message_join', ['chat_id']],
  ['chat_handle_join_idx_handle_id', 'chat_handle_join', ['handle_id']],
  ['message_attachment_join_idx_attachment_id', 'message_attachment_join', ['attachment_id']],
  ['attachment_idx_is_sticker', 'attachment', ['is_sticker']],
]

/*
 * Like the phone's, these call functions that only the phone's own SQLite connection has: a DELETE on a copy fails with
 * "no such function", so a reader must not write. The first one learnt about iMessage apps with iOS 10.
 */
function triggers(has: MessageSchema['has']): readonly string[] {
  const ofApps = has('message', 'balloon_bundle_id') ? 'WHEN OLD.balloon_bundle_id IS NOT NULL' : ''
  return [
    `CREATE TRIGGER after_delete_on_message_plugin AFTER DELETE ON message ${ofApps}
      BEGIN SELECT after_delete_message_plugin(OLD.ROWID, OLD.guid); END`,
    ...(has('deleted_messages', 'guid')
      ? [
          `CREATE TRIGGER add_to_deleted_messages AFTER DELETE ON message
            BEGIN INSERT INTO deleted_messages (guid) VALUES (OLD.guid); END`,
        ]
      : []),
    `CREATE TRIGGER before_delete_on_attachment BEFORE DELETE ON attachment
      BEGIN SELECT before_delete_attachment_path(OLD.ROWID, OLD.guid); END`,
    `CREATE TRIGGER after_delete_on_attachment AFTER DELETE ON attachment
      BEGIN SELECT delete_attachment_path(OLD.filename); END`,
    `CREATE TRIGGER after_insert_on_message_attachment_join AFTER INSERT ON message_attachment_join
      BEGIN UPDATE message SET cache_has_attachments = 1 WHERE ROWID = NEW.message_id; END`,
  ]
}

/** The schema of sms.db in this generation: real tables, columns, keys, indexes, and triggers that stock SQLite cannot run. */
export function messageSchema(version: SchemaVersion): MessageSchema {
  const columns = new Map<MessageTable, readonly Column[]>(
    messageTables.map((table) => [table, messageColumns(version, table)]),
  )
  const has = (table: MessageTable, name: string) =>
    columns.get(table)?.some((column) => column[0] === name) === true
  const tables = [
    'CREATE TABLE _SqliteDatabaseProperties (key TEXT, value TEXT, UNIQUE(key))',
    'CREATE TABLE kvtable (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, key TEXT UNIQUE NOT NULL, value BLOB NOT NULL)',
  ]
  for (const [table, list] of columns) if (list.length > 0) tables.push(createTable(table, list))
  const created = indexes
    .filter(([, table, names]) => names.every((name) => has(table, name)))
    .map(([name, table, names]) => `CREATE INDEX ${name} ON ${table} (${names.join(', ')})`)
  return { version, has, tables, indexesAndTriggers: [...created, ...triggers(has)] }
}

function createTable(table: MessageTable, columns: readonly Column[]): string {
  const lines = columns.map(([name, type]) => {
    const fallback = type === 'INTEGER' ? 'DEFAULT 0' : ''
    return `${name} ${type} ${constraints[`${table}.${name}`] ?? fallback}`.trimEnd()
  })
  const last = tableConstraints[table]
  if (last !== undefined) lines.push(last)
  return `CREATE TABLE ${table} (${lines.join(', ')})`
}
