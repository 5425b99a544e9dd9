/**
 * A process of the app: recovers what the one before it left, or starts, and kills itself at a call of the storage, as a power cut
 * would. It is given a {@link HostTask} as JSON, and prints how many calls there were.
 */
import { join } from 'node:path'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { backupFolder } from '@holdfast/adapters/backup-folder'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { type SqliteDatabase, sqliteJournal } from '@holdfast/adapters/sqlite'
import { openTestSqlite } from '@holdfast/adapters/testing'
import { createRunner } from '@holdfast/core'
import { backupImport, type Storage } from '@holdfast/core/import'
import { watchedFileSystem } from '../faulty-file-system.js'
import { hostStorage } from './host-storage.js'
import { type HostTask, hostKey } from './host-task.js'

// The parent wrote it from a HostTask.
const task = JSON.parse(process.argv[2] ?? '') as HostTask

let calls = 0
function step(): void {
  calls += 1
  if (calls === task.killAt) process.kill(process.pid, 'SIGKILL')
}

/** A connection that may die before and after each commit, and at some of the statements in between, which are one transaction anyway. */
function watchedDatabase(db: SqliteDatabase): SqliteDatabase {
  let statements = 0
  return {
    close: () => db.close(),
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        run: (...parameters) => {
          const ends = sql === 'COMMIT'
          statements += 1
          if (ends || statements % 40 === 0) step()
          const result = statement.run(...parameters)
          if (ends) step()
          return result
        },
        get: (...parameters) => statement.get(...parameters),
        all: (...parameters) => statement.all(...parameters),
        iterate: (...parameters) => statement.iterate(...parameters),
      }
    },
  }
}

const path = join(task.app, 'app.db')
const db = openTestSqlite(path, { readonly: false })
const files = attachmentFiles(join(task.app, 'attachments'), { fs: watchedFileSystem(step) })
const whole = hostStorage(watchedDatabase(db), path, files)
const storage: Storage =
  task.work !== 'give up'
    ? whole
    : {
        ...whole,
        write: async (id, batch, options) => {
          if (batch.records.some(({ type, key }) => type === 'attachment' && key.includes('@')))
            throw new Error('The disk is full.')
          await whole.write(id, batch, options)
        },
      }

if (task.work === 'take back') await storage.discard(task.published)
else await importBackup()
db.close()
process.stdout.write(String(calls))

async function importBackup(): Promise<void> {
  const journal = openTestSqlite(join(task.app, 'journal.db'), { readonly: false })
  const reader = iosBackup({ openSqlite: openTestSqlite, scratch: join(task.app, 'scratch') })
  const saga = backupImport({ device: backupFolder(), reader, storage, batchSize: 25 })
  const runner = createRunner({ journal: sqliteJournal(journal), sagas: [saga] })
  const { setAside, elsewhere } = await runner.recover()
  if (setAside.length + elsewhere.length > 0) throw new Error(JSON.stringify({ setAside, elsewhere }))
  const known = (await runner.runs()).find(({ key }) => key === hostKey)
  const run =
    known === undefined
      ? await runner.start(saga, { path: task.backup, cleanup: 'delete' }, { owner: 'ann', key: hostKey })
      : await runner.open(known.id)
  let outcome = await run.outcome()
  if (outcome.status === 'retryable' && task.work === 'give up') outcome = await run.discard()
  const wanted = task.work === 'give up' ? 'discarded' : 'done'
  if (outcome.status !== wanted) throw new Error(JSON.stringify(outcome))
  await runner.shutdown()
  journal.close()
}
