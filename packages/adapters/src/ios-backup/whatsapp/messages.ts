import type { MessageRecord, TextState } from '@holdfast/core/import'
import type { BackupDatabase, SqlValue } from '../database/backup-database.js'
import { wholeMillis } from '../database/cocoa-time.js'
import { bytesOf, numberOf, type RecordTable, recordOf, textOf } from '../record-table.js'
import type { ChatGuids } from './chat-guids.js'
import { handleOfJid, isGroupJid, type PhoneByLid } from './jid.js'
import type { MessageGuids } from './message-guids.js'
import { type MessageRow, selectMessages } from './message-rows.js'
import { hasCaption, isKnown, kindOf, messageTypes } from './message-types.js'
import { quotedStanza } from './quoted-stanza.js'

/** What the messages of a ChatStorage.sqlite are told with. */
export interface MessageContext {
  /** Name of the app. */
  readonly service: string
  /** Goes before the names of its tables: rows of two apps may have one number. */
  readonly prefix: string
  readonly chats: ChatGuids
  readonly guids: MessageGuids
  readonly phoneByLid: PhoneByLid
}

/** The messages of ChatStorage.sqlite, whose table of messages has these columns. */
export function openMessages(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
  context: MessageContext,
): RecordTable {
  const select = database.guard(() => selectMessages(database, columns))
  return {
    total: () => database.count('ZWAMESSAGE'),
    page(after, limit) {
      const messages = database.guard(() => select(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit))
      const last = messages.at(-1)?.[0]
      if (last === undefined) return null
      return {
        position: [last],
        records: messages.map((row) =>
          recordOf('message', `${context.prefix}.ZWAMESSAGE`, row[0], () => messageOf(row, context)),
        ),
      }
    },
  }
}

function messageOf(row: MessageRow, context: MessageContext): MessageRecord {
  const [id, chat, stanza, fromMe, typeValue, sentAtValue, fromJid, memberJid, , , , , , metadata] = row
  const { chats, guids, phoneByLid } = context
  const guid = guids.of({ row: id, chat, stanza })
  const name = typeof chat === 'number' ? chats.name(chat) : undefined
  const isFromMe = (numberOf(fromMe) ?? 0) !== 0
  const type = numberOf(typeValue)
  const kind = kindOf(type)
  const sentAt = numberOf(sentAtValue)
  const sender = isFromMe ? null : senderJid(textOf(memberJid), textOf(fromJid), name?.jid ?? null)
  return {
    type: 'message',
    key: guid,
    guid,
    chatGuid: name?.guid ?? null,
    otherChatGuids: [],
    sender: sender === null ? null : handleOfJid(sender, phoneByLid),
    isFromMe,
    sentAt: sentAt === null ? null : wholeMillis(sentAt),
    readAt: null,
    deliveredAt: null,
    editedAt: null,
    kind,
    service: context.service,
    subject: null,
    ...wordsOf(row, type),
    replyToGuid: replyOf(metadata, chat, guids),
    effect: null,
    balloon: null,
    groupTitle: null,
    isDeleted: false,
    edits: [],
    reaction: null,
    replyToPart: null,
    target: null,
    // A message of WhatsApp is one part.
    unsentParts: kind === 'unsent' ? [0] : [],
    deletedAt: null,
    deletedParts: [],
    event: kind === 'system' ? { kind: 'other', handle: null } : null,
    linkPreview: null,
    app: null,
    audio: null,
    mentions: [],
    isScheduled: false,
  }
}

/** In a group the message comes from the group, and the member is told beside it; else it comes from the other. */
function senderJid(member: string | null, from: string | null, chat: string | null): string | null {
  const candidates = [member, from, chat].filter((jid) => jid !== null)
  return candidates.find((jid) => !isGroupJid(jid)) ?? null
}

/** The words of a message: its text, the caption of its picture, the name on a contact card, or a place. */
function wordsOf(row: MessageRow, type: number | null): { text: string | null; textState: TextState } {
  const [, , , , , , , , textValue, title, cardName, latitude, longitude] = row
  const text = textOf(textValue) ?? (hasCaption(type) ? textOf(title) : null)
  if (text !== null) return { text, textState: 'plain' }
  const decoded =
    type === messageTypes.contact
      ? namesOnCard(cardName)
      : type === messageTypes.location
        ? placeOf(textOf(title), numberOf(latitude), numberOf(longitude))
        : null
  if (decoded !== null) return { text: decoded, textState: 'decoded' }
  return { text: null, textState: isKnown(type) ? 'none' : 'undecodable' }
}

/** Several cards in one message have their names in one column, with a separator between. */
function namesOnCard(value: SqlValue): string | null {
  return textOf(value)?.split('_$!<Name-Separator>!$_').join(', ') ?? null
}

/** A place as its name and its `geo:` address (RFC 5870). */
function placeOf(title: string | null, latitude: number | null, longitude: number | null): string | null {
  const geo = latitude === null || longitude === null ? null : `geo:${latitude},${longitude}`
  const parts = [title, geo].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(' ')
}

/** The message that this one answers. Metadata that cannot be read says nothing about the message itself. */
function replyOf(metadata: SqlValue, chat: SqlValue, guids: MessageGuids): string | null {
  const bytes = bytesOf(metadata)
  const stanza = bytes === null ? null : quotedStanza(bytes)
  return stanza?.ok === true && stanza.value !== null ? guids.ofStanza(chat, stanza.value) : null
}
