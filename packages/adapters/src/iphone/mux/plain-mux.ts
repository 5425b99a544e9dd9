import type { Duplex } from 'node:stream'
import { checkOptions, rule } from '@holdfast/core'
import { isDict, isList, type PlistDict, type PlistValue } from '../../plist/plist-value.js'
import { type MuxAddress, muxAddress, parseMuxAddress } from './mux-address.js'
import { MuxConversation } from './mux-conversation.js'
import { connectRefused, muxFailed } from './mux-errors.js'
import type { MuxDevice, MuxOptions, MuxTransport } from './mux-transport.js'
import { notPaired, type PairRecord, parsePairRecord } from './pair-record.js'
import { normalUdid, onePerPhone } from './udid.js'

/** Options of {@link plainMux}. */
export interface PlainMuxOptions {
  /**
   * Where the mux listens: `UNIX:/path`, `/path` or `host:port`.
   * @default `USBMUXD_SOCKET_ADDRESS`, else where the mux of the system always does
   */
  readonly address?: string
  /** Milliseconds for which the mux may be silent on a question. @default 10000 */
  readonly silence?: number
}

/**
 * The mux of the system, spoken with directly: a socket of Unix on Linux and macOS, a port of TCP on Windows.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function plainMux(options: PlainMuxOptions = {}): MuxTransport {
  checkOptions('plainMux', options, { address: rule.string, silence: rule.positive })
  const { address, silence = 10_000 } = options
  const fixed = address === undefined ? null : parseMuxAddress(address)
  return new PlainMux(() => fixed ?? muxAddress(), silence)
}

class PlainMux implements MuxTransport {
  readonly #address: () => MuxAddress
  readonly #silence: number

  constructor(address: () => MuxAddress, silence: number) {
    this.#address = address
    this.#silence = silence
  }

  async list(options: MuxOptions = {}): Promise<readonly MuxDevice[]> {
    const answer = await this.#ask({ MessageType: 'ListDevices' }, options)
    const listed = answer.get('DeviceList')
    if (!isList(listed)) throw muxFailed('The service that speaks with iPhones gave no list of them')
    return onePerPhone(listed.flatMap((entry) => attachedDevice(entry) ?? []))
  }

  async *watch({ signal }: MuxOptions = {}): AsyncGenerator<readonly MuxDevice[]> {
    if (isAborted(signal)) return
    // A conversation of its own learns of changes while the other one is asked, so that none falls between.
    const talk = await this.#open(signal)
    try {
      await talk.ask({ MessageType: 'Listen' }, { signal, silence: this.#silence })
      let shown: string | null = null
      for (;;) {
        const devices = await this.list({ signal })
        const now = JSON.stringify(devices)
        if (now !== shown) yield devices
        shown = now
        await talk.next({ signal })
      }
    } catch (error) {
      if (!isAborted(signal)) throw error
    } finally {
      talk.close()
    }
  }

  async readBuid(options: MuxOptions = {}): Promise<string> {
    const buid = (await this.#ask({ MessageType: 'ReadBUID' }, options)).get('BUID')
    if (typeof buid !== 'string') throw muxFailed('The service that speaks with iPhones has no id')
    return buid
  }

  async readPairRecord(udid: string, options: MuxOptions = {}): Promise<PairRecord> {
    const id = normalUdid(udid)
    const answer = await this.#ask({ MessageType: 'ReadPairRecord', PairRecordID: id }, options)
    const data = answer.get('PairRecordData')
    if (!(data instanceof Uint8Array)) throw notPaired(id)
    return parsePairRecord(data, id)
  }

  async connect(device: MuxDevice, port: number, { signal }: MuxOptions = {}): Promise<Duplex> {
    const talk = await this.#open(signal)
    try {
      // The port in the order of the network, put into an integer: its two bytes change places.
      const PortNumber = ((port & 0xff) << 8) | (port >> 8)
      const request = { MessageType: 'Connect', DeviceID: device.deviceId, PortNumber }
      const answer = await talk.ask(request, { signal, silence: this.#silence })
      const result = answer.get('Number')
      if (result !== 0) throw connectRefused(Number(result), { udid: device.udid, port })
      return talk.release()
    } catch (error) {
      talk.close()
      throw error
    }
  }

  async #ask(request: Readonly<Record<string, PlistValue>>, { signal }: MuxOptions): Promise<PlistDict> {
    const talk = await this.#open(signal)
    try {
      return await talk.ask(request, { signal, silence: this.#silence })
    } finally {
      talk.close()
    }
  }

  #open(signal: AbortSignal | undefined): Promise<MuxConversation> {
    return MuxConversation.open(this.#address(), signal)
  }
}

/** The device of an entry of the list; null for an entry that is none. */
function attachedDevice(entry: PlistValue): MuxDevice | null {
  const properties = isDict(entry) ? entry.get('Properties') : null
  if (!isDict(entry) || !isDict(properties)) return null
  const deviceId = entry.get('DeviceID') ?? properties.get('DeviceID')
  const serial = properties.get('SerialNumber')
  if (typeof deviceId !== 'number' || typeof serial !== 'string') return null
  const connection = properties.get('ConnectionType') === 'Network' ? 'network' : 'usb'
  return { udid: normalUdid(serial), deviceId, connection }
}

/** A function, because the compiler takes what it has seen of a signal for everlasting. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
