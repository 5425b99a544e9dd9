import type {
  AppContent,
  DeletedPart,
  LinkPreview,
  MessageEdit,
  MessageKind,
  MessagePart,
  MessageRecord,
  Reaction,
  SystemEvent,
} from '@holdfast/core/import'
import { type DateUnit, type Instant, throughDateColumn } from '../folder/apple-time.js'
import type { Chat, Handle } from './conversations.js'
import type { MessageBody } from './message-body.js'

/** A message before it is written: what goes into its rows, and what a reader should make of it. */
export interface MessageDraft {
  readonly rowid: number
  readonly guid: string
  /** In the order of their row ids; none, one or several. */
  readonly chats: readonly Chat[]
  /** In “Recently Deleted”: filed in `chat_recoverable_message_join` instead. */
  readonly isDeleted: boolean
  readonly isFromMe: boolean
  /** The `handle_id` column: 0 for none, and it may name a row that is not there. */
  readonly handleId: number
  /** The handle that `handle_id` names; null for none. */
  readonly handle: Handle | null
  readonly dateUnit: DateUnit
  readonly sent: Instant | null
  readonly read: Instant | null
  readonly delivered: Instant | null
  readonly edited: Instant | null
  /** What date columns hold where there is no date. */
  readonly noDate: 0 | null
  readonly service: string | null
  readonly subject: string | null
  readonly body: MessageBody
  readonly kind: MessageKind
  readonly audio: MessageRecord['audio']
  readonly itemType: number
  readonly groupActionType: number
  readonly shareStatus: number
  readonly otherHandleId: number
  readonly event: SystemEvent | null
  readonly groupTitle: string | null
  readonly associatedType: number
  readonly associatedGuid: string | null
  readonly associatedEmoji: string | null
  readonly reaction: Reaction | null
  /** What it belongs to without being a tapback. */
  readonly target: MessagePart | null
  readonly balloon: string | null
  readonly payload: Uint8Array | null
  readonly linkPreview: LinkPreview | null
  readonly app: AppContent | null
  readonly effect: string | null
  /** `reply_to_guid`: the message before this one in the chat, which is not what an inline reply answers. */
  readonly previousGuid: string | null
  /** `thread_originator_guid`: what an inline reply answers. */
  readonly originatorGuid: string | null
  /** Part of it that is answered. */
  readonly originatorPart: number
  readonly summary: Uint8Array | null
  readonly edits: readonly MessageEdit[]
  readonly unsentParts: readonly number[]
  /** When it, or a part of it, was deleted. */
  readonly deleted: Instant | null
  /** Parts in `recoverable_message_part`, each with its archived text. */
  readonly deletedParts: readonly (Omit<DeletedPart, 'deletedAt'> & { readonly archived: Uint8Array })[]
  readonly isScheduled: boolean
  readonly attachments: number
}

/** What a reader should make of a message. */
export function messageRecord(draft: MessageDraft): MessageRecord {
  const [chat, ...others] = draft.chats
  const time = (instant: Instant | null) =>
    instant === null ? null : throughDateColumn(instant, draft.dateUnit)
  return {
    type: 'message',
    key: draft.guid,
    guid: draft.guid,
    chatGuid: chat?.guid ?? null,
    otherChatGuids: others.map((other) => other.guid),
    sender: draft.isFromMe ? null : (draft.handle?.id ?? null),
    isFromMe: draft.isFromMe,
    sentAt: time(draft.sent),
    readAt: time(draft.read),
    deliveredAt: time(draft.delivered),
    editedAt: time(draft.edited),
    kind: draft.kind,
    service: orNull(draft.service),
    subject: orNull(draft.subject),
    text: draft.body.text,
    textState: draft.body.state,
    replyToGuid: draft.originatorGuid,
    effect: orNull(draft.effect),
    balloon: orNull(draft.balloon),
    groupTitle: orNull(draft.groupTitle),
    isDeleted: draft.isDeleted,
    edits: draft.edits,
    reaction: draft.reaction,
    replyToPart: draft.originatorGuid === null ? null : draft.originatorPart,
    target: draft.target,
    unsentParts: draft.unsentParts,
    deletedAt: draft.isDeleted ? time(draft.deleted) : null,
    deletedParts: draft.deletedParts.map(({ part, text }) => ({
      part,
      deletedAt: time(draft.deleted),
      text,
    })),
    event: draft.event,
    linkPreview: draft.linkPreview,
    app: draft.app,
    audio: draft.audio,
    mentions: draft.body.mentions,
    isScheduled: draft.isScheduled,
  }
}

function orNull(text: string | null): string | null {
  return text === '' ? null : text
}
