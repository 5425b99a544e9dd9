import type { Duplex } from 'node:stream'
import { type Clock, HoldfastError, isHoldfastError } from '@holdfast/core'
import type { AcquireContext } from '@holdfast/core/import'
import { Afc, afcService } from '../afc/afc.js'
import { type InstalledApp, installedApps } from '../apps/installed-apps.js'
import { Lockdown } from '../lockdown/lockdown.js'
import { backupService } from '../mobilebackup2/backup-service.js'
import type { MuxDevice, MuxTransport } from '../mux/mux-transport.js'
import { normalUdid } from '../mux/udid.js'
import { NotificationProxy, notificationProxy } from '../notifications/notification-proxy.js'
import { askHuman, type HumanKind, type OpenQuestion, pause } from './human.js'
import { type PhoneFacts, readFacts } from './phone-facts.js'

/** A phone with all that a backup needs of it open. */
export interface ReachedPhone {
  readonly facts: PhoneFacts
  /** For the list of apps in Info.plist; none where they were not asked for. */
  readonly apps: readonly InstalledApp[]
  readonly notifications: NotificationProxy
  readonly afc: Afc
  /** The connection to the service for backups; nothing was read from it. */
  readonly backup: Duplex
  /** Ends all connections at once. */
  close(): void
}

/** How a phone is reached. */
export interface ReachOptions {
  readonly mux: MuxTransport
  readonly udid: string
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly ask: AcquireContext['ask']
  /** Milliseconds for which a human is waited for. */
  readonly patience: number
  /** Whether the apps of the phone are asked for. @default false */
  readonly withApps?: boolean
  /** Told when a human is waited for, and null when no more. */
  readonly onWaiting: (kind: HumanKind | null) => void
}

/** Milliseconds between two looks whether somebody has tapped or unlocked. */
const between = 1000
/** For which a phone may take to answer about one of its files. */
const afcSilence = 10_000

/**
 * Connects to a phone, and waits as long as somebody has to do something on it: tap “Trust”, or unlock it.
 *
 * @throws HoldfastError as {@link MuxTransport} and {@link Lockdown}: `DEVICE_NOT_FOUND`, `TRUST_DENIED`, …; `DEVICE_NOT_PAIRED`,
 *   `TRUST_PENDING`, `DEVICE_LOCKED` when nobody did it in time; the signal's reason.
 */
export async function reachPhone(options: ReachOptions): Promise<ReachedPhone> {
  const { signal, clock, ask, patience, onWaiting } = options
  let question: OpenQuestion | null = null
  let since: number | null = null
  try {
    for (;;) {
      signal.throwIfAborted()
      try {
        return await connectAll(options)
      } catch (error) {
        const kind = humanFor(error, question)
        since ??= clock.now()
        if (kind === null || clock.now() - since >= patience) throw error
        if (question?.kind !== kind) {
          await question?.close()
          question = askHuman(ask, kind)
          onWaiting(kind)
        }
      }
      const asked: OpenQuestion = question
      let answered = false
      await pause(
        clock,
        between,
        signal,
        asked.over.then(() => void (answered = true)),
      )
      // Somebody here says that it is done. If it is not, they are asked once more.
      if (answered) question = null
    }
  } finally {
    if (question !== null) await question.close()
    if (since !== null) onWaiting(null)
  }
}

/** The phone in the list of the mux. */
export async function findPhone(
  mux: MuxTransport,
  udid: string,
  signal: AbortSignal | undefined,
): Promise<MuxDevice> {
  const found = (await mux.list({ signal })).find((device) => device.udid === normalUdid(udid))
  if (found !== undefined) return found
  throw new HoldfastError('DEVICE_NOT_FOUND', 'The iPhone is not connected', {
    hint: 'Connect the iPhone with its cable, unlock it, and try again.',
    facts: { udid },
  })
}

async function connectAll({ mux, udid, signal, withApps = false }: ReachOptions): Promise<ReachedPhone> {
  const lockdown = await Lockdown.open(mux, await findPhone(mux, udid, signal), { signal })
  const open: { close(): void }[] = []
  const close = (): void => {
    for (const each of open) each.close()
  }
  try {
    await lockdown.startSession()
    const facts = await readFacts(lockdown)
    const notifications = new NotificationProxy(await lockdown.startService(notificationProxy))
    open.push(notifications)
    const afc = new Afc(await lockdown.startService(afcService), { silence: afcSilence })
    open.push({ close: () => afc.end() })
    const backup = await lockdown.startService(backupService, { escrow: true })
    open.push({ close: () => void backup.destroy() })
    const apps = withApps ? await installedApps(lockdown, signal) : []
    await lockdown.end()
    return { facts, apps, notifications, afc, backup, close }
  } catch (error) {
    lockdown.close()
    close()
    throw error
  }
}

/** What somebody can do about an error, on the phone; null when nothing. While somebody does, the phone may come and go. */
function humanFor(error: unknown, question: OpenQuestion | null): HumanKind | null {
  if (!isHoldfastError(error)) return null
  switch (error.code) {
    case 'DEVICE_NOT_PAIRED':
    case 'TRUST_PENDING':
      return 'trust'
    case 'DEVICE_LOCKED':
      return 'unlock'
    case 'DEVICE_NOT_FOUND':
    case 'DEVICE_LOST':
    case 'DEVICE_REFUSED':
      return question?.kind ?? null
    default:
      return null
  }
}
