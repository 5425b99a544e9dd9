import { unexpected } from '../wire/plist-wire.js'
import type { Waiting, Wire } from '../wire/wire.js'

/** What the first byte of a block says of the rest. */
const blocks = { end: 0x00, localError: 0x06, remoteError: 0x0b, data: 0x0c } as const

/** A phone holds a whole block in memory while it reads one; with larger ones its backup service dies over a manifest of a gigabyte. */
const blockBytes = 32 * 1024

/** A longer name is none: the bytes are out of step. */
const longestName = 4096

/** What is kept of the words with which a file failed. */
const longestProblem = 4096

/** A file that a phone sends. */
export interface IncomingFile {
  /** Where the phone has it. */
  readonly devicePath: string
  /** Where the phone wants it, in the backup's folder: anything at all, to be checked before it is used. */
  readonly path: string
  /**
   * Puts its next bytes into a buffer, and gives how many: fewer than fit only at its end, and zero behind that. What is not read is passed
   * over when the next file is asked for: so a file that cannot be written does not put the stream out of step.
   */
  read(into: Buffer): Promise<number>
  /** Why the phone could not send all of it, in its own words; null when it did. Known when a read gave fewer bytes than fit. */
  problem(): string | null
}

/**
 * The files that a phone sends behind a command to take them, one after the other, until it has no more. Nothing is read ahead: the
 * phone waits while the host writes. Throws as {@link Wire.read}, and `DEVICE_PROTOCOL`.
 */
export async function* receiveFiles(wire: Wire, waiting: Waiting = {}): AsyncGenerator<IncomingFile> {
  for (;;) {
    const devicePath = await readName(wire, waiting)
    if (devicePath === '') return
    const path = await readName(wire, waiting)
    if (path === '') throw unexpected('A file has no place in the backup.')
    const file = new FileInStream(wire, waiting)
    yield { devicePath, path, read: (into) => file.read(into), problem: () => file.problem }
    await file.passOver()
  }
}

/** Sends a file that a phone asked for. What reading it throws is told to the phone, and given back; null when all was sent. Throws as {@link Wire.write}. */
export async function sendFile(
  wire: Wire,
  path: string,
  content: AsyncIterable<Uint8Array>,
  waiting: Waiting = {},
): Promise<{ readonly error: unknown } | null> {
  await wire.write(named(path), waiting)
  const source = content[Symbol.asyncIterator]()
  for (;;) {
    let piece: IteratorResult<Uint8Array>
    try {
      piece = await source.next()
    } catch (error) {
      await wire.write(
        block(blocks.localError, Buffer.from(error instanceof Error ? error.message : 'failed')),
        waiting,
      )
      return { error }
    }
    if (piece.done === true) break
    for (let at = 0; at < piece.value.length; at += blockBytes) {
      await wire.write(block(blocks.data, piece.value.subarray(at, at + blockBytes)), waiting)
    }
  }
  await wire.write(block(blocks.end), waiting)
  return null
}

/** Says that these were all files that the phone asked for. */
export async function endFiles(wire: Wire, waiting: Waiting = {}): Promise<void> {
  await wire.write(Buffer.alloc(4), waiting)
}

/** One file in the stream: which byte of which block comes next. */
class FileInStream {
  problem: string | null = null
  readonly #wire: Wire
  readonly #waiting: Waiting
  #ended = false
  /** Bytes of the present block that are still to come. */
  #left = 0

  constructor(wire: Wire, waiting: Waiting) {
    this.#wire = wire
    this.#waiting = waiting
  }

  async read(into: Buffer): Promise<number> {
    let at = 0
    while (at < into.length && (await this.#goOn())) {
      const most = Math.min(this.#left, into.length - at)
      await this.#wire.fill(into.subarray(at, at + most), this.#waiting)
      this.#left -= most
      at += most
    }
    return at
  }

  async passOver(): Promise<void> {
    while (await this.#goOn()) {
      this.#left -= (await this.#wire.readSome(Math.min(this.#left, 65_536), this.#waiting)).length
    }
  }

  /** Whether bytes of the file are still to come. */
  async #goOn(): Promise<boolean> {
    while (!this.#ended && this.#left === 0) await this.#begin()
    return !this.#ended
  }

  /** Begins a block; all but those of data end the file, whatever they say. */
  async #begin(): Promise<void> {
    const head = await next(this.#wire, 5, this.#waiting)
    const [length, code] = [head.readUInt32BE(), head[4]]
    if (length === 0) throw unexpected('A block of a file has no kind.')
    if (code === blocks.data) {
      this.#left = length - 1
      return
    }
    const words = await this.#words(length - 1)
    this.#ended = true
    if (code === blocks.end) return
    this.problem = words === '' ? `The phone ended it with the code ${code}.` : words
  }

  async #words(length: number): Promise<string> {
    const kept: Buffer[] = []
    let room = longestProblem
    for (let left = length; left > 0; ) {
      const bytes = await this.#wire.readSome(Math.min(left, 65_536), this.#waiting)
      left -= bytes.length
      kept.push(bytes.subarray(0, room))
      room -= Math.min(room, bytes.length)
    }
    return Buffer.concat(kept).toString('utf8')
  }
}

async function readName(wire: Wire, waiting: Waiting): Promise<string> {
  const length = (await next(wire, 4, waiting)).readUInt32BE()
  if (length > longestName) throw unexpected(`A name has ${length} bytes.`)
  return length === 0 ? '' : (await next(wire, length, waiting)).toString('utf8')
}

/** The next bytes, without a wait where they have come. Throws as {@link Wire.read}. */
function next(wire: Wire, count: number, waiting: Waiting): Buffer | Promise<Buffer> {
  return wire.take(count, waiting) ?? wire.read(count, waiting)
}

function named(path: string): Buffer {
  const name = Buffer.from(path)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(name.length)
  return Buffer.concat([length, name])
}

function block(code: number, bytes: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length + 1)
  head[4] = code
  return Buffer.concat([head, bytes])
}
