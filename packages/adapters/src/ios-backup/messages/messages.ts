import type { MessageKind, MessageRecord, TextState } from '@holdfast/core/import'
import type { BackupDatabase, SqlValue } from '../database/backup-database.js'
import { wholeMillis } from '../database/cocoa-time.js'
import { bytesOf, numberOf, type RecordTable, recordOf, requiredText, textOf } from '../record-table.js'
import { openChatsOf } from './message-chats.js'
import { type MessageRow, selectMessages } from './message-rows.js'
import { type MessageSummary, parseMessageSummary } from './message-summary.js'
import { isTapback, reactionOf } from './reactions.js'
import { decodeAttributedText } from './typedstream.js'

const linkPreview = 'com.apple.messages.URLBalloonProvider'
const noSummary: MessageSummary = { edits: [], unsent: false }

/** The messages of sms.db, those in “Recently Deleted” included. */
export function openMessages(database: BackupDatabase, columns: ReadonlySet<string>): RecordTable {
  const select = database.guard(() => selectMessages(database, columns))
  const chatsOf = openChatsOf(database, 'chat_message_join')
  const deletedChatsOf = openChatsOf(database, 'chat_recoverable_message_join')
  return {
    total: () => database.count('message'),
    page(after, limit) {
      const messages = database.guard(() => select(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit))
      const first = messages[0]?.[0]
      const last = messages.at(-1)?.[0]
      if (first === undefined || last === undefined) return null
      const chats = chatsOf(first, last)
      const deletedChats = deletedChatsOf(first, last)
      return {
        position: [last],
        records: messages.map((row) => {
          const [id] = row
          return recordOf('message', 'message', id, () => messageOf(row, chats.get(id), deletedChats.get(id)))
        }),
      }
    },
  }
}

function messageOf(
  row: MessageRow,
  chats: readonly string[] | undefined,
  deletedChats: readonly string[] | undefined,
): MessageRecord {
  const [
    ,
    rowGuid,
    sender,
    fromMe,
    sentAt,
    readAt,
    deliveredAt,
    editedAt,
    service,
    subject,
    column,
    body,
    summaryBytes,
    itemType,
    replyTo,
    effect,
    bundle,
    groupTitle,
    associatedType,
    associatedGuid,
    associatedEmoji,
  ] = row
  const guid = requiredText(rowGuid, 'guid')
  const isFromMe = Number(fromMe) !== 0
  const summary = summaryOf(summaryBytes)
  const { text, textState } = textOfMessage(body, column)
  const tapback = numberOf(associatedType)
  const balloon = textOf(bundle)
  const [chatGuid = null, ...otherChatGuids] = chats ?? deletedChats ?? []
  return {
    type: 'message',
    key: guid,
    guid,
    chatGuid,
    otherChatGuids,
    sender: isFromMe ? null : textOf(sender),
    isFromMe,
    sentAt: dateOf(sentAt),
    readAt: dateOf(readAt),
    deliveredAt: dateOf(deliveredAt),
    editedAt: dateOf(editedAt),
    kind: kindOf(tapback, numberOf(itemType), summary.unsent && textState === 'none', balloon),
    service: textOf(service),
    subject: textOf(subject),
    text,
    textState,
    replyToGuid: textOf(replyTo),
    effect: textOf(effect),
    balloon,
    groupTitle: textOf(groupTitle),
    isDeleted: chats === undefined && deletedChats !== undefined,
    edits: summary.edits,
    reaction: reactionOf(tapback, textOf(associatedGuid), textOf(associatedEmoji)),
    replyToPart: null,
    target: null,
    unsentParts: [],
    deletedAt: null,
    deletedParts: [],
    event: null,
    linkPreview: null,
    app: null,
    audio: null,
    mentions: [],
    isScheduled: false,
  }
}

function kindOf(
  associatedType: number | null,
  itemType: number | null,
  unsent: boolean,
  balloon: string | null,
): MessageKind {
  if (isTapback(associatedType)) return 'tapback'
  if (itemType !== null && itemType !== 0) return 'system'
  if (unsent) return 'unsent'
  return balloon === null || balloon === linkPreview ? 'message' : 'app'
}

/** The body comes first: the `text` column may be empty or stale, and since iOS 16 it often is. */
function textOfMessage(bodyValue: SqlValue, column: SqlValue): { text: string | null; textState: TextState } {
  const body = bytesOf(bodyValue)
  const decoded = body === null ? null : decodeAttributedText(body)
  if (decoded?.ok === true && decoded.value !== '') return { text: decoded.value, textState: 'decoded' }
  const text = textOf(column)
  if (text !== null) return { text, textState: 'plain' }
  return { text: null, textState: decoded?.ok === false ? 'undecodable' : 'none' }
}

function summaryOf(value: SqlValue): MessageSummary {
  const bytes = bytesOf(value)
  return bytes === null ? noSummary : parseMessageSummary(bytes)
}

function dateOf(value: SqlValue): number | null {
  const millis = numberOf(value)
  return millis === null ? null : wholeMillis(millis)
}
