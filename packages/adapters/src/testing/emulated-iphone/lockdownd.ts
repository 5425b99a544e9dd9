import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import { PlistWire } from '../../iphone/wire/plist-wire.js'
import { isDict, type PlistDict, type PlistValue, plistDict } from '../../plist/plist-value.js'
import type { Pairing } from './pairing.js'
import type { PhoneServices } from './phone-services.js'
import { secureAsPhone, type TlsVersion } from './phone-tls.js'
import { saidWithoutSession } from './phone-values.js'
import type { Transcript } from './transcript.js'

interface Phone {
  /** What it says of itself now. */
  readonly values: () => PlistDict
  readonly pairing: Pairing
  readonly services: PhoneServices
  /** What requests fail with, by their names, or by name and service. */
  readonly faults: ReadonlyMap<string, string>
  readonly transcript: Transcript
  readonly tls: TlsVersion | null
}

/** Where one conversation has come to. */
interface Talk {
  /** What is spoken on now: the connection, or TLS over it. */
  wire: PlistWire
  session: string | null
}

type Answer = { readonly [name: string]: PlistValue | undefined; readonly Error?: string }

const where = 'lockdown'

/** The service that says what a phone is, opens sessions, and starts all other services. It answers in the form in which it is asked. */
export class Lockdownd {
  readonly #phone: Phone
  #sessions = 0

  constructor(phone: Phone) {
    this.#phone = phone
  }

  /** Speaks on a connection until it ends. */
  async serve(stream: Duplex): Promise<void> {
    const talk: Talk = { wire: new PlistWire(stream, 'as-received'), session: null }
    try {
      for (;;) {
        const request = await talk.wire.receiveDict()
        const name = request.get('Request')
        if (typeof name !== 'string') throw new Error('a message without a Request')
        if (!(await this.#serveOne(stream, talk, name, request))) return
      }
    } catch (error) {
      if (!isHoldfastError(error) || error.code === 'DEVICE_PROTOCOL') {
        this.#phone.transcript.complain(where, error instanceof Error ? error.message : String(error))
      }
    } finally {
      stream.destroy()
    }
  }

  /** Serves a request; false when it was the last. */
  async #serveOne(stream: Duplex, talk: Talk, name: string, request: PlistDict): Promise<boolean> {
    const { transcript, faults } = this.#phone
    const service = request.get('Service')
    transcript.host(where, name, typeof service === 'string' ? { service } : {})
    const fault = faults.get(typeof service === 'string' ? `${name} ${service}` : name) ?? faults.get(name)
    const answer: Answer = fault === undefined ? this.#answer(talk, name, request) : { Error: fault }
    const { Error: error } = answer
    if (typeof error === 'string') transcript.phone(where, 'Error', { error })
    await talk.wire.send(plistDict({ Request: name, ...answer }))
    if (name === 'StartSession' && answer['EnableSessionSSL'] === true) {
      const secure = await secureAsPhone(stream, this.#phone.pairing, this.#phone.tls)
      transcript.host(where, 'TLS', { version: secure.getProtocol() })
      talk.wire = new PlistWire(secure, 'as-received')
    }
    // With its session the encryption ends, and with that the connection: what followed in the clear would be nobody's.
    return name !== 'Goodbye' && !(name === 'StopSession' && error === undefined)
  }

  #answer(talk: Talk, name: string, request: PlistDict): Answer {
    switch (name) {
      case 'QueryType':
        return { Type: 'com.apple.mobile.lockdown' }
      case 'GetValue':
        return this.#value(talk, request)
      case 'StartSession':
        return this.#startSession(talk, request)
      case 'StopSession': {
        if (talk.session === null) return { Error: 'SessionInactive' }
        if (request.get('SessionID') !== talk.session) return { Error: 'InvalidSessionID' }
        talk.session = null
        return {}
      }
      case 'StartService':
        return this.#startService(talk, request)
      case 'ValidatePair':
      case 'Goodbye':
        return {}
      default:
        return { Error: 'InvalidRequest' }
    }
  }

  #value(talk: Talk, request: PlistDict): Answer {
    const [domain, key] = [request.get('Domain'), request.get('Key')]
    const values = this.#phone.values().get(typeof domain === 'string' ? domain : '')
    const asked = { Domain: domain, Key: key }
    if (!isDict(values)) return { ...asked, Error: 'MissingValue' }
    const open = talk.session !== null
    const said = [...values].filter(
      ([each]) => open || (domain === undefined && saidWithoutSession.has(each)),
    )
    if (typeof key !== 'string') return { ...asked, Value: new Map(said) }
    const found = said.find(([each]) => each === key)
    return found === undefined ? { ...asked, Error: 'MissingValue' } : { ...asked, Value: found[1] }
  }

  #startSession(talk: Talk, request: PlistDict): Answer {
    const { record } = this.#phone.pairing
    if (talk.session !== null) return { Error: 'SessionActive' }
    if (request.get('HostID') !== record.hostId) return { Error: 'InvalidHostID' }
    if (request.get('SystemBUID') !== record.systemBuid) return { Error: 'InvalidHostID' }
    talk.session = `session-${++this.#sessions}`
    return { SessionID: talk.session, EnableSessionSSL: true }
  }

  #startService(talk: Talk, request: PlistDict): Answer {
    const { services, pairing, tls, transcript } = this.#phone
    const [service, escrow] = [request.get('Service'), request.get('EscrowBag')]
    if (talk.session === null) return { Error: 'SessionInactive' }
    if (escrow !== undefined) {
      const known = escrow instanceof Uint8Array && Buffer.from(escrow).equals(pairing.record.escrowBag)
      if (!known) {
        transcript.complain(where, 'an escrow bag that is not of this pairing')
        return { Error: 'EscrowLocked' }
      }
      transcript.host(where, 'EscrowBag')
    }
    const secure = (stream: Duplex): Promise<Duplex> => secureAsPhone(stream, pairing, tls)
    const port = typeof service === 'string' ? services.start(service, secure) : null
    return port === null
      ? { Error: 'InvalidService' }
      : { Service: service, Port: port, EnableServiceSSL: services.tls }
  }
}
