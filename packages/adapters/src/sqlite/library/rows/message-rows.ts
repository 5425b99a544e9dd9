import { canonicalJson } from '@holdfast/core'
import type { MessageEdit, MessageRecord, Reaction } from '@holdfast/core/import'
import { flag, list, numberOrNull, type Row, type SqlValue, text, textOrNull, word } from '../fields.js'
import type { RowShape } from './row-shape.js'

export const messageShape: RowShape = {
  type: 'message',
  table: 'message_rows',
  columns: [
    'guid',
    'chat_guid',
    'sender',
    'is_from_me',
    'sent_at',
    'kind',
    'service',
    'text',
    'text_state',
    'subject',
    'reply_to_guid',
    'read_at',
    'delivered_at',
    'edited_at',
    'is_deleted',
    'effect',
    'balloon',
    'group_title',
    'other_chat_guids',
    'edits',
    'reaction_target',
    'reaction_part',
    'reaction_kind',
    'reaction_emoji',
    'reaction_removed',
  ],
  identity: ['guid'],
  parts: null,
}

/** Values of a message, in the order of the columns. */
export function messageValues(record: MessageRecord): readonly SqlValue[] {
  const { reaction } = record
  return [
    record.guid,
    record.chatGuid,
    record.sender,
    Number(record.isFromMe),
    record.sentAt,
    record.kind,
    record.service,
    record.text,
    record.textState,
    record.subject,
    record.replyToGuid,
    record.readAt,
    record.deliveredAt,
    record.editedAt,
    Number(record.isDeleted),
    record.effect,
    record.balloon,
    record.groupTitle,
    record.otherChatGuids.length === 0 ? null : JSON.stringify(record.otherChatGuids),
    record.edits.length === 0 ? null : canonicalJson(record.edits),
    reaction?.targetGuid ?? null,
    reaction?.targetPart ?? null,
    reaction?.kind ?? null,
    reaction?.emoji ?? null,
    reaction === null ? null : Number(reaction.removed),
  ]
}

/** The message that a row holds. Throws RowUnreadable. */
export function messageRecord(row: Row): MessageRecord {
  const guid = text(row, 'guid')
  return {
    type: 'message',
    key: guid,
    guid,
    chatGuid: textOrNull(row, 'chat_guid'),
    otherChatGuids: list<string>(row, 'other_chat_guids'),
    sender: textOrNull(row, 'sender'),
    isFromMe: flag(row, 'is_from_me'),
    sentAt: numberOrNull(row, 'sent_at'),
    readAt: numberOrNull(row, 'read_at'),
    deliveredAt: numberOrNull(row, 'delivered_at'),
    editedAt: numberOrNull(row, 'edited_at'),
    kind: word(row, 'kind'),
    service: textOrNull(row, 'service'),
    subject: textOrNull(row, 'subject'),
    text: textOrNull(row, 'text'),
    textState: word(row, 'text_state'),
    replyToGuid: textOrNull(row, 'reply_to_guid'),
    effect: textOrNull(row, 'effect'),
    balloon: textOrNull(row, 'balloon'),
    groupTitle: textOrNull(row, 'group_title'),
    isDeleted: flag(row, 'is_deleted'),
    edits: list<MessageEdit>(row, 'edits'),
    reaction: reactionOf(row),
  }
}

function reactionOf(row: Row): Reaction | null {
  const targetGuid = textOrNull(row, 'reaction_target')
  if (targetGuid === null) return null
  return {
    targetGuid,
    targetPart: numberOrNull(row, 'reaction_part'),
    kind: word(row, 'reaction_kind'),
    emoji: textOrNull(row, 'reaction_emoji'),
    removed: flag(row, 'reaction_removed'),
  }
}
