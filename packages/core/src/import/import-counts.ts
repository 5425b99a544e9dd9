import type { ImportCounts, OutcomeCounts } from './receipt.js'
import type { ItemOutcome, ItemType, SkipReason } from './records.js'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Counts items of an import by kind, outcome and reason. */
export class ImportTally {
  readonly #counts = {
    chat: zero(),
    message: zero(),
    contact: zero(),
    attachment: zero(),
    call: zero(),
    voicemail: zero(),
  } satisfies Record<ItemType, Writable<OutcomeCounts>>
  #bytes = 0
  readonly #reasons: { [reason in SkipReason]?: number } = {}

  /** Counts one item; `type` says of an unreadable row what it would have been. */
  add(item: {
    readonly type: ItemType
    readonly outcome: ItemOutcome
    readonly reason: SkipReason | null
    readonly bytes: number
  }): void {
    this.#counts[item.type][item.outcome] += 1
    if (item.type !== 'attachment') return
    this.#bytes += item.bytes
    if (item.outcome === 'skipped' && item.reason !== null) {
      this.#reasons[item.reason] = (this.#reasons[item.reason] ?? 0) + 1
    }
  }

  get counts(): ImportCounts {
    const { chat, message, contact, attachment, call, voicemail } = this.#counts
    return {
      chats: { ...chat },
      messages: { ...message },
      contacts: { ...contact },
      calls: { ...call },
      voicemails: { ...voicemail },
      attachments: { ...attachment, bytes: this.#bytes, reasons: { ...this.#reasons } },
    }
  }
}

function zero(): Writable<OutcomeCounts> {
  return { stored: 0, present: 0, skipped: 0, failed: 0 }
}
