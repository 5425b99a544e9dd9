import type { Duplex } from 'node:stream'
import { isDict, isList, type PlistDict, type PlistValue } from '../../plist/plist-value.js'
import { PlistWire, unexpected } from '../wire/plist-wire.js'
import type { Waiting, Wire } from '../wire/wire.js'

/** What stands where a text has nothing to say: the protocol has no empty ones. */
const nothingToSay = '___EmptyParameterString___'

/** A phone that scans its files or waits for its passcode is silent for minutes. The end of the connection is the real sign. */
const usualSilence = 15 * 60_000

/** A phone that does not take the last word is not waited for. */
const farewellSilence = 3000

/** One message of a phone: its name, and what stands behind it. */
export interface LinkMessage {
  readonly name: string
  readonly values: readonly PlistValue[]
}

/**
 * DeviceLink, in which the services for backups speak: the phone sends commands, and the host answers each with one status. Between
 * messages the bytes of files come over the same connection; see file-stream.ts.
 *
 * Every method throws HoldfastError `DEVICE_LOST`, `DEVICE_SILENT`, `DEVICE_PROTOCOL`; the signal's reason when it is aborted.
 */
export class DeviceLink {
  readonly #lists: PlistWire
  readonly #waiting: Waiting

  private constructor(stream: Duplex, waiting: Waiting) {
    this.#lists = new PlistWire(stream, 'binary')
    this.#waiting = waiting
  }

  /**
   * Agrees on the version: the phone names its own, and the host takes it. Everything that matters to a backup is the same in
   * 300 (iOS 13 and older) and 400.
   */
  static async open(stream: Duplex, { signal, silence = usualSilence }: Waiting = {}): Promise<DeviceLink> {
    const link = new DeviceLink(stream, { signal, silence })
    const offer = await link.receive()
    const [major] = offer.values
    if (offer.name !== 'DLMessageVersionExchange' || typeof major !== 'number') {
      throw unexpected('It began with no version.', { message: offer.name })
    }
    await link.send('DLMessageVersionExchange', 'DLVersionsOk', major)
    const ready = await link.receive()
    if (ready.name !== 'DLMessageDeviceReady')
      throw unexpected('It is not ready.', { message: ready.name, version: major })
    return link
  }

  /** The connection itself, for the bytes of files. */
  get wire(): Wire {
    return this.#lists.wire
  }

  /** The next message. */
  async receive(): Promise<LinkMessage> {
    const message = await this.#lists.receive(this.#waiting)
    const [name, ...values] = isList(message) ? message : []
    if (typeof name !== 'string') throw unexpected('A message has no name.')
    return { name, values }
  }

  /** Sends a message. */
  async send(name: string, ...values: readonly PlistValue[]): Promise<void> {
    await this.#lists.send([name, ...values], this.#waiting)
  }

  /** Sends a request to the service behind the link. */
  async request(request: PlistDict): Promise<void> {
    await this.send('DLMessageProcessMessage', request)
  }

  /** What the service behind the link says: the answer to a request. */
  async response(): Promise<PlistDict> {
    const { name, values } = await this.receive()
    const [response] = values
    if (name !== 'DLMessageProcessMessage' || !isDict(response)) {
      throw unexpected('It did not answer a request.', { message: name })
    }
    return response
  }

  /** Answers a command: zero for done, or a negative code of `link-status.ts`. Each command gets one answer, and no more. */
  async status(code: number, text: string | null = null, payload: PlistValue = new Map()): Promise<void> {
    await this.send('DLMessageStatusResponse', code, text ?? nothingToSay, payload)
  }

  /**
   * Says that the host wants no more, also when what it wanted was aborted, and ends the connection when that was sent; resolves also when
   * the phone is gone.
   */
  async disconnect(): Promise<void> {
    try {
      await this.#lists.send(['DLMessageDisconnect', nothingToSay], { silence: farewellSilence })
      await this.wire.end()
    } catch {
      this.wire.close()
    }
  }
}
