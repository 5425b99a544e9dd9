import { join } from 'node:path'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import { createRunner, type RunEvent } from '@holdfast/core'
import { backupImport } from '@holdfast/core/import'
import { backupFolder } from '../../src/backup-folder/index.js'
import { type ImportThreadOptions, importThread } from '../../src/import-thread/index.js'
import type { KeyVault } from '../../src/ios-backup/index.js'
import { libraryResource, sqliteJournal } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/index.js'
import type { Mishap, ProgramData } from './program.js'

/** How a test changes the app. */
export interface AppOptions {
  readonly vault?: KeyVault
  /** What happens to each thread that is started, in turn; nothing to those that follow. */
  readonly mishaps?: readonly Mishap[]
  readonly limits?: ResourceLimits
  readonly thread?: Partial<ImportThreadOptions>
  readonly batchSize?: number
}

/** An app that imports in a thread: the journal in its own thread and database, the library in the thread's. */
export function openThreadedApp(folder: string, program: string, options: AppOptions = {}) {
  const database = join(folder, 'library.db')
  const mishaps = [...(options.mishaps ?? [])]
  const threads: Worker[] = []
  const start = (): Worker => {
    const mishap = mishaps.shift() ?? null
    const data: ProgramData = {
      database,
      attachments: join(folder, 'attachments'),
      scratch: join(folder, 'scratch'),
      mishap,
    }
    const limits = mishap === null ? undefined : options.limits
    const thread = new Worker(program, {
      workerData: data,
      ...(limits === undefined ? {} : { resourceLimits: limits }),
    })
    threads.push(thread)
    return thread
  }
  const work = importThread({
    start,
    resources: [libraryResource(database)],
    ...(options.vault === undefined ? {} : { vault: options.vault }),
    ...options.thread,
  })
  const journal = openTestSqlite(join(folder, 'journal.db'), { readonly: false })
  const saga = backupImport({ device: backupFolder(), work, batchSize: options.batchSize ?? 50 })
  const runner = createRunner({ journal: sqliteJournal(journal), sagas: [saga] })
  return {
    runner,
    work,
    threads,
    start: async (path: string) => {
      const run = await runner.start(saga, { path }, { owner: 'me' })
      const events: RunEvent[] = []
      run.events.on('event', (event) => events.push(event))
      return { run, events }
    },
    close: async () => {
      await runner.shutdown()
      await work.close()
      journal.close()
    },
  }
}
