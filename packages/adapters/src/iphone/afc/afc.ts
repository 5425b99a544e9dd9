import type { Duplex } from 'node:stream'
import { HoldfastError } from '@holdfast/core'
import { unexpected } from '../wire/plist-wire.js'
import { type Waiting, Wire } from '../wire/wire.js'

/** The name of the service, for lockdown. */
export const afcService = 'com.apple.afc'

/** What a file is opened for. */
export const afcModes = { read: 1, readAndCreate: 2 } as const

const magic = 'CFA6LPAA'
const headBytes = 40
/** More than that no answer to our questions has. */
const longest = 16 * 1024 * 1024

const operations = {
  status: 0x01,
  data: 0x02,
  open: 0x0d,
  opened: 0x0e,
  read: 0x0f,
  close: 0x14,
  lock: 0x1b,
} as const
const statuses = { ok: 0, notFound: 8, wouldBlock: 19 } as const
const locks = { exclusive: 6, unlock: 12 } as const

interface Answer {
  readonly operation: number
  readonly params: Buffer
  readonly data: Buffer
}

/**
 * As much of AFC, by which hosts see files of a phone, as a backup needs: reading a file, and the lock that tells other programs of
 * a backup. One call at a time. Throws HoldfastError `DEVICE_LOST`, `DEVICE_SILENT`, `DEVICE_PROTOCOL`, and `AFC_FAILED` with the
 * phone's status as a fact.
 */
export class Afc {
  readonly #wire: Wire
  readonly #waiting: Waiting
  #packets = 0n

  /** On a connection to the service, as lockdown gives it. */
  constructor(stream: Duplex, { signal, silence = 30_000 }: Waiting = {}) {
    this.#wire = new Wire(stream)
    this.#waiting = { signal, silence }
  }

  /** Opens a file; gives its handle, or null when there is none. */
  async open(path: string, mode: (typeof afcModes)[keyof typeof afcModes]): Promise<bigint | null> {
    const { operation, params } = await this.#ask(
      operations.open,
      u64(BigInt(mode)),
      Buffer.from(`${path}\0`),
    )
    if (operation === operations.opened && params.length >= 8) return params.readBigUInt64LE()
    const status = statusOf(operation, params)
    if (status === statuses.notFound) return null
    throw refused('open', status, path)
  }

  /** Takes the lock of an open file for this connection alone; false when somebody else has it. */
  async lock(handle: bigint): Promise<boolean> {
    const status = await this.#do(operations.lock, u64(handle), u64(BigInt(locks.exclusive)))
    if (status !== statuses.ok && status !== statuses.wouldBlock) throw refused('lock', status)
    return status === statuses.ok
  }

  /** Lets the lock go. */
  async unlock(handle: bigint): Promise<void> {
    const status = await this.#do(operations.lock, u64(handle), u64(BigInt(locks.unlock)))
    if (status !== statuses.ok) throw refused('unlock', status)
  }

  /** Closes a file, and with it what this connection has locked of it. */
  async close(handle: bigint): Promise<void> {
    const status = await this.#do(operations.close, u64(handle))
    if (status !== statuses.ok) throw refused('close', status)
  }

  /** The content of a file; null when there is none. For small ones: at most `most` bytes are read. @default 1 MiB */
  async readFile(path: string, most = 1024 * 1024): Promise<Buffer | null> {
    const handle = await this.open(path, afcModes.read)
    if (handle === null) return null
    const parts: Buffer[] = []
    for (let left = most; left > 0; ) {
      const answer = await this.#ask(operations.read, u64(handle), u64(BigInt(Math.min(left, 65_536))))
      if (answer.operation !== operations.data)
        throw refused('read', statusOf(answer.operation, answer.params), path)
      if (answer.data.length === 0) break
      parts.push(answer.data)
      left -= answer.data.length
    }
    await this.close(handle)
    return Buffer.concat(parts)
  }

  /** Ends the connection at once, and with it every lock. */
  end(): void {
    this.#wire.close()
  }

  async #do(operation: number, ...params: readonly Buffer[]): Promise<number> {
    const answer = await this.#ask(operation, ...params)
    return statusOf(answer.operation, answer.params)
  }

  async #ask(operation: number, ...params: readonly Buffer[]): Promise<Answer> {
    const packet = this.#packets++
    const payload = Buffer.concat(params)
    const length = BigInt(headBytes + payload.length)
    const fields = [length, length, packet, BigInt(operation)].map(u64)
    await this.#wire.write(Buffer.concat([Buffer.from(magic), ...fields, payload]), this.#waiting)
    const head = await this.#wire.read(headBytes, this.#waiting)
    const [total, header] = [Number(head.readBigUInt64LE(8)), Number(head.readBigUInt64LE(16))]
    if (head.toString('latin1', 0, 8) !== magic || header < headBytes || total < header || total > longest) {
      throw unexpected('An answer about files has a wrong head.')
    }
    if (head.readBigUInt64LE(24) !== packet) throw unexpected('It answered another question about files.')
    const body = await this.#wire.read(total - headBytes, this.#waiting)
    return {
      operation: Number(head.readBigUInt64LE(32)),
      params: body.subarray(0, header - headBytes),
      data: body.subarray(header - headBytes),
    }
  }
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

function statusOf(operation: number, params: Buffer): number {
  if (operation !== operations.status || params.length < 8)
    throw unexpected('It answered neither yes nor no.')
  return Number(params.readBigUInt64LE())
}

function refused(operation: string, status: number, path: string | null = null): HoldfastError {
  return new HoldfastError(
    'AFC_FAILED',
    `The iPhone refused to ${operation} one of its files (status ${status})`,
    {
      hint: 'Unlock the iPhone and try again. If that does not help, restart it.',
      facts: { operation, status, path },
    },
  )
}
