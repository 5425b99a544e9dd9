import type { PlistValue } from '../../src/plist/plist-value.js'
import { writeBinaryPlist } from '../../src/plist/write-binary.js'

/** Messages as they come in a stream: each behind its length, of four bytes. */
export function framed(...messages: readonly PlistValue[]): Buffer {
  return Buffer.concat(messages.map((message) => behindLength(writeBinaryPlist(message))))
}

/** A text behind its length, as the names of files come. */
export function named(text: string): Buffer {
  return behindLength(Buffer.from(text))
}

/** Bytes behind their length, of four bytes. */
export function behindLength(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
