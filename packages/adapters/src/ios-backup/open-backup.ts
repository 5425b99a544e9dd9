import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/core'
import type { OpenBackup, PartState, SourceTotals } from '@holdfast/core/import'
import type { OpenSqlite } from '../sqlite/driver.js'
import { openContacts } from './contacts/contacts.js'
import type { DatabaseName } from './database/backup-database.js'
import { readSqliteFile } from './database/sqlite-file.js'
import { findBackup } from './folder/backup-layout.js'
import { Blobs } from './folder/blobs.js'
import { type Fingerprint, takeFingerprint } from './folder/fingerprint.js'
import { encryptedError, hasKeybag, refuseEncrypted } from './folder/protection.js'
import { ScratchFolder } from './folder/scratch-folder.js'
import { sourceIdentity } from './folder/source-identity.js'
import { type BackupPlists, judgeWholeness, readBackupPlists } from './folder/wholeness.js'
import { contactDatabase, messageDatabase } from './manifest/file-id.js'
import { digestRemark, findDatabase, openDatabase } from './manifest/listed-database.js'
import type { Manifest } from './manifest/manifest.js'
import { openManifest } from './manifest/open-manifest.js'
import { type MessageParts, openMessageDatabase } from './messages/message-database.js'
import { PlainBackup } from './plain-backup.js'
import { emptyTable, type RecordTable } from './record-table.js'

/** What opening needs from the host. */
export interface OpenOptions {
  readonly openSqlite: OpenSqlite
  /** Folder for private copies of databases; null for the system's own. */
  readonly scratch: string | null
  readonly signal: AbortSignal
}

const messagesName: DatabaseName = {
  file: 'sms.db',
  what: 'The message database',
  damaged: 'MESSAGES_DAMAGED',
}
const contactsName: DatabaseName = {
  file: 'AddressBook.sqlitedb',
  what: 'The contacts database',
  damaged: 'CONTACTS_DAMAGED',
}

/** What is open already, and must be closed again when what follows fails. */
interface Opening extends OpenOptions {
  readonly root: string
  readonly plists: BackupPlists
  readonly blobs: Blobs
  readonly manifest: Manifest
  readonly fingerprint: Fingerprint
  readonly folder: ScratchFolder
  /** Called in reverse order. */
  readonly closers: (() => void | Promise<void>)[]
}

/** Opens the backup at a path: the contract is that of `BackupReader.open`. */
export async function openBackup(path: string, options: OpenOptions): Promise<OpenBackup> {
  options.signal.throwIfAborted()
  const found = await findBackup(path)
  const { root } = found
  refuseScratchInside(root, options.scratch)
  const plists = await readBackupPlists(root)
  const { wholeness, remarks } = await judgeWholeness(root, plists)
  await refuseEncrypted(found, plists.manifest)
  const blobs = new Blobs(root)
  await blobs.checkFolders()
  const folder = new ScratchFolder(options.scratch)
  const closers: (() => void | Promise<void>)[] = [() => folder.remove()]
  const close = () => closeAll(closers)
  try {
    // Before anything is copied or read: what changes afterwards makes the fingerprint differ when the backup is to be released.
    const fingerprint = await takeFingerprint(root, options.signal)
    const manifest = await openManifest(join(root, found.manifest), { ...options, scratch: folder })
    closers.push(() => manifest.close())
    const opening: Opening = { ...options, root, plists, blobs, manifest, fingerprint, folder, closers }
    const messages = await openMessagesPart(opening)
    const contacts = await openContactsPart(opening)
    const tables = {
      contacts: contacts.table,
      chats: messages.chats,
      messages: messages.messages,
      attachments: messages.attachments ?? emptyTable,
    }
    const totals = await countAll(tables, options.signal)
    return new PlainBackup({
      source: {
        fingerprint: fingerprint.fingerprint,
        ...sourceIdentity(root, plists),
        encrypted: false,
        wholeness,
        remarks: [...remarks, ...messages.remarks, ...contacts.remarks],
        parts: [...messages.parts, contacts.part],
      },
      totals,
      tables,
      attachments: messages.attachments,
      blobs,
      close,
    })
  } catch (thrown) {
    await close()
    throw thrown
  }
}

/** A private copy inside the backup would change it. */
function refuseScratchInside(root: string, scratch: string | null): void {
  if (scratch === null) return
  const way = relative(root, resolve(scratch))
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return
  throw new HoldfastError('DESTINATION_UNSAFE', 'The scratch folder lies inside the backup', {
    hint: 'Name a scratch folder outside of the backup, which is never changed.',
    retryable: false,
    facts: { path: root, scratch },
  })
}

async function openMessagesPart(opening: Opening): Promise<MessageParts> {
  const { manifest, blobs, closers, folder, openSqlite, fingerprint, root, plists } = opening
  const found = await findDatabase(messageDatabase, manifest, blobs)
  if (found.state !== 'present') throw messagesMissing(found.state)
  if (
    (await readSqliteFile(found.path)) === null &&
    (hasKeybag(plists.manifest) || (found.entry.details()?.encryptionKey ?? null) !== null)
  ) {
    throw encryptedError(root)
  }
  const database = await openDatabase(found, messagesName, { openSqlite, scratch: folder })
  closers.push(() => database.close())
  const parts = openMessageDatabase(database, { manifest, blobs })
  const remark = digestRemark(messagesName, found.entry, fingerprint.sha1)
  return remark === null ? parts : { ...parts, remarks: [remark, ...parts.remarks] }
}

async function openContactsPart(
  opening: Opening,
): Promise<{ readonly table: RecordTable; readonly part: PartState; readonly remarks: readonly string[] }> {
  const { manifest, blobs, closers, folder, openSqlite, fingerprint } = opening
  const found = await findDatabase(contactDatabase, manifest, blobs)
  if (found.state === 'absent') return withoutContacts('absent', 'The backup lists no contacts database.')
  if (found.state === 'blob-missing') {
    return withoutContacts(
      'blob-missing',
      'The backup lists a contacts database, but its file is not on disk.',
    )
  }
  const database = await openDatabase(found, contactsName, { openSqlite, scratch: folder })
  closers.push(() => database.close())
  const columns = database.columns('ABPerson')
  if (columns === null) return withoutContacts('absent', `${contactsName.file} has no table of persons.`)
  for (const table of ['ABMultiValue', 'ABMultiValueLabel', 'ABMultiValueEntry', 'ABMultiValueEntryKey']) {
    if (database.columns(table) !== null) database.count(table)
  }
  const remark = digestRemark(contactsName, found.entry, fingerprint.sha1)
  return {
    table: openContacts(database, columns),
    part: { part: 'contacts', state: 'present', detail: null },
    remarks: remark === null ? [] : [remark],
  }
}

function withoutContacts(state: 'absent' | 'blob-missing', detail: string) {
  return { table: emptyTable, part: { part: 'contacts', state, detail } as const, remarks: [] }
}

/** Counts all records. Walking every page of the tables, it also finds the torn ones before anything is stored. */
async function countAll(
  tables: Readonly<Record<keyof SourceTotals, RecordTable>>,
  signal: AbortSignal,
): Promise<SourceTotals> {
  const count = async (table: RecordTable) => {
    await setImmediate()
    signal.throwIfAborted()
    return table.total()
  }
  return {
    chats: await count(tables.chats),
    messages: await count(tables.messages),
    attachments: await count(tables.attachments),
    contacts: await count(tables.contacts),
  }
}

function messagesMissing(state: 'absent' | 'blob-missing'): HoldfastError {
  return new HoldfastError(
    'MESSAGES_MISSING',
    state === 'absent'
      ? 'The backup lists no message database'
      : 'The backup lists a message database, but its file is not on disk',
    {
      hint:
        state === 'absent'
          ? 'Use a full backup of an iPhone; backups of some apps or devices hold no messages.'
          : 'The backup was copied incompletely: copy all of it, or make it again.',
      retryable: false,
      facts: { state },
    },
  )
}

async function closeAll(closers: (() => void | Promise<void>)[]): Promise<void> {
  for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer()
}
