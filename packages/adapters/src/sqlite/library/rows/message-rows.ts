import { canonicalJson } from '@holdfast/core'
import type {
  AppContent,
  DeletedPart,
  LinkPreview,
  Mention,
  MessageEdit,
  MessagePart,
  MessageRecord,
  Reaction,
  SystemEvent,
} from '@holdfast/core/import'
import {
  flag,
  list,
  numberOrNull,
  objectOrNull,
  type Row,
  type SqlValue,
  text,
  textOrNull,
  word,
} from '../fields.js'
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
    'reply_to_part',
    'target_guid',
    'target_part',
    'unsent_parts',
    'deleted_at',
    'deleted_parts',
    'event',
    'event_handle',
    'link_preview',
    'app',
    'audio',
    'mentions',
    'is_scheduled',
  ],
  identity: ['guid'],
  parts: null,
}

/** Values of a message, in the order of the columns. */
export function messageValues(record: MessageRecord): readonly SqlValue[] {
  const { reaction, target, event } = record
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
    jsonList(record.otherChatGuids),
    jsonList(record.edits),
    reaction?.targetGuid ?? null,
    reaction?.targetPart ?? null,
    reaction?.kind ?? null,
    reaction?.emoji ?? null,
    reaction === null ? null : Number(reaction.removed),
    record.replyToPart,
    target?.guid ?? null,
    target?.part ?? null,
    jsonList(record.unsentParts),
    record.deletedAt,
    jsonList(record.deletedParts),
    event?.kind ?? null,
    event?.handle ?? null,
    record.linkPreview === null ? null : canonicalJson(record.linkPreview),
    record.app === null ? null : canonicalJson(record.app),
    record.audio,
    jsonList(record.mentions),
    // Null for false: rows of version 1, which had no such column, keep their hashes.
    record.isScheduled ? 1 : null,
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
    replyToPart: numberOrNull(row, 'reply_to_part'),
    target: targetOf(row),
    unsentParts: list<number>(row, 'unsent_parts'),
    deletedAt: numberOrNull(row, 'deleted_at'),
    deletedParts: list<DeletedPart>(row, 'deleted_parts'),
    event: eventOf(row),
    linkPreview: objectOrNull<LinkPreview>(row, 'link_preview'),
    app: objectOrNull<AppContent>(row, 'app'),
    audio: row['audio'] === null ? null : word(row, 'audio'),
    mentions: list<Mention>(row, 'mentions'),
    isScheduled: numberOrNull(row, 'is_scheduled') === 1,
  }
}

/** A list as JSON; null for the empty one, which most are. */
function jsonList(items: readonly unknown[]): string | null {
  return items.length === 0 ? null : canonicalJson(items)
}

function targetOf(row: Row): MessagePart | null {
  const guid = textOrNull(row, 'target_guid')
  return guid === null ? null : { guid, part: numberOrNull(row, 'target_part') }
}

function eventOf(row: Row): SystemEvent | null {
  if (row['event'] === null) return null
  return { kind: word(row, 'event'), handle: textOrNull(row, 'event_handle') }
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
