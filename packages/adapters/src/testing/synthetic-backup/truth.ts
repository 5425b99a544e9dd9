import { closeSync, openSync, writeFileSync } from 'node:fs'
import type {
  AttachmentRecord,
  CallRecord,
  ChatRecord,
  ContactRecord,
  ItemType,
  MessageRecord,
  UnreadableRecord,
  VoicemailRecord,
} from '@holdfast/core/import'

/** An attachment and the content that a reader should find for it; both null where the content is unavailable. */
export type AttachmentTruth = AttachmentRecord & {
  /** Lower-case hex. */
  readonly sha256: string | null
  readonly bytes: number | null
}

/**
 * What a reader should make of a synthetic backup, known from the plan of it. Every list is in the order of row ids; attachments
 * by (attachment, message), and behind them the files inside of those that are folders. `text` keeps the U+FFFC and U+FFFD that stand for attachments and apps.
 */
export interface BackupTruth {
  readonly contacts: readonly ContactRecord[]
  /** Photos, then thumbnails. */
  readonly contactImages: readonly AttachmentTruth[]
  readonly chats: readonly ChatRecord[]
  readonly messages: readonly MessageRecord[]
  readonly attachments: readonly AttachmentTruth[]
  readonly calls: readonly (CallRecord | UnreadableRecord)[]
  readonly voicemails: readonly (VoicemailRecord | UnreadableRecord)[]
  /** Recordings of the voicemails. */
  readonly recordings: readonly AttachmentTruth[]
  /** Conversations, messages and media of WhatsApp, app by app. */
  readonly whatsApp: readonly (ChatRecord | MessageRecord | AttachmentTruth | UnreadableRecord)[]
}

/** What a reader should make of a row that it cannot read. The problem is left empty: that is for the reader to word. */
export function unreadableTruth(of: ItemType, table: string, row: number): UnreadableRecord {
  return { type: 'unreadable', key: `${of}:${table}:${row}`, of, table, row: String(row), problem: '' }
}

/** How many records there are of each kind, unreadable ones included. */
export interface TruthCounts {
  readonly contacts: number
  readonly chats: number
  readonly messages: number
  /** One for each message that an attachment is on, one for each attachment on none, and one for each file inside of a folder. */
  readonly attachments: number
  readonly calls: number
  readonly voicemails: number
}

type TruthRecord =
  | ContactRecord
  | ChatRecord
  | MessageRecord
  | AttachmentTruth
  | CallRecord
  | VoicemailRecord
  | UnreadableRecord

const bufferedCharacters = 1 << 20

/** Takes the expected records as they are made: into arrays, into a file of JSON lines, both, or neither. Always counts them. */
export class TruthCollector {
  readonly #keep: boolean
  readonly #file: number | null
  #pending = ''
  readonly #truth = {
    contacts: [] as ContactRecord[],
    contactImages: [] as AttachmentTruth[],
    chats: [] as ChatRecord[],
    messages: [] as MessageRecord[],
    attachments: [] as AttachmentTruth[],
    calls: [] as (CallRecord | UnreadableRecord)[],
    voicemails: [] as (VoicemailRecord | UnreadableRecord)[],
    recordings: [] as AttachmentTruth[],
    whatsApp: [] as (ChatRecord | MessageRecord | AttachmentTruth | UnreadableRecord)[],
  }
  readonly #counts = { contacts: 0, chats: 0, messages: 0, attachments: 0, calls: 0, voicemails: 0 }

  constructor(options: { readonly keep: boolean; readonly file: string | null }) {
    this.#keep = options.keep
    this.#file = options.file === null ? null : openSync(options.file, 'w')
  }

  get truth(): BackupTruth {
    return this.#truth
  }

  get counts(): TruthCounts {
    return { ...this.#counts }
  }

  contact(record: ContactRecord): void {
    this.#counts.contacts++
    if (this.#keep) this.#truth.contacts.push(record)
    this.#write(record)
  }

  contactImage(record: AttachmentTruth): void {
    this.#counts.attachments++
    if (this.#keep) this.#truth.contactImages.push(record)
    this.#write(record)
  }

  chat(record: ChatRecord): void {
    this.#counts.chats++
    if (this.#keep) this.#truth.chats.push(record)
    this.#write(record)
  }

  message(record: MessageRecord): void {
    this.#counts.messages++
    if (this.#keep) this.#truth.messages.push(record)
    this.#write(record)
  }

  attachment(record: AttachmentTruth): void {
    this.#counts.attachments++
    if (this.#keep) this.#truth.attachments.push(record)
    this.#write(record)
  }

  call(record: CallRecord | UnreadableRecord): void {
    this.#counts.calls++
    if (this.#keep) this.#truth.calls.push(record)
    this.#write(record)
  }

  voicemail(record: VoicemailRecord | UnreadableRecord): void {
    this.#counts.voicemails++
    if (this.#keep) this.#truth.voicemails.push(record)
    this.#write(record)
  }

  recording(record: AttachmentTruth): void {
    this.#counts.attachments++
    if (this.#keep) this.#truth.recordings.push(record)
    this.#write(record)
  }

  whatsApp(record: ChatRecord | MessageRecord | AttachmentTruth | UnreadableRecord): void {
    const type = record.type === 'unreadable' ? record.of : record.type
    if (type === 'chat') this.#counts.chats++
    else if (type === 'message') this.#counts.messages++
    else this.#counts.attachments++
    if (this.#keep) this.#truth.whatsApp.push(record)
    this.#write(record)
  }

  /** Writes what is pending and closes the file. Repeat calls are not allowed. */
  close(): void {
    if (this.#file === null) return
    this.#flush()
    closeSync(this.#file)
  }

  #write(record: TruthRecord): void {
    if (this.#file === null) return
    this.#pending += `${JSON.stringify(record)}\n`
    if (this.#pending.length >= bufferedCharacters) this.#flush()
  }

  #flush(): void {
    if (this.#file !== null) writeFileSync(this.#file, this.#pending)
    this.#pending = ''
  }
}
