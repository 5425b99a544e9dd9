import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRunner, memoryJournal } from '@holdfast/core'
import { backupImport } from '@holdfast/core/import'
import { ScriptedPhone, sampleChat, sampleMessage } from '@holdfast/core/testing'
import { attachmentFiles } from '../../src/attachment-files/index.js'
import { calls, contacts, messages, voicemail, whatsapp } from '../../src/ios-backup/index.js'
import { type SqliteDatabase, type SqliteLibrary, sqliteLibrary } from '../../src/sqlite/index.js'
import { blobPath, messagesFile, openTestSqlite, type SyntheticBackup } from '../../src/testing/index.js'
import { Workshop } from '../import-workshop.js'

export const allParts = [contacts(), messages(), calls(), voicemail(), whatsapp()]

/** A library that was filled by real imports, of which tests take copies to spoil. */
export interface Specimen {
  /** A copy in a folder of its own: `library.db` and `attachments`. */
  copy(): SpoiledCopy
  cleanUp(): Promise<void>
}

/** A copy of a library, and somebody with a connection of their own who spoils it. */
export interface SpoiledCopy {
  readonly folder: string
  readonly db: SqliteDatabase
  readonly library: SqliteLibrary
  /** Closes the library while something happens to its files. */
  reopen(happens: () => void): void
  cleanUp(): void
}

/**
 * Four imports, so that every table of the library has rows, and rows of every kind: all parts of a phone, the same phone after some of its
 * messages were changed and one was deleted, another person's phone, and a text that columns cannot hold.
 */
export async function makeSpecimen(): Promise<Specimen> {
  const workshop = new Workshop()
  const app = workshop.openApp({ parts: allParts, library: { deletedInSource: 'mark' } })
  const importIt = async (backup: SyntheticBackup, owner: string): Promise<void> => {
    const outcome = await (await app.import({ path: backup.path }, owner)).outcome()
    if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  }
  const phone = await workshop.makeBackup({
    seed: 71,
    messages: 60,
    attachments: 20,
    calls: 8,
    voicemails: 4,
    contacts: 6,
    contactImages: 2,
    whatsApp: [{ messages: 20 }],
    // What cannot be read leaves no marks of what was deleted.
    anomalies: { unreadableCalls: 0, unreadableVoicemails: 0 },
  })
  await importIt(phone, 'ann')
  useThePhone(phone)
  await importIt(phone, 'ann')
  await importIt(await workshop.makeBackup({ seed: 72, messages: 20, attachments: 4, calls: 20 }), 'bob')
  await importHalfAnEmoji(app.library)
  await app.close()
  return {
    copy() {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-spoiled-'))
      cpSync(join(workshop.folder, 'library.db'), join(folder, 'library.db'))
      cpSync(join(workshop.folder, 'attachments'), join(folder, 'attachments'), { recursive: true })
      const open = () => openTestSqlite(join(folder, 'library.db'), { readonly: false })
      const libraryOn = (opened: SqliteDatabase) =>
        sqliteLibrary(opened, attachmentFiles(join(folder, 'attachments'), { threads: 0 }))
      let db = open()
      let library = libraryOn(db)
      return {
        folder,
        get db() {
          return db
        },
        get library() {
          return library
        },
        reopen(happens) {
          db.close()
          happens()
          db = open()
          library = libraryOn(db)
        },
        cleanUp: () => {
          db.close()
          rmSync(folder, { recursive: true })
        },
      }
    },
    cleanUp: () => workshop.cleanUp(),
  }
}

/** Imports a text that was cut in the middle of an emoji, which the columns of a database cannot hold. */
async function importHalfAnEmoji(storage: SqliteLibrary): Promise<void> {
  const records = [
    sampleChat('chat-of-half', { members: ['+15550009'], displayName: 'cut \ud83d' }),
    sampleMessage('half', { text: 'cut \ud83d', chatGuid: 'chat-of-half' }),
  ]
  const phone = new ScriptedPhone({ records, content: new Map() }, 'adopted')
  const saga = backupImport({ device: phone, reader: phone, storage })
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
  const run = await runner.start(saga, { cleanup: 'keep' }, { owner: 'bob' })
  const outcome = await run.outcome()
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
}

/** What happens between two backups of a phone. */
function useThePhone({ path }: SyntheticBackup): void {
  const db = openTestSqlite(blobPath(path, messagesFile), { readonly: false })
  try {
    db.exec('UPDATE message SET date_read = date_read + 1000000000 WHERE ROWID % 5 = 0')
    // The phone's own triggers call functions that only the phone has.
    const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as {
      name: string
    }[]
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`)
    db.exec('DELETE FROM message WHERE ROWID = 5')
  } finally {
    db.close()
  }
}
