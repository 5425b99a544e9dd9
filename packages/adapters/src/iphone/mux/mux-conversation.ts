import type { Duplex } from 'node:stream'
import { parsePlist } from '../../plist/parse-plist.js'
import { isDict, type PlistDict, type PlistValue, plistDict } from '../../plist/plist-value.js'
import { writeXmlPlist } from '../../plist/write-xml.js'
import { type Waiting, Wire } from '../wire/wire.js'
import type { MuxAddress } from './mux-address.js'
import { muxFailed } from './mux-errors.js'
import { openMuxSocket } from './mux-socket.js'

const headBytes = 16
const plistVersion = 1
const plistMessage = 8
/** A list of a thousand phones has a megabyte. */
const longest = 16 * 1024 * 1024

/**
 * One connection to a mux: questions and answers behind a head of four little-endian integers (length with the head, version,
 * kind, tag), each an XML property list.
 */
export class MuxConversation {
  readonly #wire: Wire
  #tag = 0

  /** On a connection that was opened already. */
  constructor(stream: Duplex) {
    this.#wire = new Wire(stream, 'the service that speaks with iPhones')
  }

  /** Throws HoldfastError `MUX_UNREACHABLE`. */
  static async open(address: MuxAddress, signal: AbortSignal | undefined): Promise<MuxConversation> {
    return new MuxConversation(await openMuxSocket(address, signal))
  }

  /** Asks one question. */
  async ask(request: Readonly<Record<string, PlistValue>>, waiting: Waiting): Promise<PlistDict> {
    const tag = ++this.#tag
    const body = writeXmlPlist(
      plistDict({ ...request, ClientVersionString: 'holdfast', ProgName: 'holdfast', kLibUSBMuxVersion: 3 }),
    )
    const head = Buffer.alloc(headBytes)
    const fields = [headBytes + body.length, plistVersion, plistMessage, tag]
    fields.forEach((field, index) => head.writeUInt32LE(field, index * 4))
    await this.#wire.write(Buffer.concat([head, body]), waiting)
    const answer = await this.#receive(waiting)
    if (answer.tag !== tag) throw muxFailed('The service that speaks with iPhones answered another question')
    return answer.message
  }

  /** The next message that the mux sends by itself. */
  async next(waiting: Waiting): Promise<PlistDict> {
    return (await this.#receive(waiting)).message
  }

  /** The connection, which the mux has made a connection to a phone. */
  release(): Duplex {
    return this.#wire.stream
  }

  close(): void {
    this.#wire.close()
  }

  async #receive(waiting: Waiting): Promise<{ readonly message: PlistDict; readonly tag: number }> {
    const head = await this.#wire.read(headBytes, waiting)
    const length = head.readUInt32LE(0)
    if (length < headBytes || length > longest || head.readUInt32LE(8) !== plistMessage) {
      throw muxFailed('What answers at the address of the service that speaks with iPhones is something else')
    }
    const parsed = parsePlist(await this.#wire.read(length - headBytes, waiting))
    if (!parsed.ok || !isDict(parsed.value)) {
      throw muxFailed('The service that speaks with iPhones sent what cannot be read')
    }
    return { message: parsed.value, tag: head.readUInt32LE(12) }
  }
}
