import {
  createRunner,
  type ErrorReport,
  isHoldfastError,
  type Outcome,
  type Run,
  type Runner,
  reportError,
} from '@holdfast/core'
import { backupImport, type Device, type Storage } from '@holdfast/core/import'
import { type AttachmentFiles, attachmentFiles } from '../../src/attachment-files/index.js'
import { backupFolder } from '../../src/backup-folder/index.js'
import { iosBackup } from '../../src/ios-backup/index.js'
import { type SqliteDatabase, sqliteJournal, sqliteLibrary } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import type { FaultControl } from './fault-control.js'
import { type DeathPlace, type FaultTask, faultKey, type Told } from './fault-task.js'

/** What is open of the app. */
interface Opened {
  readonly db: SqliteDatabase
  readonly runner: Runner
  readonly saga: ReturnType<typeof backupImport>
}

/** The host's driver could not open the file: nothing of Holdfast's has been asked yet. */
class NotOpened extends Error {}

/** An app that imports a backup, or takes an import back; a failure to open it is followed by another try. */
export class FaultApp {
  readonly #task: FaultTask
  readonly #control: FaultControl
  #opened: Opened | null = null
  /** The import to discard is stopped once, behind its first attachments. */
  #stops: boolean
  #isDisturbed = false

  constructor(task: FaultTask, control: FaultControl) {
    this.#task = task
    this.#control = control
    this.#stops = task.story === 'discard' && task.part !== 'end'
  }

  /** Does what the story is about, with its fault. What Holdfast throws is told, anything else thrown. */
  playStory(): Promise<Told> {
    return this.#tell(async () => {
      if (this.#task.story === 'import') {
        this.#disturb()
        return outcomeTold(await (await this.#run()).outcome())
      }
      const run = await this.#run()
      const parked = await run.outcome()
      if (parked.status !== 'retryable') throw new Error(`there is nothing to discard: ${parked.status}`)
      this.#disturb()
      return outcomeTold(await run.discard())
    })
  }

  /** Does what the user does until the run has ended. */
  endRun(): Promise<Told> {
    return this.#tell(async () => {
      const { runner } = await this.#open()
      const discards = this.#task.story === 'discard' || this.#task.ending === 'discard'
      if (discards && (await runner.runs()).every(({ key }) => key !== faultKey)) {
        return { status: 'discarded', code: null, message: null, hint: null }
      }
      const run = await this.#run()
      if (discards && !hasEnded(run)) {
        try {
          return outcomeTold(await run.discard())
        } catch (thrown) {
          // Everything is stored already, so that only forward is left.
          if (!isHoldfastError(thrown) || !['RUN_PAST_PIVOT', 'RUN_ENDED'].includes(thrown.code)) throw thrown
        }
      }
      const outcome = await run.outcome()
      if (outcome.status !== 'done' && outcome.status !== 'discarded') await run.retry()
      return outcomeTold(await run.outcome())
    })
  }

  async close(): Promise<void> {
    const closing = this.#opened
    this.#opened = null
    if (closing === null) return
    try {
      await closing.runner.shutdown()
    } catch (thrown) {
      // The journal could not be told: the leases go with this process.
      if (!isHoldfastError(thrown)) throw thrown
    }
    closing.db.close()
  }

  async #tell(part: () => Promise<Told>): Promise<Told> {
    try {
      return await part()
    } catch (thrown) {
      if (thrown instanceof NotOpened)
        return { status: 'not opened', code: null, message: thrown.message, hint: null }
      if (!isHoldfastError(thrown)) throw thrown
      // The fault came while the driver opened the file, which it then opened for reading: the user does as the hint says.
      if (String(thrown.facts['systemCode']).startsWith('SQLITE_READONLY')) await this.close()
      return told('refused', reportError(thrown))
    }
  }

  /** The run of the story: found by its key, or started. */
  async #run(): Promise<Run> {
    const { runner, saga } = await this.#open()
    const header = (await runner.runs()).find(({ key }) => key === faultKey)
    if (header !== undefined) return runner.open(header.id)
    const input = { path: this.#task.backup, cleanup: 'delete' }
    return runner.start(saga, input, { owner: 'me', key: faultKey })
  }

  async #open(): Promise<Opened> {
    if (this.#opened !== null) return this.#opened
    const { database, attachments, scratch } = this.#task
    let db: SqliteDatabase
    try {
      db = openTestSqlite(database, { readonly: false })
    } catch (cause) {
      throw new NotOpened(String(cause))
    }
    try {
      const storage = this.#mortalStorage(sqliteLibrary(db, this.#mortalFiles(attachmentFiles(attachments))))
      const reader = iosBackup({ openSqlite: openTestSqlite, scratch })
      const device = this.#mortalDevice(backupFolder({ retryDelay: 1 }))
      const saga = backupImport({ device, reader, storage, batchSize: 20 })
      const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
      this.#opened = { db, runner, saga }
    } catch (thrown) {
      db.close()
      throw thrown
    }
    try {
      const { setAside, elsewhere } = await this.#opened.runner.recover()
      if (setAside.length + elsewhere.length > 0) throw new Error(JSON.stringify({ setAside, elsewhere }))
      return this.#opened
    } catch (thrown) {
      await this.close()
      throw thrown
    }
  }

  /** From now on the fault may come. */
  #disturb(): void {
    this.#isDisturbed = true
    this.#control.plan(this.#task.fault)
  }

  #dieIf(place: DeathPlace): void {
    if (this.#isDisturbed && this.#task.dies === place) process.kill(process.pid, 'SIGKILL')
  }

  #mortalFiles(files: AttachmentFiles): AttachmentFiles {
    return {
      ...files,
      keep: async (...call) => {
        await files.keep(...call)
        this.#dieIf('copied')
      },
      remove: (names) => {
        if (names.length > 0) this.#dieIf('half taken back')
        return files.remove(names)
      },
    }
  }

  #mortalDevice(device: Device): Device {
    return {
      ...device,
      release: (...call) => {
        this.#dieIf('verified')
        return device.release(...call)
      },
    }
  }

  #mortalStorage(storage: Storage): Storage {
    return {
      ...storage,
      write: async (id, batch, options) => {
        await storage.write(id, batch, options)
        if (!this.#stops || !batch.records.some(({ type }) => type === 'attachment')) return
        this.#stops = false
        throw Object.assign(new Error('made to fail'), { code: 'ENOSPC' })
      },
      readBack: (...call) => {
        this.#dieIf('stored')
        return storage.readBack(...call)
      },
    }
  }
}

function hasEnded(run: Run): boolean {
  const { state } = run.view.getSnapshot()
  return state === 'done' || state === 'discarded'
}

function outcomeTold(outcome: Outcome): Told {
  return told(outcome.status, 'error' in outcome ? outcome.error : null)
}

function told(status: Told['status'], error: ErrorReport | null): Told {
  return { status, code: error?.code ?? null, message: error?.message ?? null, hint: error?.hint ?? null }
}
