import type { Duplex } from 'node:stream'
import { isHoldfastError } from '@holdfast/core'
import { Wire } from '../../iphone/wire/wire.js'
import type { PhoneService } from './phone-services.js'
import type { Transcript } from './transcript.js'

const headBytes = 40
const operations = {
  status: 0x01,
  data: 0x02,
  stat: 0x0a,
  open: 0x0d,
  opened: 0x0e,
  read: 0x0f,
  close: 0x14,
  lock: 0x1b,
}
const statuses = { ok: 0, unknownOperation: 1, invalidArgument: 7, notFound: 8, wouldBlock: 19 }
const locks = { shared: 5, exclusive: 6, unlock: 12 }

/** Who holds the lock of a file, and how. */
interface Holder {
  readonly who: object
  readonly exclusive: boolean
}

/** What one connection has open: paths by handle, and how far each was read. */
type Handles = Map<bigint, { readonly path: string; at: number }>

type Reply = { readonly operation: number; readonly payload: Buffer }

/** The files of a phone that hosts may see, in memory, with locks: as much of AFC as a backup uses. */
export class AfcService implements PhoneService {
  readonly name = 'com.apple.afc'
  /** The files by their paths. */
  readonly files = new Map<string, Buffer>()
  readonly #transcript: Transcript
  readonly #holders = new Map<string, Holder[]>()
  #lastHandle = 0n

  constructor(transcript: Transcript) {
    this.#transcript = transcript
  }

  /** Takes the lock of a file as another program would; gives what lets it go. */
  holdLock(path: string): () => void {
    const who = {}
    this.#holders.set(path, [...(this.#holders.get(path) ?? []), { who, exclusive: true }])
    return () => this.#letGo(who)
  }

  /** Whether somebody holds the lock of a file. */
  isLocked(path: string): boolean {
    return (this.#holders.get(path) ?? []).length > 0
  }

  async serve(stream: Duplex): Promise<void> {
    const wire = new Wire(stream, 'the host')
    const handles: Handles = new Map()
    try {
      for (let expected = 0n; ; expected++) {
        const head = await wire.read(headBytes)
        const [total, header, packet, operation] = [8, 16, 24, 32].map((at) => head.readBigUInt64LE(at))
        if (head.toString('latin1', 0, 8) !== 'CFA6LPAA') throw new Error('a packet without its magic')
        if (
          total === undefined ||
          header === undefined ||
          header < 40n ||
          total < header ||
          total > 1n << 20n
        ) {
          throw new Error('a packet whose lengths are wrong')
        }
        if (packet === undefined || operation === undefined) throw new Error('a packet without a number')
        const params = await wire.read(Number(total) - headBytes)
        const reply = this.#serveOne(handles, Number(operation), params)
        await wire.write(packetOf(packet, reply))
      }
    } catch (error) {
      if (!isHoldfastError(error)) throw error
    } finally {
      this.#letGo(handles)
    }
  }

  #serveOne(handles: Handles, operation: number, params: Buffer): Reply {
    const handle = params.length >= 8 ? params.readBigUInt64LE() : null
    const file = handle === null ? undefined : handles.get(handle)
    switch (operation) {
      case operations.open: {
        const path = params.toString('utf8', 8, params.length - 1)
        if (params.length < 10 || params.at(-1) !== 0) throw new Error('a path that does not end')
        this.#transcript.host(this.name, 'open', { path, mode: Number(handle) })
        return this.#open(handles, path, Number(handle))
      }
      case operations.lock: {
        if (file === undefined || params.length !== 16) return status(statuses.invalidArgument)
        const reply = this.#lock(handles, file.path, Number(params.readBigUInt64LE(8)))
        this.#transcript.host(this.name, 'lock', {
          path: file.path,
          operation: Number(params.readBigUInt64LE(8)),
          status: Number(reply.payload.readBigUInt64LE()),
        })
        return reply
      }
      case operations.close: {
        if (file === undefined || handle === null) return status(statuses.invalidArgument)
        this.#transcript.host(this.name, 'close', { path: file.path })
        handles.delete(handle)
        if (![...handles.values()].some(({ path }) => path === file.path)) this.#letGo(handles, file.path)
        return status(statuses.ok)
      }
      case operations.read: {
        if (file === undefined || params.length !== 16) return status(statuses.invalidArgument)
        const bytes = (this.files.get(file.path) ?? Buffer.alloc(0)).subarray(
          file.at,
          file.at + Number(params.readBigUInt64LE(8)),
        )
        file.at += bytes.length
        return { operation: operations.data, payload: bytes }
      }
      case operations.stat: {
        const found = this.files.get(params.toString('utf8', 0, params.length - 1))
        if (found === undefined) return status(statuses.notFound)
        return {
          operation: operations.data,
          payload: Buffer.from(`st_size\0${found.length}\0st_ifmt\0S_IFREG\0`),
        }
      }
      default:
        return status(statuses.unknownOperation)
    }
  }

  #open(handles: Handles, path: string, mode: number): Reply {
    if (mode < 1 || mode > 6) return status(statuses.invalidArgument)
    if (!this.files.has(path)) {
      if (mode === 1) return status(statuses.notFound)
      this.files.set(path, Buffer.alloc(0))
    }
    this.#lastHandle += 1n
    handles.set(this.#lastHandle, { path, at: 0 })
    const payload = Buffer.alloc(8)
    payload.writeBigUInt64LE(this.#lastHandle)
    return { operation: operations.opened, payload }
  }

  #lock(who: object, path: string, operation: number): Reply {
    const others = (this.#holders.get(path) ?? []).filter((holder) => holder.who !== who)
    if (operation === locks.unlock) {
      this.#holders.set(path, others)
      return status(statuses.ok)
    }
    if (operation !== locks.shared && operation !== locks.exclusive) return status(statuses.invalidArgument)
    const exclusive = operation === locks.exclusive
    if (others.some((holder) => exclusive || holder.exclusive)) return status(statuses.wouldBlock)
    this.#holders.set(path, [...others, { who, exclusive }])
    return status(statuses.ok)
  }

  /** Lets go what somebody holds: the lock of one file, or all. */
  #letGo(who: object, only?: string): void {
    for (const [path, holders] of this.#holders) {
      if (only === undefined || only === path)
        this.#holders.set(
          path,
          holders.filter((holder) => holder.who !== who),
        )
    }
  }
}

function status(code: number): Reply {
  const payload = Buffer.alloc(8)
  payload.writeBigUInt64LE(BigInt(code))
  return { operation: operations.status, payload }
}

function packetOf(packet: bigint, { operation, payload }: Reply): Buffer {
  const head = Buffer.alloc(headBytes)
  head.write('CFA6LPAA', 'latin1')
  // Data stands behind the header, everything else is part of it.
  const inHeader = operation === operations.data ? 0 : payload.length
  head.writeBigUInt64LE(BigInt(headBytes + payload.length), 8)
  head.writeBigUInt64LE(BigInt(headBytes + inHeader), 16)
  head.writeBigUInt64LE(packet, 24)
  head.writeBigUInt64LE(BigInt(operation), 32)
  return Buffer.concat([head, payload])
}
