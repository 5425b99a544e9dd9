import { mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import {
  type Clock,
  checkOptions,
  HoldfastError,
  isHoldfastError,
  type Json,
  type OptionRule,
  rule,
  systemClock,
} from '@holdfast/core'
import type { BackupRef, CleanupPolicy, Device } from '@holdfast/core/import'
import { backupFolder } from '../backup-folder/backup-folder.js'
import { type Holder, hasHold, placeHold, refuseHeld, removeHold } from '../backup-folder/hold.js'
import { freeBytes } from '../disk-space/free-bytes.js'
import { judgeWholeness, readBackupPlists } from '../ios-backup/folder/wholeness.js'
import type { OpenSqlite } from '../sqlite/driver.js'
import { type BackupPlaces, backupPlaces } from './backup-target/backup-places.js'
import { statusOf } from './backup-target/status-of.js'
import {
  fillPlace,
  finishReplacing,
  isBackupThere,
  isMade,
  removeBackup,
  removeWorkingFolders,
} from './backup-target/working-folder.js'
import { HostGuard } from './making/host-guard.js'
import { onThisComputer } from './making/judge-backup.js'
import { makeBackup } from './making/make-backup.js'
import { type IphoneState, StateTeller } from './making/state-teller.js'
import type { MuxTransport } from './mux/mux-transport.js'
import { plainMux } from './mux/plain-mux.js'
import { normalUdid } from './mux/udid.js'

/** What a run on a phone is started with; further fields are not this device's business. */
export type IphoneInput = {
  /** Id of the phone. */
  readonly udid: string
  /**
   * What becomes of the backup in the end. One that was there before the run is deleted only if this says so in so many words.
   * @default 'delete' for a backup that the run began, 'keep' for one that it continued
   */
  readonly cleanup?: CleanupPolicy
}

/** Options of {@link iphone}. */
export interface IphoneOptions {
  /** Folder in which the backups of all phones lie, each in a folder of the phone's id. Made where it is missing. */
  readonly folder: string
  /** How phones are reached. @default plainMux() */
  readonly mux?: MuxTransport
  /** Whether the phone sends everything, even if it could go on from an earlier backup. @default false */
  readonly full?: boolean
  /**
   * Bytes that are free for the backup. On macOS the file system leaves out what it would purge by itself; a host that knows better says
   * so here. Never more than there is: the phone believes it. @default what the file system says
   */
  readonly freeSpace?: (folder: string) => number | Promise<number>
  /** Told what happens, at each change and about ten times a second. What it throws fails the step with `STEP_FAILED`. */
  readonly onState?: (state: IphoneState) => void
  /** Milliseconds for which somebody is waited for who has to tap “Trust”, or to unlock the phone. @default 600000 */
  readonly patience?: number
  /** Milliseconds for which the phone may say nothing: it scans its files without a word. @default 900000 */
  readonly silence?: number
  /** Milliseconds before a phone that hangs up at once is asked a second time. @default 10000 */
  readonly retryDelay?: number
  /** Opens the list of files of the finished backup. @default the better-sqlite3 that is installed */
  readonly openSqlite?: OpenSqlite
  /** @default the clock of the machine */
  readonly clock?: Clock
}

const rules: Readonly<Record<keyof IphoneOptions, OptionRule>> = {
  folder: rule.string,
  mux: rule.object,
  full: rule.boolean,
  freeSpace: rule.function,
  onState: rule.function,
  patience: rule.positive,
  silence: rule.positive,
  retryDelay: rule.positive,
  openSqlite: rule.function,
  clock: rule.object,
}

/**
 * A live iPhone: makes a backup of it over the cable, whole or from where an earlier one left off. While it does, the earlier backup is not
 * touched; the new one takes its place when it is whole, checked and durable. The phone is needed for the step `extract` alone.
 *
 * What goes wrong with the phone (unplugged, locked, full disk) parks the run, and a retry goes on with what is there. A retry after the
 * backup was made does not need the phone.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * const saga = backupImport({ device: iphone({ folder: 'backups' }), reader: iosBackup(), storage })
 * const run = await runner.start(saga, { udid: '00008101-000A1B2C3D4E001E' })
 */
export function iphone(options: IphoneOptions): Device {
  checkOptions('iphone', options, rules, ['folder'])
  const { folder, mux = plainMux(), clock = systemClock, onState = () => {}, silence = 15 * 60_000 } = options
  const { patience = 10 * 60_000, retryDelay = 10_000, full = false, openSqlite = null } = options
  const folders = backupFolder()
  const placesFor = (input: Json): BackupPlaces => backupPlaces(folder, inputOf(input).udid)

  return {
    needs: ['device'],
    // Beyond the longest silence of the phone, and the look at the finished backup.
    stall: silence + 15 * 60_000,

    resources: (input) => [`device:${inputOf(input).udid}`, `backup:${placesFor(input).backup}`],

    expectedPath: (input) => placesFor(input).backup,

    async acquire({ run, into, signal: given, input, previous, onBackup, progress, activity, ask }) {
      given.throwIfAborted()
      const host = new HostGuard()
      const signal = AbortSignal.any([given, host.signal])
      const { udid, cleanup } = inputOf(input)
      const places = placesFor(input)
      const local = <Result>(work: Promise<Result>): Promise<Result> => onThisComputer(places.folder, work)
      if (previous !== null && (await hasHold(places.backup, run))) {
        // This run made it already, and failed afterwards: the phone is left alone.
        await local(finishReplacing(places))
        if (await isComplete(places.backup)) return previous
      }
      const backup: BackupRef = previous ?? {
        path: places.backup,
        ownership: await local(ownershipOf(places, cleanup)),
      }
      if (previous === null) await onBackup(backup)
      await local(mkdir(places.folder, { recursive: true }))
      await refuseReplacing(places.backup, { run, into })
      await makeBackup({
        mux,
        udid,
        places,
        signal,
        clock,
        ask,
        teller: new StateTeller({ progress, activity }, clock, onState, host),
        full,
        silence,
        patience,
        retryDelay,
        freeSpace: async () => freeSpaceIn(places.folder, options.freeSpace),
        openSqlite,
        onMade: async () => {
          await refuseReplacing(places.backup, { run, into })
          await placeHold(places.backup, { run, into })
        },
      })
      return backup
    },

    async release(backup, receipt, how) {
      const released = await folders.release(backup, receipt, how)
      if (released.deleted) await removeWorkingFolders(placesOf(backup))
      return released
    },

    async discard(backup, { delete: isToGo, run }) {
      const places = placesOf(backup)
      const local = (work: Promise<void>): Promise<void> => onThisComputer(places.folder, work)
      // Where the old backup has made room and the new one has not come, nobody would find either of them.
      await local(fillPlace(places))
      if (isToGo) {
        // Only what this run finished and put in place is its own; something else may have come to lie there since.
        const isOwn =
          backup.ownership === 'made' && (await hasHold(backup.path, run)) && !(await isMade(places))
        if (isOwn) await local(removeBackup(places))
        await local(removeWorkingFolders(places))
      }
      await removeHold(backup.path, run)
    },
  }
}

/** The places of a backup that is known. */
function placesOf({ path }: BackupRef): BackupPlaces {
  return backupPlaces(dirname(path), basename(path))
}

/** Whose a backup is that is about to be made: one that is there already stays somebody else's, unless it is given in so many words. */
async function ownershipOf(
  places: BackupPlaces,
  cleanup: CleanupPolicy | undefined,
): Promise<BackupRef['ownership']> {
  if (!(await isBackupThere(places))) return 'made'
  return cleanup === 'delete' ? 'handed-over' : 'adopted'
}

/**
 * Refuses to replace a backup that another run needs, as {@link refuseHeld} does to delete it.
 *
 * @throws HoldfastError `BACKUP_HELD`.
 */
async function refuseReplacing(path: string, holder: Holder): Promise<void> {
  try {
    await refuseHeld(path, holder)
  } catch (cause) {
    if (!isHoldfastError(cause) || cause.code !== 'BACKUP_HELD') throw cause
    const { run = null, library = null, hold = null } = cause.facts
    const who = run === null ? 'Another program' : `Run '${run}'`
    const where = library === null ? '' : ` of the library ${library}`
    throw new HoldfastError(
      'BACKUP_HELD',
      `${who}${where} needs the backup that is there, so no other takes its place`,
      {
        hint: `Finish or discard the other run, then retry; if it is no more, remove the file ${hold} first.`,
        facts: cause.facts,
        cause,
      },
    )
  }
}

/** Whether a backup is there that the phone has finished. */
async function isComplete(path: string): Promise<boolean> {
  if ((await statusOf(path)) === null) return false
  return (await judgeWholeness(path, await readBackupPlists(path))).wholeness === 'complete'
}

async function freeSpaceIn(folder: string, given: IphoneOptions['freeSpace']): Promise<number> {
  const bytes = given === undefined ? freeBytes(folder) : await given(folder)
  if (bytes !== null && Number.isFinite(bytes)) return bytes
  throw new HoldfastError('DESTINATION_UNWRITABLE', 'Nobody says how much room there is for the backup', {
    hint: 'Make the backup on another volume, or have the app say how much room there is.',
    facts: { path: folder },
  })
}

/**
 * Reads a run's input.
 *
 * @throws HoldfastError `OPTION_INVALID`.
 */
function inputOf(input: Json): IphoneInput {
  if (typeof input === 'object' && input !== null && 'udid' in input) {
    const { udid, cleanup } = input
    const known = cleanup === undefined || cleanup === 'delete' || cleanup === 'scratch' || cleanup === 'keep'
    if (typeof udid === 'string' && udid !== '' && known) {
      return cleanup === undefined ? { udid: normalUdid(udid) } : { udid: normalUdid(udid), cleanup }
    }
  }
  throw new HoldfastError('OPTION_INVALID', 'The input of the run does not name an iPhone', {
    hint: "Start it with { udid: '00008101-000A1B2C3D4E001E', cleanup: 'keep' } or another cleanup: 'scratch', 'delete'.",
    retryable: false,
  })
}
