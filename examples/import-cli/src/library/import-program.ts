// The program of the thread that imports; see `openLibrary`.
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { serveImportThread } from '@holdfast/adapters/import-thread'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { sqliteLibrary } from '@holdfast/adapters/sqlite'
import { openDatabase } from '../open-database.js'
import { faultyStorage } from '../sample/faulty-storage.js'
import { partsToRead } from './backup-parts.js'

/** What the program is given; plain data. */
export type ProgramData = {
  readonly database: string
  readonly attachments: string
  readonly scratch: string
  /** The batch that is refused, once; null for none. */
  readonly fault: { readonly atBatch: number } | null
}

serveImportThread(({ data, vault }) => {
  // What `openLibrary` gives.
  const { database, attachments, scratch, fault } = data as ProgramData
  const db = openDatabase(database, { readonly: false })
  const storage = sqliteLibrary(db, attachmentFiles(attachments))
  return {
    reader: iosBackup({
      parts: partsToRead(),
      openSqlite: openDatabase,
      scratch,
      ...(vault === null ? {} : { vault }),
    }),
    storage: fault === null ? storage : faultyStorage(storage, fault),
    close: () => void db.close(),
  }
})
