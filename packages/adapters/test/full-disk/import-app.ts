import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createRunner, type ErrorReport, type Outcome, type Run, reportError } from '@holdfast/core'
import { backupImport, type StoredItem } from '@holdfast/core/import'
import type { LibraryDump } from '@holdfast/core/testing'
import { attachmentFiles } from '../../src/attachment-files/index.js'
import { backupFolder } from '../../src/backup-folder/index.js'
import { iosBackup } from '../../src/ios-backup/index.js'
import { sqliteJournal, sqliteLibrary } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { dumpLibrary, fileNames, openLibrary } from '../library-fixture.js'

/** The folders of an app on a disk. */
export class AppFolders {
  readonly disk: string

  constructor(disk: string) {
    this.disk = disk
  }

  get library(): string {
    return join(this.disk, 'library')
  }

  get backups(): string {
    return join(this.disk, 'backups')
  }

  get backup(): string {
    return join(this.backups, 'phone')
  }

  /** Puts a backup and a library here, and nothing else. */
  lay(phone: string, library: string | null): void {
    for (const name of readdirSync(this.disk)) rmSync(join(this.disk, name), { recursive: true })
    mkdirSync(this.backups)
    cpSync(phone, this.backup, { recursive: true })
    if (library === null) mkdirSync(this.library)
    else cpSync(library, this.library, { recursive: true })
  }

  /** Takes away what fills the disk. */
  makeRoom(): void {
    delete process.env['HOLDFAST_DISK_FILL']
    if (this.isFull) unlinkSync(join(this.disk, '.ballast'))
  }

  get isFull(): boolean {
    return existsSync(join(this.disk, '.ballast'))
  }

  /** What lies where nothing of a run that has ended may stay. */
  leftovers(): readonly string[] {
    const hidden = fileNames(join(this.library, 'attachments')).filter((name) => name.startsWith('.'))
    return [...readdirSync(this.backups), ...hidden, ...fileNames(join(this.disk, 'scratch'))]
  }
}

/** An app: journal, library, attachments, scratch and backup, all on one disk. */
export function openApp(folders: AppFolders) {
  const db = openTestSqlite(join(folders.library, 'library.db'), { readonly: false })
  try {
    const storage = sqliteLibrary(db, attachmentFiles(join(folders.library, 'attachments')))
    const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(folders.disk, 'scratch') })
    const saga = backupImport({ device: backupFolder(), reader, storage, batchSize: 25 })
    const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
    return {
      runner,
      start: (key: string) =>
        runner.start(saga, { path: folders.backup, cleanup: 'delete' }, { owner: 'me', key }),
      /** The run with this key, of this process or an earlier one; null when there is none. */
      find: async (key: string): Promise<Run | null> => {
        const header = (await runner.runs()).find((each) => each.key === key)
        return header === undefined ? null : runner.open(header.id)
      },
      close: async (): Promise<void> => {
        try {
          await runner.shutdown()
        } finally {
          db.close()
        }
      },
    }
  } catch (error) {
    db.close()
    throw error
  }
}

export type App = ReturnType<typeof openApp>

/** Where a run came to rest, or why it did not begin. */
export type End = Pick<Outcome, 'status'> | { readonly status: 'refused' }

/** How work on a run ended, and the error that it ended with. */
export async function endOf(
  work: () => Promise<Run>,
): Promise<{ readonly run: Run | null; readonly status: string; readonly error: ErrorReport | null }> {
  let run: Run
  try {
    run = await work()
  } catch (thrown) {
    return { run: null, status: 'refused', error: reportError(thrown) }
  }
  const outcome = await run.outcome()
  return { run, status: outcome.status, error: 'error' in outcome ? outcome.error : null }
}

/** A library to the last row: what readers see, and every item of every import with its file hashed again. */
export interface WholeLibrary {
  readonly seen: LibraryDump
  readonly items: readonly (readonly StoredItem[])[]
}

/** Reads the library of a folder, which is changed by it: a copy. */
export async function readWhole(folder: string): Promise<WholeLibrary> {
  const { db, storage } = openLibrary(folder)
  try {
    const { signal } = new AbortController()
    const items: StoredItem[][] = []
    for (const { id } of await storage.imports()) {
      const found: StoredItem[] = []
      for await (const item of storage.readBack(id, { signal })) found.push(item)
      items.push(found)
    }
    return { seen: dumpLibrary(folder), items }
  } finally {
    db.close()
  }
}
