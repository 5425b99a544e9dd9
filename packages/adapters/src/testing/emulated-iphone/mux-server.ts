import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { isHoldfastError } from '@holdfast/core'
import { Wire } from '../../iphone/wire/wire.js'
import { parsePlist } from '../../plist/parse-plist.js'
import { isDict, type PlistDict, type PlistValue, plistDict } from '../../plist/plist-value.js'
import { isBinaryPlist } from '../../plist/read-binary.js'
import { writeXmlPlist } from '../../plist/write-xml.js'
import type { Transcript } from './transcript.js'

/** What a phone is to the mux that it hangs on. */
export interface MuxedPhone {
  readonly udid: string
  /** As the mux lists it: some leave out the dash. */
  readonly listedAs: string
  readonly connection: 'USB' | 'Network'
  /** The pair record as the computer keeps it; null when nobody tapped “Trust”. */
  pairRecord(): Buffer | null
  /** Takes a connection to one of its ports; null when nothing listens there. */
  listener(port: number): ((stream: Socket) => Promise<void>) | null
}

const headBytes = 16
const results = { ok: 0, badCommand: 1, badDevice: 2, refused: 3 } as const

/**
 * A usbmuxd for emulated phones, on a port of the loopback or a unix socket. It answers in XML, as all real ones do, and takes nothing
 * else.
 */
export class MuxServer {
  readonly buid = '30C18A3B-4E5A-4F59-8A80-3C1C4F3E6A10'
  readonly #transcript: Transcript
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #listeners = new Set<Socket>()
  readonly #attached = new Map<number, MuxedPhone>()
  readonly #tunnels = new Map<Socket, number>()
  /** Whether it takes questions and gives no answers. */
  silent = false
  #lastId = 0
  #address = ''

  constructor(transcript: Transcript) {
    this.#transcript = transcript
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#listeners.delete(socket)
        this.#tunnels.delete(socket)
      })
      void this.#serve(socket)
    })
  }

  /** Where it listens, in the form of `USBMUXD_SOCKET_ADDRESS`. */
  get address(): string {
    return this.#address
  }

  /** Listens on a unix socket, or without a path on a free port of the loopback. */
  async listen(path: string | null): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path === null ? { host: '127.0.0.1', port: 0 } : { path }, () => resolve())
    })
    // A server on TCP has an address of this kind; one on a path has its path.
    this.#address =
      path === null ? `127.0.0.1:${(this.#server.address() as AddressInfo).port}` : `UNIX:${path}`
  }

  /** Ends every connection, and listens no more. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Plugs a phone in. Gives the id under which hosts connect to it. */
  attach(phone: MuxedPhone): number {
    const id = ++this.#lastId
    this.#attached.set(id, phone)
    for (const socket of this.#listeners) this.#send(socket, 0, attachedMessage(id, phone))
    return id
  }

  /** Pulls a phone out: every connection to it ends at once. */
  detach(phone: MuxedPhone): void {
    for (const [id, each] of this.#attached) {
      if (each !== phone) continue
      this.#attached.delete(id)
      for (const [socket, device] of this.#tunnels) if (device === id) socket.destroy()
      for (const socket of this.#listeners) {
        this.#send(socket, 0, plistDict({ MessageType: 'Detached', DeviceID: id }))
      }
    }
  }

  async #serve(socket: Socket): Promise<void> {
    const wire = new Wire(socket, 'the host')
    try {
      for (;;) {
        const head = await wire.read(headBytes)
        const [length, version, kind, tag] = [0, 4, 8, 12].map((at) => head.readUInt32LE(at))
        if (length === undefined || length < headBytes || length > 1 << 20 || version !== 1 || kind !== 8) {
          throw new Error('a message has a wrong head')
        }
        const body = await wire.read(length - headBytes)
        if (isBinaryPlist(body)) throw new Error('a message is not in XML')
        const parsed = parsePlist(body)
        if (!parsed.ok || !isDict(parsed.value)) throw new Error('a message is no dictionary')
        if (this.#answer(socket, tag ?? 0, parsed.value)) return
      }
    } catch (error) {
      // A host that hangs up between two messages is a good host.
      if (!isHoldfastError(error)) {
        this.#transcript.complain('mux', error instanceof Error ? error.message : String(error))
      }
      socket.destroy()
    }
  }

  /** Answers a request; true when the connection is the phone's from now on. */
  #answer(socket: Socket, tag: number, request: PlistDict): boolean {
    const type = request.get('MessageType')
    if (typeof type !== 'string') throw new Error('a message without a type')
    this.#transcript.host('mux', type)
    if (this.silent) return false
    switch (type) {
      case 'ListDevices': {
        const DeviceList = [...this.#attached].map(([id, phone]) => attachedMessage(id, phone))
        this.#send(socket, tag, plistDict({ DeviceList }))
        return false
      }
      case 'Listen':
        this.#result(socket, tag, results.ok)
        for (const [id, phone] of this.#attached) this.#send(socket, 0, attachedMessage(id, phone))
        this.#listeners.add(socket)
        return false
      case 'ReadBUID':
        this.#send(socket, tag, plistDict({ BUID: this.buid }))
        return false
      case 'ReadPairRecord': {
        const id = request.get('PairRecordID')
        const phone = [...this.#attached.values()].find(({ udid }) => udid === id)
        const record = phone?.pairRecord() ?? null
        if (record === null) this.#result(socket, tag, results.badDevice)
        else this.#send(socket, tag, plistDict({ PairRecordData: record }))
        return false
      }
      case 'Connect':
        return this.#connect(socket, tag, request)
      default:
        this.#result(socket, tag, results.badCommand)
        return false
    }
  }

  #connect(socket: Socket, tag: number, request: PlistDict): boolean {
    const [device, port] = [request.get('DeviceID'), request.get('PortNumber')]
    if (typeof device !== 'number' || typeof port !== 'number') {
      this.#transcript.complain('mux', 'Connect without a device and a port')
      this.#result(socket, tag, results.badCommand)
      return false
    }
    const phone = this.#attached.get(device)
    const listener = phone?.listener(((port & 0xff) << 8) | (port >> 8)) ?? null
    if (phone === undefined || listener === null) {
      this.#result(socket, tag, phone === undefined ? results.badDevice : results.refused)
      return false
    }
    this.#result(socket, tag, results.ok)
    this.#tunnels.set(socket, device)
    void listener(socket).catch(() => socket.destroy())
    return true
  }

  #result(socket: Socket, tag: number, result: number): void {
    this.#transcript.phone('mux', 'Result', { number: result })
    this.#send(socket, tag, plistDict({ MessageType: 'Result', Number: result }))
  }

  #send(socket: Socket, tag: number, message: PlistValue): void {
    const body = writeXmlPlist(message)
    const head = Buffer.alloc(headBytes)
    const fields = [headBytes + body.length, 1, 8, tag]
    fields.forEach((field, index) => head.writeUInt32LE(field, index * 4))
    socket.write(Buffer.concat([head, body]))
  }
}

function attachedMessage(id: number, phone: MuxedPhone): PlistDict {
  const cable = phone.connection === 'USB'
  return plistDict({
    MessageType: 'Attached',
    DeviceID: id,
    Properties: plistDict({
      ConnectionType: phone.connection,
      DeviceID: id,
      SerialNumber: phone.listedAs,
      ProductID: cable ? 0x12a8 : undefined,
      LocationID: cable ? 0x14_10_00_00 : undefined,
      // A sockaddr_in of 127.0.0.1: clients refuse a list with an address of length zero.
      NetworkAddress: cable
        ? undefined
        : Buffer.concat([Buffer.from([16, 2, 0, 0, 127, 0, 0, 1]), Buffer.alloc(8)]),
      InterfaceIndex: cable ? undefined : 1,
    }),
  })
}
