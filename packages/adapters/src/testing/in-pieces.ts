import { Duplex } from 'node:stream'

/**
 * A connection whose other side sends these pieces one after the other, each in a turn of its own, and then ends it. What is written to it is
 * kept. For tests of a protocol at every boundary, where a socket would join what was sent apart.
 */
export class InPieces extends Duplex {
  /** Everything that was written. */
  readonly written: Buffer[] = []
  readonly #pieces: Buffer[]

  constructor(pieces: readonly Uint8Array[]) {
    super()
    this.#pieces = pieces.map((piece) => Buffer.from(piece))
  }

  /** All ways to send bytes in two pieces, and one byte at a time. */
  static everyWay(bytes: Uint8Array): readonly (readonly Uint8Array[])[] {
    const inTwo = Array.from({ length: bytes.length + 1 }, (_, at) => [
      bytes.subarray(0, at),
      bytes.subarray(at),
    ])
    const oneByOne = Array.from(bytes, (byte) => Uint8Array.of(byte))
    return [...inTwo.map((pieces) => pieces.filter(({ length }) => length > 0)), oneByOne]
  }

  override _read(): void {
    setImmediate(() => this.push(this.#pieces.shift() ?? null))
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(bytes)
    done()
  }
}
