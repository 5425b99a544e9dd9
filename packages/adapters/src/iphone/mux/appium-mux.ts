import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { checkOptions, isHoldfastError, rule } from '@holdfast/core'
import { plistDict } from '../../plist/plist-value.js'
import { type LoadModule, loadUsbmux, type Usbmux, type UsbmuxClass } from './load-usbmux.js'
import { type MuxAddress, muxAddress, parseMuxAddress } from './mux-address.js'
import { connectRefused, muxFailed } from './mux-errors.js'
import { openMuxSocket } from './mux-socket.js'
import type { MuxDevice, MuxOptions, MuxTransport } from './mux-transport.js'
import { oneAnswer } from './one-answer.js'
import { notPaired, type PairRecord, pairRecordOf } from './pair-record.js'
import { normalUdid, onePerPhone } from './udid.js'

/** Options of {@link appiumMux}. */
export interface AppiumMuxOptions {
  /**
   * Where the mux listens: `UNIX:/path`, `/path` or `host:port`.
   * @default `USBMUXD_SOCKET_ADDRESS`, else where the mux of the system always does
   */
  readonly address?: string
  /** Milliseconds for which the mux may be silent on a question. @default 10000 */
  readonly silence?: number
  /** Milliseconds between two looks at what is attached: appium-ios-device cannot be told of changes. @default 1000 */
  readonly lookEvery?: number
  /** Imports a module by its name, for a host whose modules are found otherwise. @default import() */
  readonly load?: LoadModule
}

/**
 * The mux of the system, spoken with by appium-ios-device: an optional peer, loaded at the first call. Only its client of usbmux is
 * used, each time on a connection of ours.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`; its methods also throw `DRIVER_MISSING`, `DRIVER_UNSUPPORTED`.
 */
export function appiumMux(options: AppiumMuxOptions = {}): MuxTransport {
  checkOptions('appiumMux', options, {
    address: rule.string,
    silence: rule.positive,
    lookEvery: rule.positive,
    load: rule.function,
  })
  return new AppiumMux(options)
}

class AppiumMux implements MuxTransport {
  readonly #address: () => MuxAddress
  readonly #silence: number
  readonly #lookEvery: number
  readonly #load: LoadModule
  #usbmux: Promise<UsbmuxClass> | null = null

  constructor({
    address,
    silence = 10_000,
    lookEvery = 1000,
    load = (name) => import(name),
  }: AppiumMuxOptions) {
    const fixed = address === undefined ? null : parseMuxAddress(address)
    this.#address = () => fixed ?? muxAddress()
    this.#silence = silence
    this.#lookEvery = lookEvery
    this.#load = load
  }

  async list(options: MuxOptions = {}): Promise<readonly MuxDevice[]> {
    const listed = await this.#ask(options, (usbmux, timeout) => usbmux.listDevices(timeout))
    if (!Array.isArray(listed)) throw muxFailed('The service that speaks with iPhones gave no list of them')
    return onePerPhone(listed.flatMap((entry: unknown) => attachedDevice(entry) ?? []))
  }

  async *watch({ signal }: MuxOptions = {}): AsyncGenerator<readonly MuxDevice[]> {
    let shown: string | null = null
    try {
      for (;;) {
        signal?.throwIfAborted()
        const devices = await this.list({ signal })
        const now = JSON.stringify(devices)
        if (now !== shown) yield devices
        shown = now
        await delay(this.#lookEvery, undefined, { signal })
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error
    }
  }

  async readBuid(options: MuxOptions = {}): Promise<string> {
    const buid = await this.#ask(options, (usbmux, timeout) => usbmux.readBUID(timeout))
    if (typeof buid !== 'string') throw muxFailed('The service that speaks with iPhones has no id')
    return buid
  }

  async readPairRecord(udid: string, options: MuxOptions = {}): Promise<PairRecord> {
    const id = normalUdid(udid)
    const record = await this.#ask(options, (usbmux, timeout) => usbmux.readPairRecord(id, timeout))
    if (typeof record !== 'object' || record === null) throw notPaired(id)
    const values = Object.entries(record).filter(
      (entry): entry is [string, string | Uint8Array] =>
        typeof entry[1] === 'string' || entry[1] instanceof Uint8Array,
    )
    return pairRecordOf(plistDict(Object.fromEntries(values)), id)
  }

  async connect(device: MuxDevice, port: number, { signal }: MuxOptions = {}): Promise<Duplex> {
    const Usbmux = await this.#class()
    const socket = await openMuxSocket(this.#address(), signal)
    try {
      await this.#speak(Usbmux, socket, signal, (usbmux, timeout) =>
        usbmux.connect(device.deviceId, port, timeout),
      )
      return socket
    } catch (error) {
      socket.destroy()
      const result = resultOf(error)
      throw result === null ? error : connectRefused(result, { udid: device.udid, port })
    }
  }

  async #ask<Answer>(
    { signal }: MuxOptions,
    question: (usbmux: Usbmux, timeout: number) => Promise<Answer>,
  ): Promise<Answer> {
    const Usbmux = await this.#class()
    const socket = await openMuxSocket(this.#address(), signal)
    try {
      return await this.#speak(Usbmux, socket, signal, question)
    } finally {
      socket.destroy()
    }
  }

  async #speak<Answer>(
    Usbmux: UsbmuxClass,
    socket: Duplex,
    signal: AbortSignal | undefined,
    question: (usbmux: Usbmux, timeout: number) => Promise<Answer>,
  ): Promise<Answer> {
    const { stream, failed } = oneAnswer(socket, { signal, silence: this.#silence })
    try {
      // Its own limit is longer than ours, and says less.
      return await Promise.race([question(new Usbmux(stream), this.#silence + 60_000), failed])
    } catch (error) {
      if (isHoldfastError(error) || signal?.aborted === true) throw error
      throw muxFailed(error instanceof Error ? error.message : String(error), {}, error)
    } finally {
      stream.destroy()
    }
  }

  #class(): Promise<UsbmuxClass> {
    this.#usbmux ??= loadUsbmux(this.#load).catch((error: unknown) => {
      this.#usbmux = null
      throw error
    })
    return this.#usbmux
  }
}

/** The device of an entry of the list; null for an entry that is none. */
function attachedDevice(entry: unknown): MuxDevice | null {
  const properties = field(entry, 'Properties')
  const [deviceId, serial] = [
    field(entry, 'DeviceID') ?? field(properties, 'DeviceID'),
    field(properties, 'SerialNumber'),
  ]
  if (typeof deviceId !== 'number' || typeof serial !== 'string') return null
  const connection = field(properties, 'ConnectionType') === 'Network' ? 'network' : 'usb'
  return { udid: normalUdid(serial), deviceId, connection }
}

/** The result with which the mux refused, which the library tells in words; null when the error is another one. */
function resultOf(error: unknown): number | null {
  if (!isHoldfastError(error) || error.code !== 'MUX_FAILED') return null
  if (/connection was refused/i.test(error.message)) return 3
  const [, result] = /"Number":(\d+)/.exec(error.message) ?? []
  return result === undefined ? null : Number(result)
}

function field(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined
}
