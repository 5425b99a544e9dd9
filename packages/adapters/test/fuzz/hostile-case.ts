import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BackupFile,
  blobPath,
  callsFile,
  contactsFile,
  makeSyntheticBackup,
  messagesFile,
  openTestSqlite,
  voicemailFile,
  whatsAppFile,
} from '../../src/testing/index.js'

/** A backup for an attacker to change. */
export interface Victim {
  readonly path: string
  readonly manifest: string
  readonly messages: string
  readonly contacts: string
  /** Only where all parts were asked for. */
  readonly calls: string
  readonly voicemail: string
  readonly whatsapp: string
}

/** The files of the backup in a folder. */
export function victimAt(path: string): Victim {
  return {
    path,
    manifest: join(path, 'Manifest.db'),
    messages: blobPath(path, messagesFile),
    contacts: blobPath(path, contactsFile),
    calls: blobPath(path, callsFile),
    voicemail: blobPath(path, voicemailFile),
    whatsapp: blobPath(path, whatsAppFile()),
  }
}

/** Makes the backup that all cases begin with: contacts and messages, or all parts. */
export async function makeVictim(into: string, allParts = false): Promise<Victim> {
  const { path } = await makeSyntheticBackup({
    into,
    seed: 'victim',
    messages: 120,
    attachments: 12,
    contacts: 10,
    // As many as take several pages each: when a table of one page has its page overwritten by an empty one, nothing is left to tell.
    ...(allParts ? { calls: 60, voicemails: 30, whatsApp: [{ messages: 120, chats: 120 }] } : {}),
  })
  // Whoever changes the tables by hand must not call the phone's own functions.
  for (const file of [messagesFile, contactsFile]) dropTriggers(path, file)
  return victimAt(path)
}

/** A copy of a backup for one case. */
export async function copyOf(victim: Victim, into: string): Promise<Victim> {
  await cp(victim.path, into, { recursive: true })
  return victimAt(into)
}

/** Changes a database with SQL. */
export function changeDatabase(path: string, ...statements: readonly string[]): void {
  const db = openTestSqlite(path, { readonly: false })
  for (const sql of statements) db.exec(sql)
  db.close()
}

function dropTriggers(path: string, file: BackupFile): void {
  const db = openTestSqlite(blobPath(path, file), { readonly: false })
  const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as {
    name: string
  }[]
  for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`)
  db.close()
}
