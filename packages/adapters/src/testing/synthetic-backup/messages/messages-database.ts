import type { OpenSqlite, SqliteDatabase, SqliteStatement } from '../../../sqlite/driver.js'
import { type Instant, toDateColumn } from '../folder/apple-time.js'
import { openForWriting } from '../folder/open-for-writing.js'
import { preparedInsert } from '../prepared-insert.js'
import type { Random } from '../random.js'
import type { Chat, Conversations, Handle } from './conversations.js'
import type { MessageDraft } from './message-draft.js'
import type { MessageSchema } from './message-schema.js'

const ownNumber = '+15552000001'
const accountGuid = '8FDA0C29-5B8C-4B4B-9A6C-1D8E7B0F2A11'

interface ChatEntry {
  readonly chat: Chat
  readonly draft: MessageDraft
}

interface DeletedPartEntry {
  readonly entry: ChatEntry
  readonly part: MessageDraft['deletedParts'][number]
}

/** Writes sms.db: rows in one transaction, then indexes and triggers. */
export class MessagesDatabase {
  readonly #db: SqliteDatabase
  readonly #schema: MessageSchema
  readonly #random: Random
  readonly #message: (draft: MessageDraft) => void
  readonly #chatMessage: (entry: ChatEntry) => void
  readonly #deletedMessage: ((entry: ChatEntry) => void) | null
  readonly #deletedPart: ((entry: DeletedPartEntry) => void) | null
  readonly #attachmentJoin: SqliteStatement
  /** Null where the generation does not list what was deleted. */
  readonly #gap: SqliteStatement | null
  #lastRowid = 0

  constructor(path: string, options: { openSqlite: OpenSqlite; schema: MessageSchema; random: Random }) {
    const { schema } = options
    this.#schema = schema
    this.#random = options.random
    this.#db = openForWriting(path, options.openSqlite)
    this.#db.exec(['BEGIN', ...schema.tables].join(';'))
    this.#message = preparedInsert(this.prepare, 'message', schema, messageValues)
    this.#chatMessage = preparedInsert(this.prepare, 'chat_message_join', schema, {
      chat_id: ({ chat }: ChatEntry) => chat.rowid,
      message_id: ({ draft }) => draft.rowid,
      message_date: ({ draft }) => dateColumn(draft, draft.sent) ?? 0,
    })
    this.#deletedMessage = schema.has('chat_recoverable_message_join', 'chat_id')
      ? preparedInsert(this.prepare, 'chat_recoverable_message_join', schema, {
          chat_id: ({ chat }: ChatEntry) => chat.rowid,
          message_id: ({ draft }) => draft.rowid,
          delete_date: ({ draft }) => dateColumn(draft, draft.deleted) || 1,
        })
      : null
    this.#deletedPart = schema.has('recoverable_message_part', 'chat_id')
      ? preparedInsert(this.prepare, 'recoverable_message_part', schema, {
          chat_id: ({ entry }: DeletedPartEntry) => entry.chat.rowid,
          message_id: ({ entry }) => entry.draft.rowid,
          part_index: ({ part }) => part.part,
          delete_date: ({ entry }) => dateColumn(entry.draft, entry.draft.deleted) || 1,
          part_text: ({ part }) => part.archived,
        })
      : null
    this.#attachmentJoin = this.#db.prepare('INSERT INTO message_attachment_join VALUES (?, ?)')
    this.#gap = schema.has('deleted_messages', 'guid')
      ? this.#db.prepare('INSERT INTO deleted_messages (guid) VALUES (?)')
      : null
  }

  /** Prepares a statement for those who write further tables. */
  readonly prepare = (sql: string): SqliteStatement => this.#db.prepare(sql)

  addConversations(conversations: Conversations): void {
    const handle = preparedInsert<Handle>(this.prepare, 'handle', this.#schema, {
      ROWID: ({ rowid }) => rowid,
      id: ({ id }) => id,
      country: ({ country }) => country,
      service: ({ service }) => service,
      uncanonicalized_id: ({ id, rowid }) => (rowid % 3 === 0 ? id : null),
    })
    const chat = preparedInsert<Chat>(this.prepare, 'chat', this.#schema, {
      ROWID: ({ rowid }) => rowid,
      guid: ({ guid }) => guid,
      style: ({ isGroup }) => (isGroup ? 43 : 45),
      state: () => 3,
      account_id: () => accountGuid,
      chat_identifier: ({ identifier }) => identifier,
      service_name: ({ service }) => service,
      room_name: ({ roomName }) => roomName,
      account_login: () => `P:${ownNumber}`,
      last_addressed_handle: () => ownNumber,
      display_name: ({ displayName }) => displayName,
      group_id: () => this.#random.uuid(),
      successful_query: () => 1,
    })
    const member = this.prepare('INSERT INTO chat_handle_join VALUES (?, ?)')
    const lookup = this.#schema.has('chat_lookup', 'chat')
      ? this.prepare('INSERT OR IGNORE INTO chat_lookup (identifier, domain, chat) VALUES (?, ?, ?)')
      : null
    const service = this.#schema.has('chat_service', 'chat')
      ? this.prepare('INSERT INTO chat_service (service, chat) VALUES (?, ?)')
      : null
    for (const each of conversations.handles) handle(each)
    for (const each of conversations.chats) {
      chat(each)
      for (const { rowid } of each.members) member.run(each.rowid, rowid)
      lookup?.run(each.identifier, each.service, each.rowid)
      service?.run(each.service, each.rowid)
    }
  }

  /** Writes a message and files it under its chats. Row ids that were left out count as deleted. */
  addMessage(draft: MessageDraft): void {
    while (++this.#lastRowid < draft.rowid) this.#gap?.run(this.#random.uuid())
    this.#message(draft)
    const file = draft.isDeleted ? this.#deletedMessage : this.#chatMessage
    for (const chat of draft.chats) {
      file?.({ chat, draft })
      for (const part of draft.deletedParts) this.#deletedPart?.({ entry: { chat, draft }, part })
    }
  }

  /** Puts an attachment on a message. */
  addAttachment(messageRowid: number, attachmentRowid: number): void {
    this.#attachmentJoin.run(messageRowid, attachmentRowid)
  }

  /** Commits, makes indexes and triggers, and closes; no journal is left. */
  finish(): void {
    this.#db.exec(`
      INSERT INTO _SqliteDatabaseProperties VALUES ('counter_in_all', '0'), ('counter_out_all', '0'),
        ('_ClientVersion', '18027'), ('_UniqueIdentifier', '${this.#random.uuid()}');
      COMMIT; ${this.#schema.indexesAndTriggers.join(';')}`)
    this.#db.close()
  }

  /** Closes the database as it is, after a failure. */
  abandon(): void {
    this.#db.close()
  }
}

function dateColumn(draft: MessageDraft, instant: Instant | null): number | bigint | null {
  return instant === null ? draft.noDate : toDateColumn(instant, draft.dateUnit)
}

const messageValues: Readonly<
  Record<string, (draft: MessageDraft) => string | number | bigint | null | Uint8Array>
> = {
  ROWID: (draft) => draft.rowid,
  guid: (draft) => draft.guid,
  text: (draft) => draft.body.column,
  handle_id: (draft) => draft.handleId,
  subject: (draft) => draft.subject,
  attributedBody: (draft) => draft.body.archived,
  version: () => 10,
  service: (draft) => draft.service,
  account: () => `P:${ownNumber}`,
  account_guid: () => accountGuid,
  date: (draft) => dateColumn(draft, draft.sent),
  date_read: (draft) => dateColumn(draft, draft.read),
  date_delivered: (draft) => dateColumn(draft, draft.delivered),
  is_delivered: (draft) => Number(draft.delivered !== null),
  is_finished: () => 1,
  is_from_me: (draft) => Number(draft.isFromMe),
  is_read: (draft) => Number(draft.read !== null),
  is_sent: (draft) => Number(draft.isFromMe),
  cache_has_attachments: (draft) => Number(draft.attachments > 0),
  cache_roomnames: (draft) => draft.chats[0]?.roomName ?? null,
  is_audio_message: (draft) => Number(draft.audio !== null),
  is_expirable: (draft) => Number(draft.audio === 'temporary' || draft.audio === 'expired'),
  expire_state: (draft) => Number(draft.audio === 'expired'),
  item_type: (draft) => draft.itemType,
  other_handle: (draft) => draft.otherHandleId,
  group_title: (draft) => draft.groupTitle,
  group_action_type: (draft) => draft.groupActionType,
  share_status: (draft) => draft.shareStatus,
  associated_message_guid: (draft) => draft.associatedGuid,
  associated_message_type: (draft) => draft.associatedType,
  associated_message_emoji: (draft) => draft.associatedEmoji,
  balloon_bundle_id: (draft) => draft.balloon,
  payload_data: (draft) => draft.payload,
  expressive_send_style_id: (draft) => draft.effect,
  message_summary_info: (draft) => draft.summary,
  destination_caller_id: () => ownNumber,
  reply_to_guid: (draft) => draft.previousGuid,
  thread_originator_guid: (draft) => draft.originatorGuid,
  thread_originator_part: (draft) => (draft.originatorGuid === null ? null : `${draft.originatorPart}:0:12`),
  date_edited: (draft) => dateColumn(draft, draft.edited),
  date_retracted: (draft) => draft.noDate,
  schedule_type: (draft) => (draft.isScheduled ? 2 : 0),
  part_count: (draft) => Math.max(1, draft.attachments),
}
