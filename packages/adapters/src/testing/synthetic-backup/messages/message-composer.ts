import { cocoaEpochSeconds, type Instant } from '../folder/apple-time.js'
import { type Generation, generations, isSince, type SchemaVersion } from '../folder/generations.js'
import type { Random } from '../random.js'
import type { Chat, Conversations, Handle } from './conversations.js'
import {
  archivedBody,
  type MessageBody,
  mentionRuns,
  plainBody,
  textRuns,
  withoutColumn,
} from './message-body.js'
import type { MessageDraft } from './message-draft.js'
import { phrase } from './phrases.js'

/** A message that a later one may answer. */
export interface Target {
  readonly guid: string
  readonly text: string
}

const remembered = 6
const millisecondsPerMessage = 40 * 60_000
const longestSpan = 8 * 365 * 86_400_000

/**
 * Drafts messages one after the other, in the order of their row ids: picks the chat (a few are busy, most are quiet), the
 * sender, the moment and the wording, and remembers what was said, so that replies and tapbacks have targets.
 */
export class MessageComposer {
  readonly random: Random
  readonly version: SchemaVersion
  readonly conversations: Conversations
  readonly #generation: Generation
  readonly #count: number
  readonly #cumulative: readonly number[]
  readonly #recent = new Map<number, Target[]>()
  #rowid = 0
  #guid = ''
  #sent: Instant

  constructor(options: {
    readonly random: Random
    readonly version: SchemaVersion
    readonly conversations: Conversations
    readonly count: number
  }) {
    this.random = options.random
    this.version = options.version
    this.conversations = options.conversations
    this.#generation = generations[options.version]
    this.#sent = { ms: this.#generation.takenAt, nanos: 0 }
    this.#count = options.count
    this.#cumulative = busyness(this.random.fork('busyness'), options.conversations.chats.length)
  }

  /** Moves on to the next message. `index` counts from 0. */
  begin(index: number): void {
    const { random } = this
    this.#rowid += random.chance(0.004) ? random.integer(2, 4) : 1
    this.#guid = random.uuid()
    const span = Math.min(longestSpan, this.#count * millisecondsPerMessage)
    let ms = this.#generation.takenAt - 120_000 - span * (1 - (index + random.fraction()) / this.#count)
    // Messages that arrive late from the cloud get a row id that is younger than their date.
    if (random.chance(0.01)) ms -= random.integer(1, 5 * 86_400_000)
    this.#sent = { ms: Math.floor(ms), nanos: random.chance(0.5) ? random.integer(1, 999_999) : 0 }
  }

  get rowid(): number {
    return this.#rowid
  }

  get guid(): string {
    return this.#guid
  }

  get sent(): Instant {
    return this.#sent
  }

  /** A moment up to an hour after the message. */
  later(): Instant {
    return { ms: this.#sent.ms + this.random.integer(400, 3_600_000), nanos: this.#sent.nanos }
  }

  /** A moment `steps` minutes or more after the message, in Cocoa seconds with eighths. */
  editTime(steps: number): number {
    const sent = Math.floor(this.#sent.ms / 1000) - cocoaEpochSeconds
    return sent + steps * 60 + this.random.integer(0, 30) + this.random.integer(0, 7) / 8
  }

  /** A chat, busy ones more often; null when there is none. */
  chat(): Chat | null {
    const { chats } = this.conversations
    const total = this.#cumulative.at(-1) ?? 0
    const wanted = this.random.fraction() * total
    let low = 0
    let high = chats.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#cumulative[middle] ?? total) > wanted) high = middle
      else low = middle + 1
    }
    return chats[low] ?? null
  }

  /** A group chat, or any when there is no group. */
  group(): Chat | null {
    const groups = this.conversations.chats.filter((chat) => chat.isGroup)
    return groups.length > 0 ? this.random.pick(groups) : this.chat()
  }

  /** A handle, of whatever chat; null when there is none. */
  handle(): Handle | null {
    const { handles } = this.conversations
    return handles.length > 0 ? this.random.pick(handles) : null
  }

  /** A chat and an earlier message in it; while nothing was said yet, a message that the database does not hold. */
  target(): { readonly chat: Chat | null; readonly target: Target } {
    for (let attempt = 0; attempt < 4; attempt++) {
      const chat = this.chat()
      const recent = chat === null ? undefined : this.#recent.get(chat.rowid)
      if (chat !== null && recent !== undefined) return { chat, target: this.random.pick(recent) }
    }
    return { chat: this.chat(), target: { guid: this.random.uuid(), text: 'See you there' } }
  }

  /** An ordinary message, or one that differs from it in some ways. */
  draft(changes: Partial<MessageDraft> = {}, chat: Chat | null = this.chat()): MessageDraft {
    const { random } = this
    const isFromMe = changes.isFromMe ?? random.chance(0.45)
    const service = changes.service !== undefined ? changes.service : (chat?.service ?? 'iMessage')
    const handle = this.#handleFor(chat, isFromMe)
    const body = changes.body ?? this.body(phrase(random), { isFromMe, chat })
    const arrives = isFromMe && service !== 'SMS' && random.chance(0.9)
    return {
      rowid: this.#rowid,
      guid: this.#guid,
      chats: chat === null ? [] : [chat],
      isDeleted: false,
      isFromMe,
      handleId: handle?.rowid ?? 0,
      handle,
      dateUnit: this.#generation.dateUnit,
      sent: this.#sent,
      read: random.chance(isFromMe ? 0.4 : 0.8) ? this.later() : null,
      delivered: arrives ? this.later() : null,
      edited: null,
      noDate: this.#rowid % 7 === 0 ? null : 0,
      service,
      subject: random.chance(0.005) ? 'Betreff: Fähre' : null,
      kind: 'message',
      audio: null,
      itemType: 0,
      groupActionType: 0,
      shareStatus: 0,
      otherHandleId: 0,
      event: null,
      groupTitle: null,
      associatedType: 0,
      associatedGuid: null,
      associatedEmoji: null,
      reaction: null,
      target: null,
      balloon: null,
      payload: null,
      linkPreview: null,
      app: null,
      effect: null,
      previousGuid: chat === null ? null : (this.#recent.get(chat.rowid)?.at(-1)?.guid ?? null),
      originatorGuid: null,
      originatorPart: 0,
      summary: null,
      edits: [],
      unsentParts: [],
      deleted: null,
      deletedParts: [],
      isScheduled: false,
      attachments: 0,
      ...changes,
      body: isSince(this.version, 'ios-26') ? withoutColumn(body) : body,
    }
  }

  /** A text in one of the ways in which this generation keeps texts; from iOS 16 on, often in `attributedBody` alone. */
  body(text: string, of: { readonly isFromMe: boolean; readonly chat: Chat | null }): MessageBody {
    const { random } = this
    const modern = isSince(this.version, 'ios-16')
    const way = random.fraction()
    if (way < (modern ? 0.15 : 0.25)) return plainBody(text)
    const mutable = of.isFromMe
    const mentions = isSince(this.version, 'ios-15') && of.chat?.isGroup === true && random.chance(0.05)
    const detected = random.chance(0.05) ? random.bytes(random.integer(40, 300)) : undefined
    const runs = mentions
      ? mentionRuns('Hey ', '@Zoë', of.chat?.members[0]?.id ?? '', `: ${text}`)
      : textRuns(text, detected)
    const whole = runs.map((run) => run.text).join('')
    return archivedBody(runs, way < (modern ? 0.55 : 0.3) ? null : whole, { mutable })
  }

  /** Lets later messages answer this one. */
  remember(draft: MessageDraft): void {
    const chat = draft.chats[0]
    if (chat === undefined || draft.kind !== 'message' || draft.isDeleted || draft.body.text === null) return
    const recent = this.#recent.get(chat.rowid) ?? []
    recent.push({ guid: draft.guid, text: beginning(draft.body.text, 40) })
    if (recent.length > remembered) recent.shift()
    this.#recent.set(chat.rowid, recent)
  }

  /** Own messages name the other one in some direct chats, and nobody (0) elsewhere. */
  #handleFor(chat: Chat | null, isFromMe: boolean): Handle | null {
    if (chat === null || chat.members.length === 0) return null
    if (!isFromMe) return this.random.pick(chat.members)
    return !chat.isGroup && this.random.chance(0.6) ? (chat.members[0] ?? null) : null
  }
}

/** The beginning of a text, in UTF-16 units, without half a surrogate pair at its end. */
function beginning(text: string, count: number): string {
  return text.slice(0, count).replace(/[\uD800-\uDBFF]$/, '')
}

/** Cumulative weights: the first of the shuffled ranks gets most. */
function busyness(random: Random, chats: number): number[] {
  const ranks = random.shuffle(Array.from({ length: chats }, (_, index) => index + 1))
  let sum = 0
  return ranks.map((rank) => {
    sum += 1 / rank
    return sum
  })
}
