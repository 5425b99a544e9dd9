import type { Duplex } from 'node:stream'
import { HoldfastError } from '@holdfast/core'
import { parsePlist } from '../../plist/parse-plist.js'
import { isDict, type PlistDict, type PlistValue } from '../../plist/plist-value.js'
import { isBinaryPlist, type ReadPlistOptions } from '../../plist/read-binary.js'
import { writeBinaryPlist } from '../../plist/write-binary.js'
import { writeXmlPlist } from '../../plist/write-xml.js'
import { said } from './said.js'
import { type Waiting, Wire } from './wire.js'

/** The form in which one side writes its lists: always the same, or as the other side wrote last. Both are read. */
export type PlistForm = 'xml' | 'binary' | 'as-received'

/** A phone with a million files names them in messages of tens of megabytes; what is larger is no message. */
const longest = 256 * 1024 * 1024

/** Property lists over a connection, each behind its length in four bytes, big-endian: how all services of a phone speak. */
export class PlistWire {
  readonly wire: Wire
  readonly #form: PlistForm
  readonly #options: ReadPlistOptions
  #received: 'xml' | 'binary' = 'xml'

  constructor(stream: Duplex, form: PlistForm, options: ReadPlistOptions = {}) {
    this.wire = new Wire(stream)
    this.#form = form
    this.#options = options
  }

  /** Sends a list; resolves when more may be sent. Throws as {@link Wire.write}. */
  async send(message: PlistValue, waiting: Waiting = {}): Promise<void> {
    const form = this.#form === 'as-received' ? this.#received : this.#form
    const body = form === 'xml' ? writeXmlPlist(message) : writeBinaryPlist(message)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    // One write, so that no packet holds a length alone.
    await this.wire.write(Buffer.concat([length, body]), waiting)
  }

  /** The next list. Throws as {@link Wire.read}, and `DEVICE_PROTOCOL` for what is none. */
  async receive(waiting: Waiting = {}): Promise<PlistValue> {
    const length = (await this.wire.read(4, waiting)).readUInt32BE()
    if (length > longest) throw unexpected(`It announced a message of ${length} bytes.`)
    const body = await this.wire.read(length, waiting)
    this.#received = isBinaryPlist(body) ? 'binary' : 'xml'
    const parsed = parsePlist(body, this.#options)
    if (!parsed.ok) throw unexpected(parsed.problem)
    return parsed.value
  }

  /** The next list, which must be a dictionary. Throws as {@link receive}. */
  async receiveDict(waiting: Waiting = {}): Promise<PlistDict> {
    const message = await this.receive(waiting)
    if (!isDict(message)) throw unexpected('A message was no dictionary.')
    return message
  }
}

/** The error for what a phone must not say. Texts among the facts may be its own words. */
export function unexpected(
  problem: string,
  facts: Readonly<Record<string, string | number>> = {},
): HoldfastError {
  return new HoldfastError('DEVICE_PROTOCOL', `The iPhone sent what was not expected: ${problem}`, {
    hint: 'Connect the iPhone again and try again. If it happens again, this version of iOS may need a newer Holdfast.',
    facts: Object.fromEntries(
      Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'string' ? said(fact) : fact]),
    ),
  })
}
