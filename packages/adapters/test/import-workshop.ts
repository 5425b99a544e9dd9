import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, createRunner, type Runner } from '@holdfast/core'
import { backupImport, type Device, type Storage } from '@holdfast/core/import'
import { type AttachmentFilesOptions, attachmentFiles } from '../src/attachment-files/index.js'
import { backupFolder } from '../src/backup-folder/index.js'
import { type BackupPart, iosBackup } from '../src/ios-backup/index.js'
import {
  type SqliteDatabase,
  type SqliteLibraryOptions,
  sqliteJournal,
  sqliteLibrary,
} from '../src/sqlite/index.js'
import {
  makeSyntheticBackup,
  noAnomalies,
  openTestSqlite,
  type SyntheticBackup,
  type SyntheticBackupOptions,
} from '../src/testing/index.js'

/** How a test changes the parts of an import. */
export interface WorkshopOptions {
  readonly storage?: (storage: Storage) => Storage
  readonly device?: (device: Device) => Device
  readonly batchSize?: number
  /** @default the database as it is */
  readonly database?: (db: SqliteDatabase) => SqliteDatabase
  /** How the files of the library differ. */
  readonly files?: AttachmentFilesOptions
  /** How the library differs. */
  readonly library?: SqliteLibraryOptions
  /** @default the system's clock */
  readonly clock?: Clock
  /** Parts of backups that are read. @default the reader's own */
  readonly parts?: readonly BackupPart[]
}

/** A workshop with a small backup in which nothing is odd, and the folder of the files that its apps import. */
export async function workshopWithBackup(options: { readonly seed: number; readonly attachments: number }) {
  const workshop = new Workshop()
  const backup = await workshop.makeBackup({ messages: 120, anomalies: noAnomalies, ...options })
  return { workshop, backup, files: join(workshop.folder, 'attachments') }
}

/** A folder with backups and a library, and an app that can be started on it again and again, as after a quit. */
export class Workshop {
  readonly folder: string
  readonly #open: { runner: Runner; db: SqliteDatabase }[] = []

  /** `folder`: one that another process works on as well. @default a new one */
  constructor(folder = mkdtempSync(join(tmpdir(), 'holdfast-import-'))) {
    this.folder = folder
  }

  /** Makes a backup in a folder of its own. */
  makeBackup(options: Partial<SyntheticBackupOptions> & { readonly seed: number }): Promise<SyntheticBackup> {
    return makeSyntheticBackup({
      messages: 200,
      attachments: 25,
      ...options,
      into: join(this.folder, `backups-${options.seed}`),
    })
  }

  /** An app on real SQLite and real files: one database for journal and library, as a host has it. */
  openApp(options: WorkshopOptions = {}) {
    const opened = openTestSqlite(join(this.folder, 'library.db'), { readonly: false })
    const db = options.database?.(opened) ?? opened
    const files = attachmentFiles(join(this.folder, 'attachments'), options.files ?? {})
    const plain = sqliteLibrary(db, files, options.library ?? {})
    const storage = options.storage?.(plain) ?? plain
    const reader = iosBackup({
      openSqlite: openTestSqlite,
      scratch: join(this.folder, 'scratch'),
      ...(options.parts === undefined ? {} : { parts: options.parts }),
    })
    const adopt = backupFolder()
    const device = options.device?.(adopt) ?? adopt
    const time = options.clock === undefined ? {} : { clock: options.clock }
    const saga = backupImport({ device, reader, storage, batchSize: options.batchSize ?? 50, ...time })
    const runner = createRunner({ journal: sqliteJournal(db, time), sagas: [saga], ...time })
    this.#open.push({ runner, db })
    return {
      db,
      library: plain,
      storage,
      reader,
      saga,
      runner,
      import: (input: unknown, owner = 'me') => runner.start(saga, input, { owner }),
      close: async () => {
        await runner.shutdown({ deadline: 5000 })
        db.close()
        this.#open.splice(
          this.#open.findIndex((app) => app.db === db),
          1,
        )
      },
    }
  }

  async cleanUp(): Promise<void> {
    for (const { runner, db } of this.#open.splice(0)) {
      await runner.shutdown({ deadline: 5000 })
      db.close()
    }
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true })
  }
}
