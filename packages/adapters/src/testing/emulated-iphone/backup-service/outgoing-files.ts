import { setImmediate as nextTurn } from 'node:timers/promises'

/** What the first byte of a block says of the rest. */
const blocks = { end: 0x00, remoteError: 0x0b, data: 0x0c } as const

/**
 * Small files are joined up to this many bytes, so that not each costs a packet: what fits into one record of TLS. Real phones send no
 * length in two records, and idevicebackup2 loses its place where one does.
 */
const joinedBytes = 16 * 1024

/**
 * Bytes that are sent in a turn of the event loop. TLS gives what it encrypted to the connection once the turn ends, and a phone does not keep
 * a batch of files back until it has all of it.
 */
const bytesInATurn = 64 * 1024

/**
 * The stream of files that a phone sends: the phone's name and the host's name of each, blocks of data, and a block that ends it;
 * a name of no length ends them all.
 */
export class OutgoingFiles {
  readonly #send: (bytes: Uint8Array) => Promise<void>
  readonly #interrupted: AbortSignal
  #joined: Uint8Array[] = []
  #length = 0
  #sentInTurn = 0

  /** `interrupted` is aborted when the host speaks or leaves before all is sent. */
  constructor(send: (bytes: Uint8Array) => Promise<void>, interrupted: AbortSignal) {
    this.#send = send
    this.#interrupted = interrupted
  }

  async begin(devicePath: string, path: string): Promise<void> {
    await this.raw(Buffer.concat([named(devicePath), named(path)]))
  }

  async data(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return
    await this.raw(blockHead(bytes.length, blocks.data))
    await this.raw(bytes)
  }

  /** Ends a file; with words, as one that the phone could not read to its end. */
  async end(problem: string | null = null): Promise<void> {
    const words = Buffer.from(problem ?? '')
    await this.raw(blockHead(words.length, problem === null ? blocks.end : blocks.remoteError))
    await this.raw(words)
  }

  /** Ends them all; everything is sent when it resolves. */
  async finish(): Promise<void> {
    await this.raw(Buffer.alloc(4))
    await this.flush()
  }

  /** Sends nothing more, until the host speaks or leaves. */
  async fallSilent(): Promise<never> {
    await this.flush()
    const signal = this.#interrupted
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    throw signal.reason
  }

  /** Sends bytes as they are, whatever they mean. */
  async raw(bytes: Uint8Array): Promise<void> {
    if (this.#length + bytes.length > joinedBytes) await this.flush()
    this.#joined.push(bytes)
    this.#length += bytes.length
  }

  /** Sends what was joined so far. */
  async flush(): Promise<void> {
    const [first, ...rest] = this.#joined
    if (first === undefined || this.#length === 0) return
    const bytes = rest.length === 0 ? first : Buffer.concat(this.#joined)
    this.#joined = []
    this.#length = 0
    await this.#send(bytes)
    this.#sentInTurn += bytes.length
    if (this.#sentInTurn < bytesInATurn) return
    this.#sentInTurn = 0
    await nextTurn()
  }
}

/** A name with its length before it. */
function named(name: string): Buffer {
  const bytes = Buffer.from(name)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}

function blockHead(length: number, code: number): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length + 1)
  head[4] = code
  return head
}
