import { phrase } from '../messages/phrases.js'
import type { Random } from '../random.js'
import type { PlannedChat } from './chat-plan.js'
import type { PlannedMedia, PlannedMessage } from './planned-message.js'
import { common, type Scenario, scenarios } from './scenarios.js'

/** Makes the next message, with the earlier ones of its conversation at hand. */
export class MessagePlanner {
  readonly #random: Random
  readonly #chats: readonly PlannedChat[]
  readonly #from: number
  readonly #step: number
  readonly #last = new Map<PlannedChat, PlannedMessage>()
  #first: PlannedMessage | null = null
  #pk = 0
  #mediaPk = 0
  #index = 0

  constructor(random: Random, chats: readonly PlannedChat[], options: { takenAt: number; count: number }) {
    this.#random = random
    this.#chats = chats
    this.#step = Math.floor(150_000_000_000 / Math.max(1, options.count))
    this.#from = options.takenAt - this.#step * options.count - 60_000
  }

  /** Plans `count` messages: first one of each scenario, then texts and files. */
  plan(count: number): PlannedMessage[] {
    const planned: PlannedMessage[] = []
    for (; this.#index < count; this.#index++) {
      this.#pk += this.#random.chance(0.03) ? 2 : 1
      const message = this.#next(scenarios[this.#index] ?? this.#random.pick(common))
      planned.push(message)
      this.#first ??= message
      if (message.chat !== null) this.#last.set(message.chat, message)
    }
    return planned
  }

  /** Plans a file on a message that was deleted since. */
  planOrphan(): PlannedMedia {
    const content = this.#random.bytes(77)
    return this.#media({ localPath: 'Media/gone/9.jpg', mimeType: 'image/jpeg', content, name: '9.jpg' })
  }

  #media(details: Partial<PlannedMedia>): PlannedMedia {
    this.#mediaPk += this.#random.chance(0.05) ? 2 : 1
    return { ...noMedia, pk: this.#mediaPk, ...details }
  }

  #next(scenario: Scenario): PlannedMessage {
    const random = this.#random
    const isGroup = scenario.inGroup ?? random.chance(0.4)
    const fitting = this.#chats.filter((chat) => (isGroup ? chat.members.length > 0 : chat.person !== null))
    const chat = scenario.inNoChat || fitting.length === 0 ? null : random.pick(fitting)
    const isFromMe = scenario.isFromMe ?? (chat === null || random.chance(0.45))
    const text = phrase(random)
    const before = chat === null ? null : (this.#last.get(chat) ?? null)
    const base: PlannedMessage = {
      pk: this.#pk,
      chat,
      stanza: `${random.chance(0.5) ? '3A' : '3EB0'}${random.hex(16).toUpperCase()}`,
      isFromMe,
      type: 0,
      at: this.#from + this.#index * this.#step + random.integer(0, 999),
      member: isFromMe || chat === null || chat.members.length === 0 ? null : random.pick(chat.members),
      text,
      media: [],
      expected: { kind: 'message', text, textState: 'plain', quoted: null },
    }
    const media = (details: Partial<PlannedMedia> = {}) => this.#media(details)
    return { ...base, ...scenario.change({ base, before, first: this.#first, random, media }) }
  }
}

const noMedia: PlannedMedia = {
  pk: 0,
  localPath: null,
  title: null,
  mimeType: null,
  cardName: null,
  place: null,
  metadata: null,
  content: null,
  name: null,
  unavailable: null,
}
