import type { OpenSqlite } from '../../../sqlite/driver.js'
import type { BackupWriter } from '../folder/backup-writer.js'
import { generations, isSince, type SchemaVersion } from '../folder/generations.js'
import type { Random } from '../random.js'
import { type TruthCollector, unreadableTruth } from '../truth.js'
import { type BackupFile, type WhatsAppApp, whatsAppDomains, whatsAppFile } from '../well-known-files.js'
import { chatRecord, guidPrefixes, planChats } from './chat-plan.js'
import { type ChatStorage, hasMetadata, writeChatStorage } from './chat-storage.js'
import { MessagePlanner } from './message-plan.js'
import { makeWhatsAppPeople } from './people.js'
import { writeContactsV2, writeLidDatabase } from './people-databases.js'
import type { PlannedMedia } from './planned-message.js'
import { MessageNames, mediaTruth, messageRecord, orphanTruth } from './whatsapp-truth.js'

/** One of WhatsApp's apps in a backup. */
export interface SyntheticWhatsApp {
  /** @default 'WhatsApp' */
  readonly app?: WhatsAppApp
  /** Rows of `ZWAMESSAGE`; the first forty are one of each kind of message and of each oddity. */
  readonly messages: number
  /** Rows of `ZWACHATSESSION`; from six on, five are odd. @default 12 */
  readonly chats?: number
}

/** Writes the databases and media of one of WhatsApp's apps, and tells the truth of them in the order in which a reader reads. */
export async function writeWhatsApp(
  { app = 'WhatsApp', messages, chats: chatCount = 12 }: SyntheticWhatsApp,
  options: {
    readonly backup: BackupWriter
    readonly truth: TruthCollector
    readonly random: Random
    readonly openSqlite: OpenSqlite
    readonly version: SchemaVersion
  },
): Promise<void> {
  const { backup, truth, openSqlite, version } = options
  const random = options.random.fork(app)
  const people = makeWhatsAppPeople(random, 24, isSince(version, 'ios-16'))
  const chats = planChats(random.fork('chats'), chatCount, app, people)
  const { takenAt } = generations[version]
  const planner = new MessagePlanner(random.fork('messages'), chats, { takenAt, count: messages })
  const planned = planner.plan(messages)
  const storage: ChatStorage = {
    chats,
    messages: planned,
    orphans: messages > 0 ? [planner.planOrphan()] : [],
  }

  const file = (relativePath: string): BackupFile => ({ domain: whatsAppDomains[app], relativePath })
  writeChatStorage(backup.blobPath(whatsAppFile(app)), storage, { openSqlite, version })
  await backup.adoptFile(whatsAppFile(app))
  writeContactsV2(backup.blobPath(file('ContactsV2.sqlite')), people, openSqlite)
  await backup.adoptFile(file('ContactsV2.sqlite'))
  if (isSince(version, 'ios-16')) {
    writeLidDatabase(backup.blobPath(file('LID.sqlite')), people, openSqlite)
    await backup.adoptFile(file('LID.sqlite'))
  }
  for (const media of [...planned.flatMap((message) => message.media), ...storage.orphans]) {
    addFile(backup, media, file)
  }
  tellTruth(truth, app, { ...storage, withMetadata: hasMetadata(version) })
}

function addFile(
  backup: BackupWriter,
  { localPath, content, unavailable }: PlannedMedia,
  file: (relativePath: string) => BackupFile,
): void {
  if (localPath === null || content === null) return
  const path = localPath.replace(/^\//, '')
  const target = file(path.startsWith('Message/') ? path : `Message/${path}`)
  if (unavailable === null) backup.addFile(target, content)
  else if (unavailable === 'blob-missing') backup.addMissingBlob(target, content)
}

function tellTruth(
  truth: TruthCollector,
  app: WhatsAppApp,
  storage: ChatStorage & { readonly withMetadata: boolean },
): void {
  const names = new MessageNames(app)
  for (const chat of storage.chats) truth.whatsApp(chatRecord(chat, app))
  const guids = storage.messages.map((message) => names.next(message))
  for (const [index, message] of storage.messages.entries()) {
    const record = messageRecord(message, guids[index] ?? '', app, storage.withMetadata)
    truth.whatsApp(record ?? unreadableTruth('message', `${guidPrefixes[app]}.ZWAMESSAGE`, message.pk))
  }
  for (const [index, message] of storage.messages.entries()) {
    for (const media of mediaTruth(message, guids[index] ?? '')) truth.whatsApp(media)
  }
  for (const media of storage.orphans) truth.whatsApp(orphanTruth(media, app))
}
