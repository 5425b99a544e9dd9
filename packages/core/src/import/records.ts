import type { Json } from '../index.js'

/** Why an item of the source was not stored: a closed list, because the policy decides by it whether verify may pass. */
export const skipReasons = {
  'no-path': 'The source row names no file (never downloaded, or purged by the phone).',
  offloaded: 'The phone had moved the file to iCloud.',
  'not-in-backup': 'The manifest of the backup lists no such file.',
  'blob-missing': 'The manifest lists the file, but its blob is not on disk.',
  'is-directory': 'The path names a folder; the files in it are items of their own.',
  'invalid-path': 'The path points outside the phone’s message folders.',
  undecryptable: 'The blob cannot be decrypted.',
  unreadable: 'The source row could not be decoded.',
} as const satisfies Record<string, string>

/** One of {@link skipReasons}. */
export type SkipReason = keyof typeof skipReasons

/** How an item of the source ended: exactly one of these. `present` means that the library already held it, unchanged. */
export type ItemOutcome = 'stored' | 'present' | 'skipped' | 'failed'

/** What a message is. `unsent` was taken back by its sender; `app` belongs to an iMessage app (a poll, a payment, a game). */
export type MessageKind = 'message' | 'tapback' | 'unsent' | 'system' | 'app'

/** Where the text came from. `undecodable` says that there is text which could not be read: never the same as no text. */
export type TextState = 'plain' | 'decoded' | 'none' | 'undecodable'

/** What a tapback says. `emoji` carries its emoji; `sticker` has an attachment. */
export type ReactionKind =
  | 'love'
  | 'like'
  | 'dislike'
  | 'laugh'
  | 'emphasize'
  | 'question'
  | 'emoji'
  | 'sticker'

/** A tapback's meaning and target. */
export interface Reaction {
  /** guid of the message reacted to, without its `p:N/` or `bp:` prefix. */
  readonly targetGuid: string
  /** Part of the target (`p:N/`), null when the reaction is to the whole of it. */
  readonly targetPart: number | null
  readonly kind: ReactionKind
  readonly emoji: string | null
  /** True when the row takes an earlier reaction back. */
  readonly removed: boolean
}

/** An earlier or the current wording of an edited message part, oldest first. */
export interface MessageEdit {
  readonly part: number
  /** 0 is the first wording. */
  readonly version: number
  /** Unix milliseconds UTC. */
  readonly editedAt: number | null
  /** Null when the wording could not be decoded. */
  readonly text: string | null
}

/** A message, or one part of it, that another record refers to. */
export interface MessagePart {
  readonly guid: string
  /** Parts count from 0; null for the message as a whole. */
  readonly part: number | null
}

/** A part of a message that is in “Recently Deleted” while the message itself stays. */
export interface DeletedPart {
  readonly part: number
  /** Unix milliseconds UTC. */
  readonly deletedAt: number | null
  /** Null when the part has no text, or its text could not be decoded. */
  readonly text: string | null
}

/** Somebody whom a text mentions. */
export interface Mention {
  readonly handle: string
  /** First UTF-16 unit of the text that stands for the person, and how many units it has. */
  readonly start: number
  readonly length: number
}

/** What a message of kind `system` tells. `other` is an event that this version does not know. */
export type SystemEventKind =
  | 'participant-added'
  | 'participant-removed'
  | 'participant-left'
  | 'group-renamed'
  | 'photo-changed'
  | 'photo-removed'
  | 'location-shared'
  | 'location-stopped'
  | 'audio-kept'
  | 'shareplay'
  | 'other'

/** A change of the conversation. Who made it is the sender of the message. */
export interface SystemEvent {
  readonly kind: SystemEventKind
  /** Handle of whoever was added or removed; null where the event concerns nobody else. */
  readonly handle: string | null
}

/** What the phone showed of a web address. */
export interface LinkPreview {
  readonly url: string | null
  readonly title: string | null
  readonly summary: string | null
  readonly siteName: string | null
}

/** What an iMessage app showed in its balloon. */
export interface AppContent {
  /** Name of the app, as it called itself. */
  readonly name: string | null
  /** What the phone shows where the app is not installed. */
  readonly text: string | null
  readonly caption: string | null
  readonly subcaption: string | null
  /** Data of the app, most often a `data:` or web address. */
  readonly url: string | null
}

/** A conversation. `key` is its guid. */
export interface ChatRecord {
  readonly type: 'chat'
  readonly key: string
  readonly guid: string
  /** Phone number, address or group id that the phone files the chat under. */
  readonly identifier: string | null
  readonly displayName: string | null
  readonly isGroup: boolean
  readonly service: string | null
  /** Handles (phone numbers, addresses) of the others, sorted by code unit. */
  readonly members: readonly string[]
}

/** A message. `key` is its guid, which is unique in the source and stable over re-imports. All times are unix milliseconds UTC. */
export interface MessageRecord {
  readonly type: 'message'
  readonly key: string
  readonly guid: string
  /** The chat with the lowest row id; null for the few per cent that belong to none. */
  readonly chatGuid: string | null
  /** Further chats that the source files the message under. */
  readonly otherChatGuids: readonly string[]
  /** Handle of the sender; null for one's own messages and where the source has none. */
  readonly sender: string | null
  readonly isFromMe: boolean
  readonly sentAt: number | null
  readonly readAt: number | null
  readonly deliveredAt: number | null
  readonly editedAt: number | null
  readonly kind: MessageKind
  readonly service: string | null
  readonly subject: string | null
  readonly text: string | null
  readonly textState: TextState
  /** guid of the message that this one answers (an inline reply); null otherwise. */
  readonly replyToGuid: string | null
  /** Expressive send effect id, as the source writes it. */
  readonly effect: string | null
  /** Bundle id of the iMessage app or link preview, as the source writes it. */
  readonly balloon: string | null
  /** New name of the group, for the system message that changed it. */
  readonly groupTitle: string | null
  /** True when the message is in “Recently Deleted”. */
  readonly isDeleted: boolean
  readonly edits: readonly MessageEdit[]
  readonly reaction: Reaction | null
  /** Part of the message that this one answers; null when it answers none, or the source does not say which. */
  readonly replyToPart: number | null
  /** What this message belongs to without reacting to it: where a sticker lies, which poll a vote is for, which game goes on. */
  readonly target: MessagePart | null
  /** Parts that were taken back. The message is `unsent` only when nothing of it is left. */
  readonly unsentParts: readonly number[]
  /** When the message was put into “Recently Deleted”; null when it is not there, or the source does not say. */
  readonly deletedAt: number | null
  readonly deletedParts: readonly DeletedPart[]
  /** Null for all but system messages. */
  readonly event: SystemEvent | null
  readonly linkPreview: LinkPreview | null
  readonly app: AppContent | null
  /** For a recorded voice: whether the phone will drop it (`temporary`), keeps it, or has dropped it. Null for all else. */
  readonly audio: 'temporary' | 'kept' | 'expired' | null
  /** In the order of the text. */
  readonly mentions: readonly Mention[]
  /** True for a message that was written to be sent later. */
  readonly isScheduled: boolean
}

/** What an attachment hangs on: the `key` of a message, a voicemail or a contact. */
export interface AttachmentParent {
  readonly type: 'message' | 'voicemail' | 'contact'
  readonly key: string
}

/**
 * A file that hangs on a message, a voicemail or a contact. `key` is `<guid>@<key of the parent>` (`@` alone behind it where there is
 * no parent): the source may hang one file on several messages.
 */
export interface AttachmentRecord {
  readonly type: 'attachment'
  readonly key: string
  readonly guid: string
  /** Null for drafts and for what deleting messages left behind. */
  readonly parent: AttachmentParent | null
  /** The name that users see; several attachments of one message may share it. */
  readonly name: string | null
  readonly mimeType: string | null
  /** Apple's uniform type identifier. */
  readonly uti: string | null
  readonly isSticker: boolean
  /** Unix milliseconds UTC. */
  readonly createdAt: number | null
  /** Size in bytes that the source claims; often wrong, so never used to cut or to compare content. */
  readonly claimedBytes: number | null
  /** Null when the content can be read; else why it cannot. */
  readonly unavailable: SkipReason | null
  /** Part of the message that the file is, by which several are in order; null where the source does not say. */
  readonly part: number | null
}

/** A postal address in its parts, as a person typed them; null where a part was left empty. */
export interface PostalAddress {
  /** May have several lines. */
  readonly street: string | null
  readonly city: string | null
  readonly state: string | null
  readonly postalCode: string | null
  readonly country: string | null
  /** ISO 3166 code in lower case, as the phone writes it. */
  readonly countryCode: string | null
}

/** A way to reach a contact, or one of the other things of which a contact may have several. */
export interface ContactPoint {
  readonly kind: 'phone' | 'email' | 'address' | 'im' | 'url' | 'related' | 'profile' | 'date' | 'other'
  /** As a person typed it; an address in one line, a date as `YYYY-MM-DD`. */
  readonly value: string
  /** Human label without Apple's `_$!<…>!$_` dressing. */
  readonly label: string | null
  /** The handle that it is, for a phone number or an address of e-mail: E.164, or as {@link canonicalHandle} gives it. Null for the rest. */
  readonly handle: string | null
  /** Service of an instant message or social profile, such as `Skype`; null where it does not say. */
  readonly service: string | null
  /** Null for what is no address. */
  readonly address: PostalAddress | null
}

/** A contact. `key` equals `id`, which is unique within the source device. */
export interface ContactRecord {
  readonly type: 'contact'
  readonly key: string
  readonly id: string
  readonly displayName: string
  readonly firstName: string | null
  readonly middleName: string | null
  readonly lastName: string | null
  readonly prefix: string | null
  readonly suffix: string | null
  readonly nickname: string | null
  readonly phoneticFirstName: string | null
  readonly phoneticMiddleName: string | null
  readonly phoneticLastName: string | null
  readonly organization: string | null
  readonly department: string | null
  readonly jobTitle: string | null
  readonly note: string | null
  /** ISO date, `YYYY-MM-DD`; the phone writes the year 1604 where it knows none. */
  readonly birthday: string | null
  readonly createdAt: number | null
  readonly modifiedAt: number | null
  /** In the order of the source. */
  readonly points: readonly ContactPoint[]
}

/** A call. `key` equals `id`, which is unique within the source device. All times are in milliseconds. */
export interface CallRecord {
  readonly type: 'call'
  readonly key: string
  readonly id: string
  /** Unix milliseconds UTC. */
  readonly startedAt: number | null
  readonly durationMs: number | null
  readonly direction: 'incoming' | 'outgoing'
  readonly isAnswered: boolean
  readonly medium: 'phone' | 'facetime-video' | 'facetime-audio' | 'other'
  /** Who carried the call, as the source writes it, such as `com.apple.Telephony` or the app of another provider. */
  readonly service: string | null
  /**
   * Phone numbers or addresses of the others, each once, in the form in which messages name their senders: E.164 where the country is
   * known. Those of other apps are as the source writes them. Empty where the caller was not shown.
   */
  readonly handles: readonly string[]
}

/** A voicemail. `key` equals `id`, which is unique within the source device; its sound is an attachment with it as the parent. */
export interface VoicemailRecord {
  readonly type: 'voicemail'
  readonly key: string
  readonly id: string
  /** In the form in which messages name their senders, as the number to call back is; null where the caller was not shown. */
  readonly sender: string | null
  /** Number that the phone offers to call back. */
  readonly callbackNumber: string | null
  /** Unix milliseconds UTC. */
  readonly receivedAt: number | null
  readonly durationMs: number | null
  /** When it was moved to the deleted ones; null while it is not among them. Unix milliseconds UTC. */
  readonly trashedAt: number | null
  /** Null where the source does not say. */
  readonly isRead: boolean | null
}

/** A source row that could not be decoded: it is counted as failed and told, and the rest goes on. */
export interface UnreadableRecord {
  readonly type: 'unreadable'
  /** `<of>:<table>:<row>`. */
  readonly key: string
  readonly of: ItemType
  readonly table: string
  readonly row: string
  readonly problem: string
}

/** A row of the source that could be decoded. */
export type DecodedRecord =
  | ChatRecord
  | MessageRecord
  | AttachmentRecord
  | ContactRecord
  | CallRecord
  | VoicemailRecord

/** What kind of item a row of the source is. */
export type ItemType = DecodedRecord['type']

/** Anything that a reader yields. Plain JSON throughout. */
export type ImportRecord = DecodedRecord | UnreadableRecord

/** Where a reader stands in its source: opaque to everyone else, plain JSON, stored beside the batch that it follows. */
export type Cursor = Json

/** A bounded number of records and the cursor that continues behind them. */
export interface RecordBatch {
  readonly records: readonly ImportRecord[]
  readonly cursor: Cursor
}
