import { checkOptions, isHoldfastError, type OptionRule, rule } from '@holdfast/core'
import { Lockdown } from './lockdown/lockdown.js'
import type { MuxDevice, MuxTransport } from './mux/mux-transport.js'
import { plainMux } from './mux/plain-mux.js'

/** A phone that is attached, and what it says to everybody; plain JSON. */
export type AttachedIphone = {
  readonly udid: string
  readonly connection: 'usb' | 'network'
  /** Null, as all that follows, where it does not say. */
  readonly name: string | null
  readonly productType: string | null
  readonly osVersion: string | null
  /** Whether it encrypts its backups: a setting of the phone. */
  readonly encryptsBackups: boolean | null
  /**
   * Whether a backup can begin. `untrusted`: nobody tapped “Trust” yet. `locked`: it must be unlocked first. `unreachable`: it does not
   * answer, or refuses for another reason, whose code is `problem`.
   */
  readonly state: 'ready' | 'untrusted' | 'locked' | 'unreachable'
  /** Code of the error for which it is not ready; null when it is. */
  readonly problem: string | null
}

/** How {@link listIphones} goes about it. */
export interface ListIphonesOptions {
  /** How phones are reached. @default plainMux() */
  readonly mux?: MuxTransport
  readonly signal?: AbortSignal
}

const rules: Readonly<Record<keyof ListIphonesOptions, OptionRule>> = {
  mux: rule.object,
  signal: { must: 'be an AbortSignal', test: (value) => value instanceof AbortSignal },
}

const untrusted = new Set(['DEVICE_NOT_PAIRED', 'TRUST_PENDING', 'TRUST_DENIED'])
/** Milliseconds for which a phone is waited for; the others are listed all the same. */
const silence = 5000

/**
 * The phones that are attached, what they are, and whether a backup of each could begin. One that does not answer is listed as such.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, `MUX_UNREACHABLE`, `MUX_FAILED`; the signal's reason.
 */
export async function listIphones(options: ListIphonesOptions = {}): Promise<readonly AttachedIphone[]> {
  checkOptions('listIphones', options, rules)
  const { mux = plainMux(), signal } = options
  const devices = await mux.list({ signal })
  return Promise.all(devices.map((device) => describe(mux, device, signal)))
}

async function describe(
  mux: MuxTransport,
  device: MuxDevice,
  signal: AbortSignal | undefined,
): Promise<AttachedIphone> {
  const { udid, connection } = device
  const said: Pick<AttachedIphone, 'name' | 'productType' | 'osVersion' | 'encryptsBackups'> = {
    name: null,
    productType: null,
    osVersion: null,
    encryptsBackups: null,
  }
  const phone = { udid, connection, ...said }
  let lockdown: Lockdown | null = null
  try {
    lockdown = await Lockdown.open(mux, device, { signal, silence })
    const [name, productType, osVersion] = [
      await lockdown.value('DeviceName'),
      await lockdown.value('ProductType'),
      await lockdown.value('ProductVersion'),
    ].map((value) => (typeof value === 'string' ? value : null))
    Object.assign(phone, { name, productType, osVersion })
    await lockdown.startSession()
    const willEncrypt = await lockdown.value('WillEncrypt', 'com.apple.mobile.backup')
    Object.assign(phone, { encryptsBackups: willEncrypt === true })
    await lockdown.end()
    return { ...phone, state: 'ready', problem: null }
  } catch (error) {
    lockdown?.close()
    if (signal?.aborted === true || !isHoldfastError(error)) throw error
    const state = untrusted.has(error.code)
      ? 'untrusted'
      : error.code === 'DEVICE_LOCKED'
        ? 'locked'
        : 'unreachable'
    return { ...phone, state, problem: error.code }
  }
}
