import type { ImportCounts, OutcomeCounts } from './receipt.js'
import type { ItemOutcome, ItemType, SkipReason } from './records.js'
import type { StoredItem } from './storage.js'

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

  /** Counts an item as it was read back. One whose row is gone and that was unreadable is told by its key, `<of>:<table>:<row>`. */
  addItem({ type, key, record, outcome, reason, content }: StoredItem): void {
    const known = type === 'unreadable' ? unreadableType(key, record) : type
    if (known !== null) this.add({ type: known, outcome, reason, bytes: content?.bytes ?? 0 })
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

function unreadableType(key: string, record: StoredItem['record']): ItemType | null {
  const of = record?.type === 'unreadable' ? record.of : key.slice(0, key.indexOf(':'))
  return itemTypes.find((each) => each === of) ?? null
}

const itemTypes = [
  'chat',
  'message',
  'contact',
  'attachment',
  'call',
  'voicemail',
] as const satisfies readonly ItemType[]

function zero(): Writable<OutcomeCounts> {
  return { stored: 0, present: 0, skipped: 0, failed: 0 }
}
