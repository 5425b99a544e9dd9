import { type Clock, checkOptions, HoldfastError, type OptionRule, rule, systemClock } from '@holdfast/core'
import { plistDict, signed64 } from '../plist/plist-value.js'
import type { DeviceLink } from './device-link/device-link.js'
import { HostGuard } from './making/host-guard.js'
import type { HumanKind } from './making/human.js'
import { listenToPhone } from './making/phone-signals.js'
import { reachPhone } from './making/reach-phone.js'
import { openBackupService } from './mobilebackup2/backup-service.js'
import { readCommand } from './mobilebackup2/command.js'
import { deviceError } from './mobilebackup2/device-error.js'
import type { MuxTransport } from './mux/mux-transport.js'
import { plainMux } from './mux/plain-mux.js'
import { normalUdid } from './mux/udid.js'
import { unexpected } from './wire/plist-wire.js'

/** Options of {@link changeBackupPassword}. */
export interface ChangeBackupPasswordOptions {
  /** Id of the phone. */
  readonly udid: string
  /** The password that there is; left out when backups are not encrypted. */
  readonly oldPassword?: string
  /** The password from now on; left out to encrypt backups no more. */
  readonly newPassword?: string
  /** How the phone is reached. @default plainMux() */
  readonly mux?: MuxTransport
  readonly signal?: AbortSignal
  /**
   * Told what somebody has to do on the phone, and null when no more: since iOS 13 it asks for its passcode. What it throws ends the change
   * with `STEP_FAILED`.
   */
  readonly onWaiting?: (kind: HumanKind | null) => void
  /** Milliseconds for which somebody is waited for. @default 600000 */
  readonly patience?: number
  /** @default the clock of the machine */
  readonly clock?: Clock
}

const rules: Readonly<Record<keyof ChangeBackupPasswordOptions, OptionRule>> = {
  udid: rule.string,
  oldPassword: rule.string,
  newPassword: rule.string,
  mux: rule.object,
  signal: { must: 'be an AbortSignal', test: (value) => value instanceof AbortSignal },
  onWaiting: rule.function,
  patience: rule.positive,
  clock: rule.object,
}

/**
 * Has a phone encrypt its backups from now on, with another password, or no more. It is a setting of the phone, for all programs that back
 * it up: a password that is lost cannot be had back. Neither password is kept or written anywhere.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`; `DEVICE_PASSWORD_WRONG` for the old password; `PASSCODE_MISSING`; `STEP_FAILED` when `onWaiting` threw; all others with which a
 *   phone is not reached; the signal's reason.
 */
export async function changeBackupPassword(options: ChangeBackupPasswordOptions): Promise<void> {
  checkOptions('changeBackupPassword', options, rules, ['udid'])
  const { oldPassword, newPassword, mux = plainMux(), clock = systemClock, patience = 10 * 60_000 } = options
  const { signal: given = new AbortController().signal, onWaiting = () => {} } = options
  const host = new HostGuard()
  const signal = AbortSignal.any([given, host.signal])
  const udid = normalUdid(options.udid)
  if (oldPassword === undefined && newPassword === undefined) {
    throw new HoldfastError(
      'OPTION_INVALID',
      'changeBackupPassword needs the old password, the new one, or both',
      {
        retryable: false,
      },
    )
  }
  // What is asked here is done on the phone, which says when.
  const ask = ({ elsewhere }: { readonly elsewhere?: Promise<unknown> }): Promise<true> =>
    elsewhere === undefined ? new Promise(() => {}) : elsewhere.then(() => true)
  let waitsFor: HumanKind | null = null
  const tell = (kind: HumanKind | null): void => {
    if (kind === waitsFor) return
    waitsFor = kind
    host.tell(() => onWaiting(kind))
  }
  const phone = await reachPhone({ mux, udid, signal, clock, patience, onWaiting: tell, ask })
  try {
    const link = await openBackupService(phone.backup, { signal, silence: patience })
    try {
      await listenToPhone(phone.notifications, {
        onCancel: () => {},
        onPasscode: (isAsked) => tell(isAsked ? 'passcode' : null),
        onActivity: () => {},
      })
      await link.request(
        plistDict({
          MessageName: 'ChangePassword',
          TargetIdentifier: udid,
          OldPassword: oldPassword,
          NewPassword: newPassword,
        }),
      )
      await awaitEnd(link)
    } finally {
      await link.disconnect()
    }
    await phone.notifications.end()
  } finally {
    // However it ended, nobody is waited for any more.
    tell(null)
    phone.close()
  }
}

/** Waits for the phone's last word. It needs no files for this: whatever it asks for is refused. */
async function awaitEnd(link: DeviceLink): Promise<void> {
  for (;;) {
    const command = readCommand(await link.receive())
    if (command.kind === 'disconnect') throw unexpected('It left before it had changed the password.')
    if (command.kind === 'response') {
      const { response } = command
      const [code, words] = [signed64(response.get('ErrorCode')), response.get('ErrorDescription')]
      if (code === null) throw unexpected('It did not say whether it changed the password.')
      if (code !== 0) throw deviceError(code, typeof words === 'string' ? words : null)
      return
    }
    await link.status(-1, 'Not available')
  }
}
