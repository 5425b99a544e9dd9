import type { ImportCounts, OutcomeCounts } from './receipt.js'
import type { ImportRecord, ItemOutcome, SkipReason } from './records.js'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Counts items of an import by kind, outcome and reason. */
export class ImportTally {
  readonly #chats = zero()
  readonly #messages = zero()
  readonly #contacts = zero()
  readonly #attachments = zero()
  #bytes = 0
  readonly #reasons: { [reason in SkipReason]?: number } = {}

  /** Counts one item; `of` says what an unreadable row would have been. */
  add(item: {
    readonly type: ImportRecord['type']
    readonly of?: 'chat' | 'message' | 'attachment' | 'contact'
    readonly outcome: ItemOutcome
    readonly reason: SkipReason | null
    readonly bytes: number
  }): void {
    const counts = this.#of(item.type === 'unreadable' ? item.of : item.type)
    counts[item.outcome] += 1
    if (item.type !== 'attachment') return
    this.#bytes += item.bytes
    if (item.outcome === 'skipped' && item.reason !== null) {
      this.#reasons[item.reason] = (this.#reasons[item.reason] ?? 0) + 1
    }
  }

  get counts(): ImportCounts {
    return {
      chats: { ...this.#chats },
      messages: { ...this.#messages },
      contacts: { ...this.#contacts },
      attachments: { ...this.#attachments, bytes: this.#bytes, reasons: { ...this.#reasons } },
    }
  }

  #of(kind: 'chat' | 'message' | 'attachment' | 'contact' | undefined): Writable<OutcomeCounts> {
    if (kind === 'chat') return this.#chats
    if (kind === 'attachment') return this.#attachments
    return kind === 'contact' ? this.#contacts : this.#messages
  }
}

function zero(): Writable<OutcomeCounts> {
  return { stored: 0, present: 0, skipped: 0, failed: 0 }
}
