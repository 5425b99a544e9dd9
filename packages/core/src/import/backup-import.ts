import {
  type Clock,
  checkOptions,
  defineSaga,
  HoldfastError,
  isHoldfastError,
  type Json,
  type RunKnowledge,
  rule,
  type Saga,
  type Step,
  step,
  systemClock,
} from '../index.js'
import type { BackupReader, BackupRef } from './backup-reader.js'
import type { Device } from './device.js'
import {
  allowedSkips,
  checkImportInput,
  cleanupPolicy,
  deletionPolicy,
  fateOf,
  isForced,
} from './import-policy.js'
import { type DescribedBackup, type ImportWork, importWork } from './import-work.js'
import type { Receipt } from './receipt.js'
import type { Shortage } from './room-needed.js'
import { judgeRoom, keptShortage, type RoomPolicy } from './short-of-room.js'
import type { ImportRef, Storage } from './storage.js'
import type { StoreOutput } from './store-records.js'

/** Options of {@link backupImport}: `reader` and `storage` do the work where the runner is; `work` may do it in a thread. */
export type BackupImportOptions = ImportSettings &
  (
    | { readonly reader: BackupReader; readonly storage: Storage; readonly work?: undefined }
    | { readonly work: ImportWork; readonly reader?: undefined; readonly storage?: undefined }
  )

/** What an import needs, whoever does its work. */
export interface ImportSettings {
  readonly device: Device
  /** Most records of a batch: what a transaction holds, and what is lost of the work by a crash. @default 500 */
  readonly batchSize?: number
  /**
   * What happens when there seems to be too little room for the import: the run's facts `tell` it and it goes on, or it asks (`space`)
   * and goes on when the answer is `true`. Nothing is ever refused because of an estimate. @default 'tell'
   */
  readonly whenShortOfRoom?: RoomPolicy
  /** @default the system's clock */
  readonly clock?: Clock
}

/** What the import's steps return, and what they are given. */
export interface ImportSteps {
  readonly extract: Step<ExtractOutput>
  readonly store: Step<StoreOutput>
  readonly verify: Step<Receipt>
  readonly cleanup: Step<CleanupOutput>
}

/** What `extract` found. */
export type ExtractOutput = DescribedBackup & {
  readonly backup: BackupRef
}

/** What `cleanup` did. */
export type CleanupOutput = {
  /** Whether the backup is gone. */
  readonly deleted: boolean
  /**
   * Why a backup that should have gone was kept: it is no longer the one that was verified (`changed`), or the library no longer holds
   * what was verified (`library-changed`), and the backup is what it can be imported from again. Null otherwise.
   */
  readonly kept: 'changed' | 'library-changed' | null
}

/** Facts of an import run. */
export type ImportFacts = {
  /** Where the backup is; null while there is none. */
  readonly backupPath: string | null
  /** Where there seemed to be too little room when the store began; absent when there was enough. */
  readonly shortOfRoom?: Shortage
}

const importRules = {
  device: rule.object,
  reader: rule.object,
  storage: rule.object,
  work: rule.object,
  batchSize: rule.count,
  whenShortOfRoom: rule.oneOf('ask', 'tell'),
  clock: rule.object,
}

/**
 * The backup import: `extract → store → verify → cleanup`. The backup is let go only against a receipt that everything is stored.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * const saga = backupImport({ device: backupFolder(), reader: iosBackup(), storage: sqliteLibrary(db, attachmentFiles(folder)) })
 * const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
 * const run = await runner.start(saga, { path: '/backups/00008030-001A' }, { owner: userId })
 */
export function backupImport(options: BackupImportOptions): Saga<ImportFacts> {
  const work = workOf(options)
  return defineSaga<ImportFacts>({
    name: 'backup-import',
    version: 1,
    steps: { ...importSteps(work, options) },
    input: checkImportInput,
    resources: (input) => [...options.device.resources(input), ...work.resources],
    // One import of a backup (or of a phone) at a time and owner, whatever its other options say.
    key: (input) => options.device.resources(input).join(' '),
    facts: ({ outputs, checkpoints }: RunKnowledge) => {
      const backupPath = pathOf(checkpoints['extract']) ?? pathOf(outputs['extract'])
      const shortOfRoom = keptShortage(checkpoints['store'])
      return shortOfRoom === null ? { backupPath } : { backupPath, shortOfRoom }
    },
  })
}

/** Who does the work. */
function workOf(options: BackupImportOptions): ImportWork {
  // Whether there is an object at all; what it must hold depends on who does the work.
  checkOptions('backupImport', options, importRules)
  if (options.work === undefined) {
    checkOptions('backupImport', options, importRules, ['device', 'reader', 'storage'])
    return importWork(options.reader, options.storage)
  }
  const { reader: _reader, storage: _storage, ...rules } = importRules
  checkOptions('backupImport with work', options, rules, ['device'])
  return options.work
}

function importSteps(work: ImportWork, options: ImportSettings): ImportSteps {
  const { device, batchSize = 500, whenShortOfRoom = 'tell', clock = systemClock } = options

  const extract = step<ExtractOutput>({
    needs: device.needs,
    ...(device.stall === undefined ? {} : { stall: device.stall }),
    weight: 2,
    run: async (context) => {
      const { input, signal, checkpoint } = context
      await work.check({ backupPath: device.expectedPath(input) })
      const backup = await device.acquire({
        run: context.run,
        into: work.resources,
        signal,
        input,
        previous: readBackup(checkpoint),
        onBackup: (known) => context.saveCheckpoint(known),
        progress: (progress) => context.progress(progress),
        activity: () => context.activity(),
        ask: (request) => context.ask(request),
      })
      await work.check({ backupPath: backup.path })
      return { backup, ...(await work.describe(backup.path, context)) }
    },
    compensate: async ({ run, reason, checkpoint, output, options: asked }) => {
      // A backup that took hours is kept for the next attempt; only somebody who discards the run can have it deleted.
      const backup = output?.backup ?? readBackup(checkpoint)
      if (reason !== 'discarded' || backup === null) return
      await device.discard(backup, {
        run,
        delete: asked['backup'] === 'delete',
        signal: new AbortController().signal,
      })
    },
  })

  const refOf = (run: string, owner: string, { source }: ExtractOutput): ImportRef => ({
    id: run,
    owner,
    fingerprint: source.fingerprint,
    udid: source.udid,
    parts: source.parts
      .filter(({ state }) => state === 'present')
      .map(({ part }) => part)
      .sort(),
    takenAt: source.takenAt,
  })

  const store = step<StoreOutput>({
    weight: 6,
    run: async (context) => {
      const extracted = context.output(extract)
      const { backup } = extracted
      const ref = refOf(context.run, context.owner, extracted)
      const fate = fateOf(context.input, backup)
      // A backup that will be deleted is let go only against a proof of this run: every byte read again.
      const trustUnchanged = fate === 'stays' && !isForced(context.input)
      // An earlier attempt may have been undone because content of the backup is another than the library's, although its record is equal.
      const trustHeld = context.attempt === 1 && !isForced(context.input)
      const { run, input, signal, ask, progress } = context
      const storing = {
        run,
        input,
        signal,
        ask,
        progress,
        onRoom: (shortage: Shortage | null) => judgeRoom(shortage, whenShortOfRoom, context),
      }
      return work.store(ref, backup.path, { backup: fate, batchSize, trustUnchanged, trustHeld }, storing)
    },
    compensate: async ({ reason, run }) => {
      // What is staged is seen by nobody, and the next attempt goes on behind it, unless it is wrong or there will be none.
      if (reason === 'discarded' || reason === 'unverified') await work.discard(run)
    },
  })

  const verify = step<Receipt>({
    pivot: true,
    // What differs from the source, or was compared with a library that has changed since, is stored again by the next attempt.
    verifies: { from: store, codes: ['VERIFY_FAILED', 'LIBRARY_CHANGED'] },
    weight: 3,
    run: async (context) => {
      const extracted = context.output(extract)
      const { backup, source } = extracted
      const ref = refOf(context.run, context.owner, extracted)
      const allowed = allowedSkips(context.input, cleanupPolicy(context.input, backup))
      const { unchangedSince = null } = context.output(store)
      const { run, input, signal, ask, progress } = context
      const proving = { run, input, signal, ask, progress, now: () => clock.now() }
      const publishing = deletionPolicy(context.input)
      const settings = { batchSize, allowed, unchangedSince, parts: source.parts, publishing }
      return work.prove(ref, backup.path, settings, proving)
    },
  })

  const cleanup = step<CleanupOutput>({
    retry: { attempts: 3, delay: 1000 },
    run: async (context) => {
      const { backup } = context.output(extract)
      const receipt = context.output(verify)
      await requireDurable(receipt, work)
      const { run, signal } = context
      const policy = cleanupPolicy(context.input, backup)
      const releasing = { run, signal, into: work.resources }
      let isAsked = false
      // What the library holds of a backup that was to go and stays must not change with it.
      const links = fateOf(context.input, backup) === 'goes'
      const endLinks = async () => {
        if (links) await work.endLinks(run, { signal })
      }
      try {
        if (links) await work.checkLinks(run, { signal })
        // The last moment at which anything can be done: a library that was damaged since it was verified needs the backup again.
        if (policy === 'delete' && !(await work.isIntact(receipt.import, { signal }))) {
          await endLinks()
          await device.release(backup, receipt, { ...releasing, policy: 'keep' })
          return { deleted: false, kept: 'library-changed' }
        }
        isAsked = true
        const { deleted } = await device.release(backup, receipt, { ...releasing, policy })
        await endLinks()
        return { deleted, kept: null }
      } catch (error) {
        if (!isHoldfastError(error)) throw error
        // The phone or another program went on with it since. What was verified is stored; what is new is in the backup alone,
        // so it stays for ever as far as this run goes, and trying again would only find the same.
        const hasChanged = error.code === 'BACKUP_CHANGED'
        if (hasChanged || error.code === 'RELEASE_REFUSED') await endLinks()
        if (hasChanged) {
          // Where it was the library that noticed, the device does not know yet that the run needs the backup no more.
          if (!isAsked) await device.release(backup, receipt, { ...releasing, policy: 'keep' })
          return { deleted: false, kept: 'changed' }
        }
        throw error
      }
    },
  })

  return { extract, store, verify, cleanup }
}

/** The receipt must be in the library, where it proves something, and not only in this run's journal. */
async function requireDurable(receipt: Receipt, work: ImportWork): Promise<void> {
  const published = await work.imports()
  if (published.some(({ id, receipt: kept }) => id === receipt.import && kept?.seal === receipt.seal)) return
  throw new HoldfastError('RECEIPT_INVALID', 'The library does not hold the receipt of this import', {
    hint: 'The backup is kept. Verify the library, or import the backup again.',
    retryable: false,
  })
}

/** A BackupRef that a checkpoint holds. */
function readBackup(value: Json): BackupRef | null {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('ownership' in value))
    return null
  const { path, ownership } = value
  if (typeof path !== 'string') return null
  if (ownership !== 'made' && ownership !== 'handed-over' && ownership !== 'adopted') return null
  return { path, ownership }
}

/** The path of a BackupRef, or of the backup in an output of `extract`. */
function pathOf(value: Json | undefined): string | null {
  if (typeof value !== 'object' || value === null) return null
  if ('path' in value && typeof value['path'] === 'string') return value['path']
  return 'backup' in value ? pathOf(value['backup']) : null
}
