// The program of the threads that are tested: the parts of an import as a host opens them, and what can happen to a thread.
import type { Storage } from '@holdfast/core/import'
import { attachmentFiles } from '../../src/attachment-files/index.js'
import { serveImportThread } from '../../src/import-thread/index.js'
import { iosBackup } from '../../src/ios-backup/index.js'
import { sqliteLibrary } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'

/** What happens to the thread, and when. */
export type Mishap = {
  readonly how: 'exit' | 'throw' | 'memory'
  /** Where: at this batch of the store, or this item that is read back. */
  readonly batch?: number
  readonly item?: number
}

/** What the program is given. */
export type ProgramData = {
  readonly database: string
  readonly attachments: string
  readonly scratch: string
  readonly mishap: Mishap | null
}

const hoard: unknown[] = []

function happen({ how }: Mishap): void {
  if (how === 'exit') process.exit(7)
  if (how === 'throw')
    setImmediate(() => {
      throw new Error('Nobody catches this')
    })
  if (how === 'memory') for (;;) hoard.push(Array.from({ length: 10_000 }, () => ({ hoard })))
}

function withMishap(storage: Storage, mishap: Mishap | null): Storage {
  let batches = 0
  let items = 0
  return {
    ...storage,
    async write(...call) {
      batches += 1
      if (mishap !== null && batches === mishap.batch) happen(mishap)
      await storage.write(...call)
    },
    async *readBack(...call) {
      for await (const item of storage.readBack(...call)) {
        items += 1
        if (mishap !== null && items === mishap.item) happen(mishap)
        yield item
      }
    },
  }
}

serveImportThread(({ data, vault }) => {
  // The tests give it.
  const { database, attachments, scratch, mishap } = data as ProgramData
  const db = openTestSqlite(database, { readonly: false })
  return {
    reader: iosBackup({ openSqlite: openTestSqlite, scratch, ...(vault === null ? {} : { vault }) }),
    storage: withMishap(sqliteLibrary(db, attachmentFiles(attachments)), mishap),
    close: () => void db.close(),
  }
})
