/**
 * A process of an app that imports a backup: recovers what the one before it left, or starts, and does what the user of the story
 * does. It is given an {@link ImportTask} as JSON, and is killed at any moment, by itself or from outside.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { cp, rename, rm } from 'node:fs/promises'
import { createRunner, type Run } from '@holdfast/core'
import { type BackupRef, backupImport, type Device, type Storage } from '@holdfast/core/import'
import { attachmentFiles } from '../../src/attachment-files/index.js'
import { backupFolder } from '../../src/backup-folder/index.js'
import { iosBackup } from '../../src/ios-backup/index.js'
import { sqliteJournal, sqliteLibrary } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { type ImportTask, importKey } from './import-task.js'
import { killingJournal } from './killing-journal.js'

// The parent wrote it from an ImportTask.
const task = JSON.parse(process.argv[2] ?? '') as ImportTask
const isPutRight = (): boolean => existsSync(task.mark)

/** Makes the backup as a phone does: it is whole or not there. Everything after that is the real device's. */
const phone: Device = {
  ...backupFolder(),
  resources: () => ['device:phone'],
  expectedPath: () => task.backup,
  acquire: async ({ onBackup }) => {
    const backup: BackupRef = { path: task.backup, ownership: 'made' }
    await onBackup(backup)
    if (existsSync(backup.path)) return backup
    const part = `${backup.path}.part`
    await rm(part, { recursive: true, force: true })
    await cp(task.phone, part, { recursive: true })
    await rename(part, backup.path)
    return backup
  },
  discard: async (backup, options) => {
    if (options.delete) await rm(backup.path, { recursive: true, force: true })
  },
}

let atAttachments: () => void = () => {}
/** Resolves when the store stands still before its first attachments, because the story wants to disturb it there. */
const standsStill = new Promise<void>((resolve) => {
  atAttachments = resolve
})
const disturbs = task.story.includes('in the middle of the store')
const differs = task.story.startsWith('undone because')

/** The real storage, in which one thing goes wrong until it is put right. */
function disturbed(storage: Storage): Storage {
  return {
    resources: storage.resources,
    format: storage.format,
    check: (...call) => storage.check(...call),
    begin: (...call) => storage.begin(...call),
    publish: (...call) => storage.publish(...call),
    discard: (...call) => storage.discard(...call),
    imports: () => storage.imports(),
    audit: (...call) => storage.audit(...call),
    write: async (id, batch, options) => {
      if (disturbs && !isPutRight() && batch.records.some(({ type }) => type === 'attachment')) {
        atAttachments()
        await aborted(options.signal)
      }
      await storage.write(id, batch, options)
    },
    readBack: async function* (...call) {
      for await (const item of storage.readBack(...call)) {
        yield differs && !isPutRight() && item.type === 'message'
          ? { ...item, difference: 'row-changed' as const }
          : item
      }
    },
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

const db = openTestSqlite(task.database, { readonly: false })
const storage = disturbed(sqliteLibrary(db, attachmentFiles(task.attachments)))
const reader = iosBackup({ openSqlite: openTestSqlite, scratch: task.scratch })
const saga = backupImport({ device: phone, reader, storage, batchSize: 20 })
const { journal, writes } = killingJournal(sqliteJournal(db), task.killAt)
const runner = createRunner({ journal, sagas: [saga] })
process.stdout.write('ready\n')

const { setAside, elsewhere } = await runner.recover()
if (setAside.length + elsewhere.length > 0) throw new Error(JSON.stringify({ setAside, elsewhere }))
const header = (await runner.runs()).find(({ key }) => key === importKey)
const run =
  header === undefined
    ? await runner.start(saga, {}, { owner: 'me', key: importKey })
    : await runner.open(header.id)
await use(run)
await runner.shutdown()
db.close()
process.stdout.write(JSON.stringify({ writes: writes() }))

/** Does what the user of the story does until the run has ended. */
async function use(theRun: Run): Promise<void> {
  let isStill = false
  let isDisturbed = false
  void standsStill.then(() => {
    isStill = true
  })
  for (;;) {
    const view = theRun.view.getSnapshot()
    if (view.suspended !== null) throw new Error(view.suspended.message)
    if (view.state === 'done' || view.state === 'discarded') return
    if (view.state === 'stuck') throw new Error(`stuck: ${view.error?.message}`)
    if (view.state === 'store' && isStill && !isDisturbed) {
      isDisturbed = true
      if (task.story.startsWith('cancelled')) await theRun.cancel()
      else await theRun.discard({ backup: task.story.includes('kept') ? 'keep' : 'delete' })
    } else if (view.state === 'retryable' && view.retryAt === null) {
      if (!differs && !disturbs) throw new Error(`parked: ${view.error?.message}`)
      writeFileSync(task.mark, '')
      await theRun.retry()
    } else {
      const changed = new Promise<void>((resolve) => {
        const stop = theRun.view.subscribe(() => {
          stop()
          resolve()
        })
      })
      await Promise.race(isStill ? [changed] : [changed, standsStill])
    }
  }
}
