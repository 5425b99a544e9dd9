import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { writeCalls } from './calls/write-calls.js'
import { planContacts } from './contacts/contact-plan.js'
import { contactRecord } from './contacts/contact-truth.js'
import { writeContactsDatabase } from './contacts/contacts-database.js'
import { writeContactImages } from './contacts/write-contact-images.js'
import { BackupWriter } from './folder/backup-writer.js'
import { BackupEncryption } from './folder/encryption.js'
import { generations, isSince, type SchemaVersion } from './folder/generations.js'
import { MbdbManifestWriter } from './folder/mbdb-manifest-writer.js'
import { plistInForm } from './folder/plist-form.js'
import { type BackupIdentity, infoPlist, manifestPlist, statusPlist } from './folder/property-lists.js'
import { SqliteManifestWriter } from './folder/sqlite-manifest-writer.js'
import { chatRecord, planConversations } from './messages/conversations.js'
import { type ResolvedOptions, resolveOptions, type SyntheticBackupOptions } from './options.js'
import { type BackupTruth, TruthCollector, type TruthCounts } from './truth.js'
import { addUnrelatedFiles } from './unrelated-files.js'
import { writeVoicemails } from './voicemail/write-voicemails.js'
import { contactsFile } from './well-known-files.js'
import { writeWhatsApp } from './whatsapp/write-whatsapp.js'
import { writeMessages } from './write-messages.js'

/** A synthetic backup on disk, and what a reader should make of it. */
export interface SyntheticBackup {
  /** Absolute path of the backup's own folder, `<into>/<udid>`. */
  readonly path: string
  readonly udid: string
  readonly schema: SchemaVersion
  /** Empty lists when the option `truth` was false. */
  readonly truth: BackupTruth
  readonly counts: TruthCounts
  /** By name of an oddity, such as `stale-text` or `unsent`: guid of the message that was planted for it. */
  readonly planted: Readonly<Record<string, string>>
}

/**
 * Makes an iPhone backup as Finder leaves it, plain or encrypted: property lists, manifest and blobs, with messages, attachments and
 * contacts that are made up but odd in the ways of real ones, and tells what a reader should make of it. The same options give
 * the same bytes. Nothing is flushed to disk, so it does not survive a power failure; after an error nothing of it is left.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID` (also when the backup's folder exists already).
 */
export async function makeSyntheticBackup(options: SyntheticBackupOptions): Promise<SyntheticBackup> {
  const resolved = resolveOptions(options)
  const { path } = resolved
  await mkdir(dirname(path), { recursive: true })
  try {
    await mkdir(path)
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EEXIST') throw cause
    throw new HoldfastError('OPTION_INVALID', `There is something at ${path} already`, {
      hint: 'Choose another folder, seed or udid.',
      retryable: false,
      cause,
    })
  }
  try {
    return await build(resolved)
  } catch (error) {
    await rm(path, { recursive: true, force: true })
    throw error
  }
}

async function build(options: ResolvedOptions): Promise<SyntheticBackup> {
  const { path, udid, schema, random } = options
  const { takenAt } = generations[schema]
  const truth = new TruthCollector({ keep: options.truth, file: options.truthFile })
  const encryption =
    options.encryption === null ? null : new BackupEncryption(options.encryption, random.fork('encryption'))
  const backup = new BackupWriter(path, {
    manifest:
      options.manifest === 'Manifest.db'
        ? new SqliteManifestWriter(path, options.openSqlite)
        : new MbdbManifestWriter(path),
    encryption,
    random: random.fork('manifest'),
    takenAt,
  })
  let planted: Readonly<Record<string, string>>
  let manifestKey: Uint8Array | null
  try {
    const conversations = planConversations(random.fork('conversations'), options.chats, schema)
    const contacts = planContacts(random.fork('contacts'), options.contacts, conversations.people, takenAt)
    // Older address books have no guid column, so their contacts are known by row id.
    const withGuid = isSince(schema, 'ios-11')
    writeContactsDatabase(backup.blobPath(contactsFile), contacts, {
      openSqlite: options.openSqlite,
      withGuid,
    })
    await backup.adoptFile(contactsFile)
    for (const contact of contacts) truth.contact(contactRecord(contact, withGuid))
    await writeContactImages(options, backup, contacts, withGuid, truth)
    for (const chat of conversations.chats) truth.chat(chatRecord(chat))
    planted = await writeMessages(options, backup, conversations, truth)
    await writeCalls(options, backup, conversations.people, truth)
    await writeVoicemails(options, backup, conversations.people, truth)
    for (const each of options.whatsApp) {
      await writeWhatsApp(each, {
        backup,
        truth,
        random: random.fork('whatsapp'),
        openSqlite: options.openSqlite,
        version: schema,
      })
    }
    addUnrelatedFiles(backup, random.fork('unrelated files'))
    manifestKey = await backup.finish()
  } catch (error) {
    await backup.abandon()
    throw error
  } finally {
    truth.close()
  }
  await writePropertyLists(
    options,
    encryption === null ? undefined : { keyBag: encryption.keyBag, manifestKey },
  )
  return { path, udid, schema, truth: truth.truth, counts: truth.counts, planted }
}

/** Status.plist comes last, as from a phone: it says that everything else is there. */
async function writePropertyLists(
  options: ResolvedOptions,
  encryption: Parameters<typeof manifestPlist>[1],
): Promise<void> {
  const random = options.random.fork('identity')
  const identity: BackupIdentity = {
    udid: options.udid,
    deviceName: 'Zoë’s iPhone',
    serialNumber: random.hex(12).toUpperCase(),
    phoneNumber: '+1 (555) 200-0001',
    uuid: random.uuid(),
    generation: generations[options.schema],
  }
  const write = (name: string, content: string | Uint8Array) =>
    writeFile(join(options.path, name), plistInForm(content, options.plists))
  await write('Info.plist', infoPlist(identity))
  await write('Manifest.plist', manifestPlist(identity, encryption))
  const status = statusPlist({ uuid: identity.uuid, takenAt: identity.generation.takenAt })
  await write('Status.plist', status)
}
