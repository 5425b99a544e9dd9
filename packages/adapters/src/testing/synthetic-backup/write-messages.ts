import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BackupWriter } from './folder/backup-writer.js'
import { AttachmentMaker, type MadeAttachment } from './messages/attachment-maker.js'
import { composeWithAttachments } from './messages/attachment-messages.js'
import { type AttachmentGroup, planAttachments } from './messages/attachment-plan.js'
import type { Conversations } from './messages/conversations.js'
import { MessageComposer } from './messages/message-composer.js'
import { type MessageDraft, messageRecord } from './messages/message-draft.js'
import { scheduleMessages } from './messages/message-schedule.js'
import { messageSchema } from './messages/message-schema.js'
import { MessagesDatabase } from './messages/messages-database.js'
import type { ResolvedOptions } from './options.js'
import type { AttachmentTruth, TruthCollector } from './truth.js'
import { messagesFile } from './well-known-files.js'

/** How long the event loop may be kept, so that blobs are written meanwhile and hosts stay alive. */
const messagesPerTurn = 250

/**
 * Writes sms.db and all attachments into the backup, and tells the truth of messages and attachments, in this order. Resolves with
 * the guid of the first message of each scenario and anomaly that was planted.
 */
export async function writeMessages(
  options: ResolvedOptions,
  backup: BackupWriter,
  conversations: Conversations,
  truth: TruthCollector,
): Promise<Readonly<Record<string, string>>> {
  const database = new MessagesDatabase(backup.blobPath(messagesFile), {
    openSqlite: options.openSqlite,
    schema: messageSchema(options.schema),
    random: options.random.fork('database'),
  })
  let planted: Readonly<Record<string, string>>
  try {
    database.addConversations(conversations)
    planted = await new MessageRun(options, backup, conversations, truth, database).write()
    database.finish()
  } catch (error) {
    database.abandon()
    throw error
  }
  await backup.adoptFile(messagesFile, { sizeShortBy: options.anomalies.databaseSizeShortBy })
  return planted
}

/** One pass over the messages of a backup, with the attachments that come with them. */
class MessageRun {
  readonly #options: ResolvedOptions
  readonly #truth: TruthCollector
  readonly #database: MessagesDatabase
  readonly #composer: MessageComposer
  readonly #attachments: AttachmentMaker
  readonly #groups: readonly AttachmentGroup[]
  readonly #attachmentTruth: { readonly rowid: number; readonly record: AttachmentTruth }[] = []
  /** What is inside of attachments that are folders, which follows all attachments. */
  readonly #insideTruth: { readonly rowid: number; readonly record: AttachmentTruth }[] = []
  /** Made for the message before, and put on the next one too. */
  #carried: MadeAttachment[] = []
  #nextGroup = 0

  constructor(
    options: ResolvedOptions,
    backup: BackupWriter,
    conversations: Conversations,
    truth: TruthCollector,
    database: MessagesDatabase,
  ) {
    const { random, schema: version, anomalies, messages: count } = options
    this.#options = options
    this.#truth = truth
    this.#database = database
    this.#composer = new MessageComposer({ random: random.fork('messages'), version, conversations, count })
    this.#attachments = new AttachmentMaker({
      backup,
      prepare: database.prepare,
      schema: messageSchema(version),
      random: random.fork('attachments'),
      sizes: options.sizes,
    })
    this.#groups = planAttachments(random.fork('attachment plan'), options.attachments, anomalies, version)
  }

  async write(): Promise<Readonly<Record<string, string>>> {
    const { messages, random, schema: version, anomalies } = this.#options
    const schedule = scheduleMessages({
      random: random.fork('schedule'),
      count: messages,
      version,
      anomalies,
    })
    const freePlaces = messages - schedule.planted.size
    const firstOf: Record<string, string> = {}
    let free = 0
    for (let index = 0; index < messages; index++) {
      this.#composer.begin(index)
      const planted = schedule.planted.get(index)
      if (planted === undefined) {
        free++
        const due = Math.floor((free * this.#groups.length) / freePlaces)
        const draft = this.#withAttachments(due)
        this.#add(draft ?? schedule.compose(this.#composer))
      } else {
        this.#add(planted.compose(this.#composer))
        firstOf[planted.name] ??= this.#composer.guid
      }
      if (index % messagesPerTurn === 0) {
        this.#options.onProgress({ done: index, total: messages })
        await nextTurn()
      }
    }
    for (const group of this.#groups.slice(this.#nextGroup)) this.#makeLoose(group)
    // Messages come in the order of their row ids, so a stable sort leaves each attachment's messages in that order.
    this.#attachmentTruth.sort((a, b) => a.rowid - b.rowid)
    for (const { record } of this.#attachmentTruth) this.#truth.attachment(record)
    this.#insideTruth.sort((a, b) => a.rowid - b.rowid)
    for (const { record } of this.#insideTruth) this.#truth.attachment(record)
    this.#options.onProgress({ done: messages, total: messages })
    return firstOf
  }

  #add(draft: MessageDraft): void {
    this.#database.addMessage(draft)
    this.#truth.message(messageRecord(draft))
    this.#composer.remember(draft)
  }

  /** A message with the attachment groups up to `due` and what the message before carries over; null when there are none. */
  #withAttachments(due: number): MessageDraft | null {
    const taken: AttachmentGroup[] = []
    for (const group of this.#groups.slice(this.#nextGroup, due)) {
      if (group.purpose === 'on-no-message') this.#makeLoose(group)
      else taken.push(group)
    }
    this.#nextGroup = due
    const carried = this.#carried
    this.#carried = []
    if (taken.length === 0 && carried.length === 0) return null

    const composer = this.#composer
    const isFromMe = composer.random.chance(0.45)
    const owner = { guid: composer.guid, isFromMe, sentAt: composer.sent.ms }
    const attachments = [...carried]
    for (const group of taken) {
      for (const planned of group.attachments) {
        const made = this.#attachments.make(planned, owner, attachments.length)
        attachments.push(made)
        if (group.purpose === 'on-two-messages' && this.#carried.length === 0) this.#carried.push(made)
      }
    }
    const only = taken.length === 1 && carried.length === 0 ? taken[0]?.purpose : undefined
    const guids = attachments.map(({ guid }) => guid)
    const draft = composeWithAttachments(composer, only ?? 'files', guids, isFromMe)
    for (const made of attachments) {
      const { rowid } = made
      const part = draft.body.attachmentParts.get(made.guid) ?? null
      this.#database.addAttachment(composer.rowid, rowid)
      this.#attachmentTruth.push({ rowid, record: made.truthOn(composer.guid, part) })
      if (carried.includes(made)) continue
      this.#insideTruth.push(...made.truthInside(composer.guid, part).map((record) => ({ rowid, record })))
    }
    return draft
  }

  /** Writes attachments that no message has. */
  #makeLoose(group: AttachmentGroup): void {
    for (const [part, planned] of group.attachments.entries()) {
      const owner = { guid: this.#composer.guid, isFromMe: true, sentAt: this.#composer.sent.ms }
      const made = this.#attachments.make(planned, owner, part)
      const { rowid } = made
      this.#attachmentTruth.push({ rowid, record: made.truthOn(null, null) })
      this.#insideTruth.push(...made.truthInside(null, null).map((record) => ({ rowid, record })))
    }
  }
}
