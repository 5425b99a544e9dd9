import type { DeletedPart, Mention, MessageKind, MessageRecord, TextState } from '@holdfast/core/import'
import type { BackupDatabase, SqlValue } from '../database/backup-database.js'
import {
  bytesIn,
  dateIn,
  numberIn,
  type RecordTable,
  recordOf,
  requiredText,
  textOf,
} from '../record-table.js'
import { appContentOf } from './app-content.js'
import { audioStateOf } from './audio-state.js'
import { openDeletedPartsOf } from './deleted-parts.js'
import { openDeletionDates } from './deletion-dates.js'
import { linkBalloon, linkPreviewOf } from './link-preview.js'
import { mentionsOf } from './mentions.js'
import { openChatsOf } from './message-chats.js'
import { answeredPart, messagePartOf } from './message-part.js'
import { type MessageRow, selectMessages } from './message-rows.js'
import { type MessageSummary, parseMessageSummary } from './message-summary.js'
import { isTapback, reactionOf } from './reactions.js'
import { isSystemItem, systemEventOf } from './system-event.js'
import { decodeAttributedText } from './typedstream.js'

const noSummary: MessageSummary = { edits: [], unsentParts: [] }
const noParts: readonly DeletedPart[] = []
const noMentions: readonly Mention[] = []
/** `schedule_type` of a message that is sent later. */
const sendLater = 2
/** `associated_message_type` of a vote in a poll. */
const pollVote = 4000

/** The messages of sms.db, those in “Recently Deleted” included. */
export function openMessages(database: BackupDatabase, columns: ReadonlySet<string>): RecordTable {
  const select = database.guard(() => selectMessages(database, columns))
  const chatsOf = openChatsOf(database, 'chat_message_join')
  const deletedChatsOf = openChatsOf(database, 'chat_recoverable_message_join')
  const deletionDates = openDeletionDates(database)
  const deletedPartsOf = openDeletedPartsOf(database)
  return {
    total: () => database.count('message'),
    page(after, limit) {
      const messages = database.guard(() => select(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit))
      const first = messages[0]?.[0]
      const last = messages.at(-1)?.[0]
      if (first === undefined || last === undefined) return null
      const chats = chatsOf(first, last)
      const deletedChats = deletedChatsOf(first, last)
      const deletedAt = deletionDates(first, last)
      const deletedParts = deletedPartsOf(first, last)
      return {
        position: [last],
        records: messages.map((row) => {
          const [id] = row
          return recordOf('message', 'message', id, () =>
            messageOf(row, chats.get(id), {
              chats: deletedChats.get(id),
              at: deletedAt.get(id) ?? null,
              parts: deletedParts.get(id) ?? noParts,
            }),
          )
        }),
      }
    },
  }
}

/** What “Recently Deleted” holds of a message. */
interface Deletion {
  readonly chats: readonly string[] | undefined
  readonly at: number | null
  readonly parts: readonly DeletedPart[]
}

function messageOf(row: MessageRow, chats: readonly string[] | undefined, deleted: Deletion): MessageRecord {
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
    bodyValue,
    summaryValue,
    itemType,
    replyTo,
    effect,
    bundle,
    groupTitle,
    associatedType,
    associatedGuid,
    associatedEmoji,
    replyToPart,
    groupAction,
    shareStatus,
    otherHandle,
    isAudio,
    isExpirable,
    expireState,
    payloadValue,
    scheduleType,
  ] = row
  const guid = requiredText(rowGuid, 'guid')
  const isFromMe = (numberIn(fromMe, 'is_from_me') ?? 0) !== 0
  const summaryBytes = bytesIn(summaryValue, 'message_summary_info')
  const summary = summaryBytes === null ? noSummary : parseMessageSummary(summaryBytes)
  const body = bytesIn(bodyValue, 'attributedBody')
  const { text, textState } = textOfMessage(body, column)
  const associated = numberIn(associatedType, 'associated_message_type')
  const item = numberIn(itemType, 'item_type')
  const balloon = textOf(bundle)
  const payload = bytesIn(payloadValue, 'payload_data')
  const target = messagePartOf(textOf(associatedGuid))
  const isDeleted = chats === undefined && deleted.chats !== undefined
  const [chatGuid = null, ...otherChatGuids] = chats ?? deleted.chats ?? []
  return {
    type: 'message',
    key: guid,
    guid,
    chatGuid,
    otherChatGuids,
    sender: isFromMe ? null : textOf(sender),
    isFromMe,
    sentAt: dateIn(sentAt, 'date'),
    readAt: dateIn(readAt, 'date_read'),
    deliveredAt: dateIn(deliveredAt, 'date_delivered'),
    editedAt: dateIn(editedAt, 'date_edited'),
    kind: kindOf(associated, item, summary.unsentParts.length > 0 && textState === 'none', balloon),
    service: textOf(service),
    subject: textOf(subject),
    text,
    textState,
    replyToGuid: textOf(replyTo),
    effect: textOf(effect),
    balloon,
    groupTitle: textOf(groupTitle),
    isDeleted,
    edits: summary.edits,
    reaction: reactionOf(associated, target, textOf(associatedEmoji)),
    replyToPart: answeredPart(textOf(replyToPart)),
    target: isTapback(associated) ? null : target,
    unsentParts: summary.unsentParts,
    deletedAt: isDeleted ? deleted.at : null,
    deletedParts: deleted.parts,
    event: isSystemItem(item)
      ? systemEventOf(
          item,
          numberIn(groupAction, 'group_action_type'),
          numberIn(shareStatus, 'share_status'),
          textOf(otherHandle),
        )
      : null,
    linkPreview: balloon === linkBalloon && payload !== null ? linkPreviewOf(payload) : null,
    app: balloon !== null && balloon !== linkBalloon && payload !== null ? appContentOf(payload) : null,
    audio: audioStateOf(
      numberIn(isAudio, 'is_audio_message'),
      numberIn(isExpirable, 'is_expirable'),
      numberIn(expireState, 'expire_state'),
    ),
    mentions: body === null ? noMentions : mentionsOf(body),
    isScheduled: numberIn(scheduleType, 'schedule_type') === sendLater,
  }
}

function kindOf(
  associatedType: number | null,
  itemType: number | null,
  unsent: boolean,
  balloon: string | null,
): MessageKind {
  if (isTapback(associatedType)) return 'tapback'
  if (isSystemItem(itemType)) return 'system'
  if (unsent) return 'unsent'
  if (associatedType === pollVote) return 'app'
  return balloon === null || balloon === linkBalloon ? 'message' : 'app'
}

/** The body comes first: the `text` column may be empty or stale, and since iOS 16 it often is. */
function textOfMessage(
  body: Uint8Array | null,
  column: SqlValue,
): { text: string | null; textState: TextState } {
  const decoded = body === null ? null : decodeAttributedText(body)
  if (decoded?.ok === true && decoded.value !== '') return { text: decoded.value, textState: 'decoded' }
  const text = textOf(column)
  if (text !== null) return { text, textState: 'plain' }
  return { text: null, textState: decoded?.ok === false ? 'undecodable' : 'none' }
}
