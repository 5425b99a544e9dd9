import { isAbsolute, relative, resolve } from 'node:path'
import { checkOptions, HoldfastError, type OptionRule, rule } from '@holdfast/core'
import type { OpenSqlite } from '../../sqlite/driver.js'
import { openTestSqlite } from '../open-sqlite.js'
import type { EncryptionOptions } from './folder/encryption.js'
import { isSince, type SchemaVersion, schemaVersions } from './folder/generations.js'
import type { PlistForm } from './folder/plist-form.js'
import { type AttachmentSizes, defaultSizes } from './messages/attachment-content.js'
import { Random } from './random.js'
import type { SyntheticWhatsApp } from './whatsapp/write-whatsapp.js'

/** What is wrong in a backup: counts, planted exactly. */
export interface BackupAnomalies {
  /** Attachments that the manifest does not list (`not-in-backup`). @default one in 100, from 20 attachments on */
  readonly notInBackup?: number
  /** Attachments that the manifest lists and the disk does not hold (`blob-missing`). @default 0 */
  readonly blobMissing?: number
  /** Attachments without a path (`no-path`). @default one in 200, from 20 attachments on */
  readonly noPath?: number
  /** Attachments that are a folder (`is-directory`), each with three files in it. @default 1 from 20 attachments on */
  readonly isDirectory?: number
  /** Attachments whose path leads out of the message folders by `../` (`invalid-path`). @default 3 from 20 attachments on */
  readonly invalidPath?: number
  /** Attachments of an encrypted backup that cannot be decrypted (`undecryptable`). @default 0 */
  readonly undecryptable?: number
  /** Attachments that the phone had moved to iCloud (`offloaded`), from `ios-11` on. @default one in 100, from 20 attachments on */
  readonly offloaded?: number
  /** Messages with text that cannot be decoded. @default 3 from 100 messages on */
  readonly undecodableTexts?: number
  /** Edited messages of which a wording cannot be decoded, from `ios-16` on. @default 1 from 100 messages on */
  readonly undecodableEdits?: number
  /** Calls whose row cannot be read. @default 1 from 20 calls on */
  readonly unreadableCalls?: number
  /** Voicemails whose row cannot be read. @default 1 from 20 voicemails on */
  readonly unreadableVoicemails?: number
  /** Recordings of voicemails that the manifest does not list (`not-in-backup`). @default 1 from 20 voicemails on */
  readonly recordingsNotInBackup?: number
  /** Recordings of voicemails that the manifest lists and the disk does not hold (`blob-missing`). @default 0 */
  readonly recordingsBlobMissing?: number
  /** Bytes by which the manifest's size of sms.db is too small, as on real phones. @default 0 */
  readonly databaseSizeShortBy?: number
}

/** All counts of anomalies. */
export type ResolvedAnomalies = Required<BackupAnomalies>

/** A backup in which nothing is missing or undecodable. */
export const noAnomalies: ResolvedAnomalies = {
  notInBackup: 0,
  blobMissing: 0,
  noPath: 0,
  isDirectory: 0,
  invalidPath: 0,
  undecryptable: 0,
  offloaded: 0,
  undecodableTexts: 0,
  undecodableEdits: 0,
  unreadableCalls: 0,
  unreadableVoicemails: 0,
  recordingsNotInBackup: 0,
  recordingsBlobMissing: 0,
  databaseSizeShortBy: 0,
}

/** What kind of backup to make, and where. */
export interface SyntheticBackupOptions {
  /** Folder in which the backup's folder is made; it is made itself where it is missing. */
  readonly into: string
  /** Equal seeds and options give equal backups, byte for byte. */
  readonly seed: number | string
  /** Rows of `message`. */
  readonly messages: number
  /** Rows of `attachment`. */
  readonly attachments: number
  /** Rows of `chat`. @default about the square root of the messages, 3 to 600 */
  readonly chats?: number
  /** Rows of `ABPerson`. @default as many as chats and 8 more */
  readonly contacts?: number
  /** Rows of the tables of contact images, as far as there are contacts for them. @default 0 */
  readonly contactImages?: number
  /** Rows of `ZCALLRECORD`; with 0 the backup has no call history, as one that is not encrypted. @default 0 */
  readonly calls?: number
  /** Rows of `voicemail`; with 0 the backup has no voicemail database. @default 0 */
  readonly voicemails?: number
  /** Apps of WhatsApp, each once. What is odd about its messages is planted in the first forty. @default none */
  readonly whatsApp?: readonly SyntheticWhatsApp[]
  /** Generation of sms.db. @default 'ios-18' */
  readonly schema?: SchemaVersion
  /**
   * Which list of files it has: that of iOS 10 and newer, or that of iOS 9 and older, with which blobs lie in the backup's folder
   * itself. @default what the generation has
   */
  readonly manifest?: 'Manifest.db' | 'Manifest.mbdb'
  /** Form of the property lists. @default 'usual' */
  readonly plists?: PlistForm
  /** Encrypts the backup; records and contents stay the same. @default a plain backup */
  readonly encryption?: EncryptionOptions
  /** The phone's identifier, which names the backup's folder: 40 hex digits or 8-16. @default made from the seed */
  readonly udid?: string
  /** SQLite to write with. @default the one of the tests */
  readonly openSqlite?: OpenSqlite
  readonly anomalies?: BackupAnomalies
  readonly attachmentBytes?: AttachmentSizes
  /** False leaves the lists of the truth empty, which saves memory at huge sizes; its counts remain. @default true */
  readonly truth?: boolean
  /** A file outside the backup for the truth as JSON lines: contacts, chats, messages, attachments, each in order. */
  readonly truthFile?: string
  /** Told now and then how many of the messages are written. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/** Options with everything decided. */
export interface ResolvedOptions {
  readonly path: string
  readonly udid: string
  readonly random: Random
  readonly messages: number
  readonly attachments: number
  readonly chats: number
  readonly contacts: number
  readonly contactImages: number
  readonly calls: number
  readonly voicemails: number
  readonly whatsApp: readonly SyntheticWhatsApp[]
  readonly schema: SchemaVersion
  readonly manifest: 'Manifest.db' | 'Manifest.mbdb'
  readonly plists: PlistForm
  /** Null for a plain backup. */
  readonly encryption: Required<EncryptionOptions> | null
  readonly openSqlite: OpenSqlite
  readonly anomalies: ResolvedAnomalies
  readonly sizes: Required<AttachmentSizes>
  readonly truth: boolean
  readonly truthFile: string | null
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void
}

const owner = 'makeSyntheticBackup'

const wholeNumber: OptionRule = {
  must: 'be a whole number of at least 0',
  test: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
}

const whatsAppRules: Readonly<Record<keyof SyntheticWhatsApp, OptionRule>> = {
  app: rule.oneOf('WhatsApp', 'WhatsApp Business'),
  messages: wholeNumber,
  chats: wholeNumber,
}

const rules: Readonly<Record<keyof SyntheticBackupOptions, OptionRule>> = {
  into: rule.string,
  seed: {
    must: 'be a number or a text',
    test: (value) => typeof value === 'number' || typeof value === 'string',
  },
  messages: wholeNumber,
  attachments: wholeNumber,
  chats: wholeNumber,
  contacts: wholeNumber,
  contactImages: wholeNumber,
  calls: wholeNumber,
  voicemails: wholeNumber,
  whatsApp: {
    must: 'be an array of objects, each with another app',
    test: (value) =>
      Array.isArray(value) &&
      value.every((each) => typeof each === 'object' && each !== null) &&
      new Set(value.map(({ app }: SyntheticWhatsApp) => app ?? 'WhatsApp')).size === value.length,
  },
  schema: rule.oneOf(...schemaVersions),
  manifest: rule.oneOf('Manifest.db', 'Manifest.mbdb'),
  plists: rule.oneOf('usual', 'xml', 'binary'),
  udid: {
    must: 'be 40 hex digits, or 8 and 16 with a hyphen between',
    test: (value) => typeof value === 'string' && /^([\da-f]{40}|[\da-f]{8}-[\da-f]{16})$/i.test(value),
  },
  encryption: rule.object,
  openSqlite: rule.function,
  anomalies: rule.object,
  attachmentBytes: rule.object,
  truth: rule.boolean,
  truthFile: rule.string,
  onProgress: rule.function,
}

const encryptionRules = {
  password: rule.string,
  generation: rule.oneOf('older', '10.2'),
  iterations: rule.count,
}

/**
 * Checks the options and fills in what they leave out.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function resolveOptions(options: SyntheticBackupOptions): ResolvedOptions {
  checkOptions(owner, options, rules, ['into', 'seed', 'messages', 'attachments'])
  checkOptions(`${owner}, anomalies`, options.anomalies ?? {}, wholeNumbers(noAnomalies))
  checkOptions(`${owner}, attachmentBytes`, options.attachmentBytes ?? {}, wholeNumbers(defaultSizes))
  for (const each of options.whatsApp ?? []) {
    checkOptions(`${owner}, whatsApp`, each, whatsAppRules, ['messages'])
  }
  const { messages, attachments, calls = 0, voicemails = 0, schema = 'ios-18' } = options
  const { manifest = isSince(schema, 'ios-10') ? 'Manifest.db' : 'Manifest.mbdb' } = options
  const encryption = resolveEncryption(options.encryption, manifest)
  const random = new Random(`synthetic backup ${options.seed}`)
  const udid = options.udid ?? makeUdid(random.fork('udid'))
  const path = resolve(options.into, udid)
  const truthFile = options.truthFile === undefined ? null : resolve(options.truthFile)
  if (truthFile !== null && isInside(path, truthFile)) throw invalid("'truthFile' must be outside the backup")
  const chats = options.chats ?? Math.min(600, Math.max(3, Math.round(Math.sqrt(messages))))
  return {
    path,
    udid,
    random,
    messages,
    attachments,
    chats,
    contacts: options.contacts ?? chats + 8,
    contactImages: options.contactImages ?? 0,
    calls,
    voicemails,
    whatsApp: options.whatsApp ?? [],
    schema,
    manifest,
    plists: options.plists ?? 'usual',
    encryption,
    openSqlite: options.openSqlite ?? openTestSqlite,
    anomalies: resolveAnomalies(options, schema),
    sizes: { ...defaultSizes, ...options.attachmentBytes },
    truth: options.truth ?? true,
    truthFile,
    onProgress: options.onProgress ?? (() => undefined),
  }
}

function resolveEncryption(
  options: EncryptionOptions | undefined,
  manifest: ResolvedOptions['manifest'],
): Required<EncryptionOptions> | null {
  if (options === undefined) return null
  checkOptions(`${owner}, encryption`, options, encryptionRules, ['password'])
  const old = manifest === 'Manifest.mbdb'
  const { password, generation = old ? 'older' : '10.2', iterations = 1000 } = options
  if (old && generation === '10.2') throw invalid('no phone of iOS 10.2 wrote Manifest.mbdb')
  return { password, generation, iterations }
}

function resolveAnomalies(options: SyntheticBackupOptions, schema: SchemaVersion): ResolvedAnomalies {
  const { attachments, messages, calls = 0, voicemails = 0 } = options
  const some = attachments >= 20
  const hasEdits = isSince(schema, 'ios-16')
  const hasCloud = isSince(schema, 'ios-11')
  const anomalies: ResolvedAnomalies = {
    ...noAnomalies,
    notInBackup: some ? Math.ceil(attachments / 100) : 0,
    noPath: some ? Math.ceil(attachments / 200) : 0,
    isDirectory: some ? 1 : 0,
    invalidPath: some ? 3 : 0,
    offloaded: some && hasCloud ? Math.ceil(attachments / 100) : 0,
    undecodableTexts: messages >= 100 ? 3 : 0,
    undecodableEdits: messages >= 100 && hasEdits ? 1 : 0,
    unreadableCalls: calls >= 20 ? 1 : 0,
    unreadableVoicemails: voicemails >= 20 ? 1 : 0,
    recordingsNotInBackup: voicemails >= 20 ? 1 : 0,
    ...options.anomalies,
  }
  const { notInBackup, blobMissing, noPath, isDirectory, invalidPath, undecryptable, offloaded } = anomalies
  if (undecryptable > 0 && options.encryption === undefined)
    throw invalid('a plain backup has nothing undecryptable')
  const odd = notInBackup + blobMissing + noPath + isDirectory + invalidPath + undecryptable + offloaded
  if (odd > attachments) {
    throw invalid('there are more anomalies of attachments than attachments')
  }
  if (anomalies.undecodableTexts + anomalies.undecodableEdits > messages) {
    throw invalid('there are more undecodable messages than messages')
  }
  const { unreadableCalls, unreadableVoicemails, recordingsNotInBackup, recordingsBlobMissing } = anomalies
  if (unreadableCalls > calls) throw invalid('there are more unreadable calls than calls')
  if (unreadableVoicemails + recordingsNotInBackup + recordingsBlobMissing > voicemails) {
    throw invalid('there are more anomalies of voicemails than voicemails')
  }
  if (anomalies.undecodableEdits > 0 && !hasEdits) throw invalid(`${schema} knows no edits`)
  if (offloaded > 0 && !hasCloud) throw invalid(`${schema} keeps no attachments in iCloud`)
  return anomalies
}

/** An identifier as phones have had it since the iPhone XS. */
function makeUdid(random: Random): string {
  return `00008120-00${random.hex(14).toUpperCase()}`
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return !way.startsWith('..') && !isAbsolute(way)
}

function wholeNumbers(named: Readonly<Record<string, number>>): Readonly<Record<string, OptionRule>> {
  return Object.fromEntries(Object.keys(named).map((name) => [name, wholeNumber]))
}

function invalid(problem: string): HoldfastError {
  return new HoldfastError('OPTION_INVALID', `${owner}: ${problem}`, { retryable: false })
}
