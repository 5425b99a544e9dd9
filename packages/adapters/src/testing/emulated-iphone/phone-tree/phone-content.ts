import { createReadStream } from 'node:fs'
import { Random } from '../../synthetic-backup/random.js'

/** What is in a file of a phone: read anew whenever it is wanted, so that large files need no memory. */
export interface PhoneContent {
  /** Bytes. */
  readonly size: number
  /** All of it, in order and in pieces of any length. */
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Pieces in which what is generated or lies in memory is given. */
const pieceBytes = 256 * 1024

/** All generated content is cut out of this; made when it is first needed. */
let noise: Buffer | null = null
const noiseBytes = 4 * pieceBytes

/** Content that is held in memory. */
export function bytesContent(bytes: Uint8Array): PhoneContent {
  return {
    size: bytes.length,
    *read() {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
    },
  }
}

/**
 * Content of a size that nobody holds: equal sizes and seeds give equal bytes, which do not compress. A gigabyte of it costs a
 * megabyte of memory, once.
 */
export function generatedContent(size: number, seed: number | string = 0): PhoneContent {
  return {
    size,
    *read() {
      noise ??= new Random('noise of emulated phones').bytes(noiseBytes)
      const random = new Random(`generated content ${seed}`)
      for (let left = size; left > 0; ) {
        const at = random.integer(0, noiseBytes - pieceBytes)
        const piece = noise.subarray(at, at + Math.min(left, pieceBytes))
        left -= piece.length
        yield piece
      }
    },
  }
}

/** The content of a file of this computer, `size` bytes long, which must not change while the phone lives. */
export function fileContent(path: string, size: number): PhoneContent {
  return { size, read: () => createReadStream(path, { highWaterMark: pieceBytes }) }
}

/** All bytes of a content, in one piece. */
export async function allBytes(content: PhoneContent): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of content.read()) pieces.push(piece)
  return Buffer.concat(pieces)
}
