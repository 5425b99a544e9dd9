import { createHash } from 'node:crypto'
import type { AttachmentParent, MessageRecord } from '@holdfast/core/import'
import type { AttachmentTruth } from '../truth.js'
import type { WhatsAppApp } from '../well-known-files.js'
import { guidPrefixes } from './chat-plan.js'
import type { PlannedMedia, PlannedMessage } from './planned-message.js'

/** Types of messages that have a file. */
const fileTypes = new Set([1, 2, 3, 8, 11, 15])

/** What messages are known by, in the order of their rows. */
export class MessageNames {
  readonly #prefix: string
  readonly #seen = new Set<string>()

  constructor(app: WhatsAppApp) {
    this.#prefix = guidPrefixes[app]
  }

  /** The guid of the next message. */
  next({ pk, chat, stanza }: PlannedMessage): string {
    if (chat === null) return `${this.#prefix}::#${pk}`
    const plain = stanza === null || /[#:]/.test(stanza) ? null : `${chat.guid}:${stanza}`
    if (plain === null || this.#seen.has(plain)) return `${chat.guid}:#${pk}`
    this.#seen.add(plain)
    return plain
  }
}

/** What a reader should make of a message; null where its row cannot be read. `withMetadata` says whether the table has that column. */
export function messageRecord(
  message: PlannedMessage,
  guid: string,
  app: WhatsAppApp,
  withMetadata: boolean,
): MessageRecord | null {
  const { chat, isFromMe, at, member, expected } = message
  if (message.text instanceof Uint8Array) return null
  return {
    type: 'message',
    key: guid,
    guid,
    chatGuid: chat?.guid ?? null,
    otherChatGuids: [],
    sender: isFromMe ? null : (member?.person.handle ?? chat?.person?.handle ?? null),
    isFromMe,
    sentAt: at,
    readAt: null,
    deliveredAt: null,
    editedAt: null,
    kind: expected.kind,
    service: app,
    subject: null,
    text: expected.text,
    textState: expected.textState,
    replyToGuid:
      withMetadata && chat !== null && expected.quoted !== null ? `${chat.guid}:${expected.quoted}` : null,
    effect: null,
    balloon: null,
    groupTitle: null,
    isDeleted: false,
    edits: [],
    reaction: null,
    replyToPart: null,
    target: null,
    unsentParts: expected.kind === 'unsent' ? [0] : [],
    deletedAt: null,
    deletedParts: [],
    event: expected.kind === 'system' ? { kind: 'other', handle: null } : null,
    linkPreview: null,
    app: null,
    audio: null,
    mentions: [],
    isScheduled: false,
  }
}

/** What a reader should make of the media of a message. */
export function mediaTruth(message: PlannedMessage, guid: string): AttachmentTruth[] {
  const files = message.media.filter(
    ({ localPath }) => (localPath ?? '') !== '' || fileTypes.has(message.type),
  )
  return files.map((media, index) =>
    truthOf(media, {
      guid: index === 0 ? `${guid}:media` : `${guid}:media#${media.pk}`,
      parent: { type: 'message', key: guid },
      isSticker: message.type === 15,
      part: index === 0 ? 0 : null,
    }),
  )
}

/** What a reader should make of a file that is on no message. */
export function orphanTruth(media: PlannedMedia, app: WhatsAppApp): AttachmentTruth {
  return truthOf(media, {
    guid: `${guidPrefixes[app]}::media#${media.pk}`,
    parent: null,
    isSticker: false,
    part: null,
  })
}

function truthOf(
  { content, name, mimeType, unavailable }: PlannedMedia,
  place: {
    readonly guid: string
    readonly parent: AttachmentParent | null
    readonly isSticker: boolean
    readonly part: number | null
  },
): AttachmentTruth {
  const isThere = unavailable === null && content !== null
  return {
    type: 'attachment',
    key: `${place.guid}@${place.parent?.key ?? ''}`,
    name,
    mimeType,
    uti: null,
    createdAt: null,
    claimedBytes: content?.length ?? null,
    unavailable,
    ...place,
    sha256: isThere ? createHash('sha256').update(content).digest('hex') : null,
    bytes: isThere ? content.length : null,
  }
}
