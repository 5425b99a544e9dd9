import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import { type PlistDict, type PlistValue, plistDict } from '../../plist/plist-value.js'
import type { MuxDevice, MuxTransport } from '../mux/mux-transport.js'
import { lockdownPort } from '../mux/mux-transport.js'
import type { PairRecord } from '../mux/pair-record.js'
import { PlistWire, unexpected } from '../wire/plist-wire.js'
import { lockdownError } from './lockdown-errors.js'
import { secureStream } from './secure-stream.js'

/** What each call can be given. */
export interface LockdownOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for which the phone may be silent on a question. @default 30000 */
  readonly silence?: number | undefined
}

/** Who asks: told to the phone with each request. */
const label = 'holdfast'

/**
 * A conversation with lockdown, the service of a phone that says what the phone is and starts all its other services. One question
 * at a time: a call waits for the one before it.
 *
 * Every method throws HoldfastError `DEVICE_LOST`, `DEVICE_SILENT`, `DEVICE_PROTOCOL`, and for a request that the phone refused the
 * code of its word (see docs/errors.md), or `LOCKDOWN_FAILED` where it has none; the fact `word` is what the phone said. After a
 * refusal the conversation goes on; after any other error it is over.
 */
export class Lockdown {
  readonly device: MuxDevice
  readonly #mux: MuxTransport
  readonly #options: LockdownOptions
  readonly #stream: Duplex
  #wire: PlistWire
  #session: { readonly id: string; readonly record: PairRecord } | null = null
  #last: Promise<unknown> = Promise.resolve()

  private constructor(mux: MuxTransport, device: MuxDevice, stream: Duplex, options: LockdownOptions) {
    this.device = device
    this.#mux = mux
    this.#stream = stream
    this.#options = { ...options, silence: options.silence ?? 30_000 }
    this.#wire = new PlistWire(stream, 'xml')
  }

  /**
   * Begins a conversation, and makes sure that it is lockdown that answers. The options hold for all of it. Throws as
   * {@link MuxTransport.connect} too.
   */
  static async open(mux: MuxTransport, device: MuxDevice, options: LockdownOptions = {}): Promise<Lockdown> {
    const stream = await mux.connect(device, lockdownPort, { signal: options.signal })
    const lockdown = new Lockdown(mux, device, stream, options)
    try {
      const { Type: type } = Object.fromEntries(await lockdown.#ask('QueryType', {}))
      if (type !== 'com.apple.mobile.lockdown') throw unexpected('What answers is not lockdown.')
      return lockdown
    } catch (error) {
      lockdown.close()
      throw error
    }
  }

  /** Opens a session: TLS with the identity of the pair record. Throws `DEVICE_NOT_PAIRED`, `DEVICE_TLS_FAILED` too. */
  async startSession(): Promise<void> {
    const { signal, silence = 30_000 } = this.#options
    const record = await this.#mux.readPairRecord(this.device.udid, { signal })
    const answer = await this.#ask('StartSession', { HostID: record.hostId, SystemBUID: record.systemBuid })
    const id = answer.get('SessionID')
    if (typeof id !== 'string') throw unexpected('A session has no id.')
    if (answer.get('EnableSessionSSL') === true) {
      this.#wire = new PlistWire(await secureStream(this.#stream, record, { signal, limit: silence }), 'xml')
    }
    this.#session = { id, record }
  }

  /**
   * A value that the phone has under a key of a domain, or without a key all of the domain; null when it has none. Without a session
   * it says its name, its model, its version and its id, and no more.
   */
  async value(key: string | null, domain: string | null = null): Promise<PlistValue> {
    try {
      const answer = await this.#ask('GetValue', { Domain: domain ?? undefined, Key: key ?? undefined })
      return answer.get('Value') ?? null
    } catch (error) {
      if (isHoldfastError(error) && error.facts['word'] === 'MissingValue') return null
      throw error
    }
  }

  /**
   * Starts a service and connects to it, with TLS where it speaks that. `escrow` lets a locked phone start it as well. The stream is
   * paused, as that of {@link MuxTransport.connect}; it stays when the conversation ends. Needs a session.
   */
  async startService(name: string, { escrow = false }: { readonly escrow?: boolean } = {}): Promise<Duplex> {
    const session = this.#session
    if (session === null) throw lockdownError('SessionInactive', 'StartService')
    const { signal, silence = 30_000 } = this.#options
    const { record } = session
    const answer = await this.#ask('StartService', {
      Service: name,
      EscrowBag: escrow && record.escrowBag !== null ? record.escrowBag : undefined,
    })
    const port = answer.get('Port')
    if (typeof port !== 'number' || port < 1 || port > 65_535) throw unexpected('A service has no port.')
    const stream = await this.#mux.connect(this.device, port, { signal })
    return answer.get('EnableServiceSSL') === true
      ? secureStream(stream, record, { signal, limit: silence })
      : stream
  }

  /** Ends the session and the conversation in order; resolves also when the phone is gone. */
  async end(): Promise<void> {
    try {
      if (this.#session !== null) await this.#ask('StopSession', { SessionID: this.#session.id })
    } catch {
      // Whoever ends a conversation has what they wanted of it.
    } finally {
      this.close()
    }
  }

  /** Ends the connection at once. */
  close(): void {
    this.#session = null
    this.#wire.wire.close()
    this.#stream.destroy()
  }

  #ask(request: string, values: Readonly<Record<string, PlistValue | undefined>>): Promise<PlistDict> {
    const answered = this.#last.then(() => this.#askNow(request, values))
    this.#last = answered.catch(() => {})
    return answered
  }

  async #askNow(
    request: string,
    values: Readonly<Record<string, PlistValue | undefined>>,
  ): Promise<PlistDict> {
    const answer = await this.#answerTo(request, values)
    const word = answer.get('Error')
    if (typeof word === 'string') throw lockdownError(word, request)
    return answer
  }

  /** Without the answer to one question nobody knows to which question the next answer belongs, so the conversation ends. */
  async #answerTo(
    request: string,
    values: Readonly<Record<string, PlistValue | undefined>>,
  ): Promise<PlistDict> {
    try {
      const message = plistDict({ Label: label, ProtocolVersion: '2', Request: request, ...values })
      await this.#wire.send(message, this.#options)
      const answer = await this.#wire.receiveDict(this.#options)
      if (answer.get('Request') !== request) throw unexpected('It answered another question.', { request })
      return answer
    } catch (error) {
      this.close()
      throw error
    }
  }
}
