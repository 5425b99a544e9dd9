import { type Clock, HoldfastError, isHoldfastError } from '@holdfast/core'
import type { AcquireContext } from '@holdfast/core/import'
import { plistDict } from '../../plist/plist-value.js'
import type { OpenSqlite } from '../../sqlite/driver.js'
import { takeSyncLock } from '../afc/sync-lock.js'
import type { BackupPlaces } from '../backup-target/backup-places.js'
import { contentOf } from '../backup-target/content.js'
import { NotDurable } from '../backup-target/not-durable.js'
import { TargetFolder } from '../backup-target/target-folder.js'
import {
  keepWorkingFolder,
  openWorkingFolder,
  removeWorkingFolders,
  type WorkingFolder,
} from '../backup-target/working-folder.js'
import type { DeviceLink } from '../device-link/device-link.js'
import { openBackupService } from '../mobilebackup2/backup-service.js'
import { spoilsWork } from '../mobilebackup2/device-error.js'
import { DiskSpace } from '../mobilebackup2/disk-space.js'
import { ProgressMeter } from '../mobilebackup2/progress-meter.js'
import { type Served, serveCommands } from '../mobilebackup2/serve-commands.js'
import type { MuxTransport } from '../mux/mux-transport.js'
import { ExpectedFiles } from './expected-files.js'
import { pause } from './human.js'
import { infoPlist } from './info-plist.js'
import { judgeEnd, listMarks, localError, onThisComputer, requireWhole } from './judge-backup.js'
import { PasscodeQuestion } from './passcode-question.js'
import { listenToPhone, posted } from './phone-signals.js'
import { type ReachedPhone, reachPhone } from './reach-phone.js'
import type { StateTeller } from './state-teller.js'

/** What a backup is made with. */
export interface BackupRequest {
  readonly mux: MuxTransport
  readonly udid: string
  readonly places: BackupPlaces
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly ask: AcquireContext['ask']
  readonly teller: StateTeller
  /** Whether the phone is asked for everything. */
  readonly full: boolean
  /** Milliseconds for which the phone may say nothing. */
  readonly silence: number
  /** Milliseconds for which somebody is waited for who has to tap “Trust” or to unlock. */
  readonly patience: number
  /** Milliseconds before a phone that hung up at the beginning is asked once more. */
  readonly retryDelay: number
  /** Bytes that are free for the backup. */
  readonly freeSpace: () => Promise<number>
  readonly openSqlite: OpenSqlite | null
  /** Called when the new backup is whole and durable, just before it takes the place of the old one. */
  readonly onMade: () => Promise<void>
}

/** Milliseconds for which a phone on which somebody cancelled may take to end the backup by itself. */
const cancelGrace = 10_000

/**
 * Makes a backup of a phone, or goes on with one, in a working folder beside the present backup, and puts it in place when it is whole.
 *
 * @throws HoldfastError with one of the many codes of phones in docs/errors.md; the signal's reason. The present backup is as it was then.
 */
export async function makeBackup(request: BackupRequest): Promise<void> {
  const { phone, link } = await greet(request)
  const session = new BackupSession(request, phone, link)
  try {
    await session.run()
  } finally {
    await session.end()
  }
}

/**
 * Reaches the phone and its service for backups. Right after an interrupted backup a phone takes the connection and hangs up, because it
 * still puts the old one away: so it is asked twice (libimobiledevice #1648).
 */
async function greet(request: BackupRequest): Promise<{ phone: ReachedPhone; link: DeviceLink }> {
  const { signal, silence, clock, retryDelay, teller } = request
  for (let attempt = 1; ; attempt++) {
    const phone = await reachPhone({
      ...request,
      withApps: true,
      onWaiting: (kind) => teller.waitsFor(kind),
    })
    try {
      return { phone, link: await openBackupService(phone.backup, { signal, silence }) }
    } catch (error) {
      phone.close()
      if (attempt === 2 || !isHoldfastError(error) || error.code !== 'DEVICE_LOST') throw error
      await pause(clock, retryDelay, signal)
    }
  }
}

/** One conversation with a phone, from the greeting to the last word. */
class BackupSession {
  readonly #request: BackupRequest
  readonly #phone: ReachedPhone
  readonly #link: DeviceLink
  readonly #passcode: PasscodeQuestion
  /** Aborts when the run is cancelled, and some time after somebody cancelled on the phone. */
  readonly #stop = new AbortController()
  #cancelledOnPhone = false
  readonly #onEnd: (() => Promise<void> | void)[] = []

  constructor(request: BackupRequest, phone: ReachedPhone, link: DeviceLink) {
    this.#request = request
    this.#phone = phone
    this.#link = link
    this.#passcode = new PasscodeQuestion(request.ask, (isOpen) =>
      request.teller.waitsFor(isOpen ? 'passcode' : null),
    )
    const { signal } = request
    const aborted = (): void => this.#stop.abort(signal.reason)
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted)
    this.#onEnd.push(() => signal.removeEventListener('abort', aborted))
  }

  async run(): Promise<void> {
    const { notifications, afc } = this.#phone
    const { signal } = this.#stop
    const { clock, teller } = this.#request
    teller.phase('preparing')
    await listenToPhone(notifications, {
      onCancel: () => this.#cancelOnPhone(),
      onPasscode: (isAsked) => this.#passcode.show(isAsked),
      onActivity: () => teller.alive(),
    })
    await notifications.post(posted.willStart)
    const lock = await takeSyncLock(afc, {
      signal,
      clock,
      onOpen: () => notifications.post(posted.lockRequest),
    })
    this.#onEnd.push(async () => {
      await lock.release()
      await notifications.post(posted.didFinish).catch(() => {})
    })
    await notifications.post(posted.didStart)
    try {
      await this.#make()
    } catch (error) {
      if (this.#cancelledOnPhone && !this.#request.signal.aborted) throw cancelledOnPhone(error)
      throw error
    }
  }

  /** Says farewell, also when all went wrong; resolves when that is done as far as it can be. */
  async end(): Promise<void> {
    const farewell = [
      () => this.#passcode.show(false),
      () => this.#link.disconnect(),
      ...this.#onEnd.toReversed(),
      () => this.#phone.notifications.end(),
      () => this.#phone.close(),
    ]
    for (const act of farewell) {
      try {
        await act()
      } catch {
        // None of them is in the way of the others, least of all of the last; how the backup ended is known without them.
      }
    }
  }

  async #make(): Promise<void> {
    const { places, teller, freeSpace, openSqlite, onMade } = this.#request
    const { signal } = this.#stop
    const telling = { signal, files: () => teller.alive() }
    const working = await onThisComputer(places.folder, openWorkingFolder(places, telling))
    try {
      const space = new DiskSpace(freeSpace)
      const marksBefore = await onThisComputer(places.folder, listMarks(working.tree))
      // What is in the list of a plain backup is looked for; the phone alone can read that of an encrypted one.
      const expected = this.#phone.facts.willEncrypt
        ? await onThisComputer(places.folder, ExpectedFiles.of(working.tree, signal))
        : undefined
      const served = await this.#receive(working, space, expected)
      judgeEnd(served, { space, folder: places.folder })
      teller.phase('finishing')
      const check = (): Promise<void> =>
        requireWhole(working.tree, served, {
          signal,
          scratch: working.incoming,
          marksBefore,
          expected,
          ...(openSqlite === null ? {} : { openSqlite }),
        })
      await onThisComputer(places.folder, keepWorkingFolder(places, { ...telling, check, onMade }))
    } catch (thrown) {
      const error =
        thrown instanceof NotDurable ? localError({ error: thrown, bytesLeft: 0 }, places.folder) : thrown
      // What makes the phone or us refuse it would do so for ever: the next attempt begins from the backup in its place.
      if (isSpoilt(error)) await removeWorkingFolders(places)
      throw error
    }
  }

  async #receive(working: WorkingFolder, space: DiskSpace, changes?: ExpectedFiles): Promise<Served> {
    const { udid, clock, teller, full, silence } = this.#request
    const { facts, apps, afc } = this.#phone
    const { signal } = this.#stop
    const target = new TargetFolder(udid, working)
    const info = await infoPlist(udid, { ...facts, apps }, afc, new Date(clock.now()))
    await onThisComputer(this.#request.places.folder, target.write(`${udid}/Info.plist`, contentOf(info)))
    const forceFull = full || working.needsFull
    await this.#link.request(
      plistDict({
        MessageName: 'Backup',
        TargetIdentifier: udid,
        SourceIdentifier: udid,
        Options: forceFull ? plistDict({ ForceFullBackup: true }) : undefined,
      }),
    )
    const meter = new ProgressMeter()
    return serveCommands(this.#link, {
      target,
      space,
      meter,
      changes,
      signal,
      silence,
      onActivity: (phase) => {
        // A phone sends files only once its passcode was entered, whatever else it says.
        if (phase === 'receiving') this.#passcode.show(false)
        teller.phase(phase, meter.now)
      },
    })
  }

  /** A phone that is cancelled ends the backup with an error of its own; if it does not, it is left. */
  #cancelOnPhone(): void {
    if (this.#cancelledOnPhone) return
    this.#cancelledOnPhone = true
    const { clock } = this.#request
    const timer = clock.setTimeout(() => this.#stop.abort(cancelledOnPhone(null)), cancelGrace)
    this.#onEnd.push(() => clock.clearTimeout(timer))
  }
}

/** Whether what there is of the new backup is of no use after this error. */
function isSpoilt(error: unknown): boolean {
  return isHoldfastError(error) && (spoilsWork.has(error.code) || error.cause instanceof NotDurable)
}

function cancelledOnPhone(cause: unknown): HoldfastError {
  if (isHoldfastError(cause) && cause.code === 'DEVICE_CANCELLED') return cause
  const facts = isHoldfastError(cause) ? cause.facts : {}
  return new HoldfastError('DEVICE_CANCELLED', 'Somebody cancelled the backup on the iPhone', {
    hint: 'Retry when the iPhone may be backed up: it goes on with what is there.',
    facts,
    ...(cause === null ? {} : { cause }),
  })
}
