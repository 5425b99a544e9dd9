// The program of the thread that `libraryThread` starts: opens the library and serves imports into it.
import { attachmentFiles } from '../attachment-files/index.js'
import { calls, contacts, iosBackup, messages, voicemail, whatsapp } from '../ios-backup/index.js'
import { openInstalledSqlite, sqliteLibrary } from '../sqlite/index.js'
import type { LibraryThreadData } from './library-thread.js'
import { loadDriver } from './load-driver.js'
import { serveImportThread } from './serve-import-thread.js'

const makers = { contacts, messages, calls, voicemail, whatsapp }

serveImportThread(async ({ data, vault }) => {
  // What `libraryThread` gave, checked there.
  const { database, attachments, scratch, parts, deletedInSource, driver } = data as LibraryThreadData
  const openSqlite = driver === null ? openInstalledSqlite : await loadDriver(driver)
  const db = openSqlite(database, { readonly: false })
  return {
    reader: iosBackup({
      openSqlite,
      parts: parts.map((name) => makers[name]()),
      ...(scratch === null ? {} : { scratch }),
      ...(vault === null ? {} : { vault }),
    }),
    storage: sqliteLibrary(db, attachmentFiles(attachments), { deletedInSource }),
    close: () => void db.close(),
  }
})
