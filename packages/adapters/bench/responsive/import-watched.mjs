// Imports in the process that it watches, and prints how late the timers of that process came. Plain JavaScript, because a compiler in the
// process would be a third of its memory. Started by responsive.ts.
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { backupFolder } from '@holdfast/adapters/backup-folder'
import { libraryThread } from '@holdfast/adapters/import-thread'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { sqliteJournal, sqliteLibrary } from '@holdfast/adapters/sqlite'
import { createRunner } from '@holdfast/core'
import { backupImport, importWork } from '@holdfast/core/import'

/** Milliseconds that the loop is left idle to know the machine. */
const idleTime = 5000

const [place = '', batchSize = '', journalIn = '', folder = '', path = ''] = process.argv.slice(2)

const require = createRequire(import.meta.url)
/** The better-sqlite3 that runs on this Node. */
const driver = Number(process.versions['napi'] ?? 0) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
/** @type {new (path: string, options?: object) => import('@holdfast/adapters/sqlite').SqliteDatabase & { close(): void }} */
const Database = require(driver)

/** @param {() => Promise<unknown>} work */
async function watched(work) {
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  // A delay is what lies between two ticks of the monitor: without one before the work, what the work does at once goes unseen.
  await delay(20)
  await work()
  await delay(20)
  loop.disable()
  // The monitor's own timer is set for a millisecond, which is no delay.
  const late = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - 1)
  return { half: late(loop.percentile(50)), most: late(loop.percentile(99.9)), all: late(loop.max) }
}

/**
 * @param {string} database
 * @param {string} attachments
 */
function inThread(database, attachments) {
  const thread = libraryThread({ database, attachments, driver: require.resolve(driver) })
  return { work: thread, close: () => thread.close() }
}

/**
 * @param {string} database
 * @param {string} attachments
 */
function inOwn(database, attachments) {
  const db = new Database(database)
  const reader = iosBackup({
    openSqlite: (/** @type {string} */ file, /** @type {object} */ options) => new Database(file, options),
  })
  return {
    work: importWork(reader, sqliteLibrary(db, attachmentFiles(attachments))),
    close: () => db.close(),
  }
}

mkdirSync(folder)
const database = join(folder, 'library.db')
const attachments = join(folder, 'attachments')
// In a database of its own a commit of the journal need not wait for a batch of the library.
const journal = new Database(journalIn === 'library' ? database : join(folder, 'journal.db'))
const { work, close } = place === 'thread' ? inThread(database, attachments) : inOwn(database, attachments)
const saga = backupImport({ device: backupFolder(), work, batchSize: Number(batchSize) })
const runner = createRunner({ journal: sqliteJournal(journal), sagas: [saga] })
const idle = await watched(() => delay(idleTime))
const rssBefore = process.memoryUsage().rss
const since = performance.now()
const busy = await watched(async () => {
  const outcome = await (await runner.start(saga, { path })).outcome()
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
})
const seconds = (performance.now() - since) / 1000
await runner.shutdown()
await close()
journal.close()
// Kilobytes on Linux and macOS.
const rss = process.resourceUsage().maxRSS * 1024
process.stdout.write(JSON.stringify({ idle, busy, seconds, rssBefore, rss }))
