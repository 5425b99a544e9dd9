import { type Decoded, DecodeFailure, decoded } from '../decoding.js'

// Facts of the format, from the documentation of python-typedstream (MIT) and from real streams:
// - Header: version 4, the length 11 and `streamtyped` (little-endian) or `typedstream` (big-endian), then an integer, the system
//   version (1000).
// - An integer is one byte, or 0x81 and two bytes, or 0x82 and four. 0x80 to 0x91 are tags, so that a signed byte reaches from -110.
// - After the header come groups of values. A group begins with its types, a shared string such as `@` (an object), `+` (bytes), `iI`.
// - 0x84 announces something new, 0x85 is nil, 0x86 ends an object; any other integer n refers to entry n + 110 of a table.
// - There are two tables. One holds shared strings: types and names of classes. The other holds objects and classes, each entered
//   before its contents are read.
// - An object is: new, its class, groups up to 0x86. A class is: new, its name, its version, its superclass; nil ends the chain.
// - An NSString is one group of type `+`: a byte length, then UTF-8. An NSAttributedString holds its NSString first, then runs, whose
//   lengths count UTF-16 units.

const newTag = 0x84
const nilTag = 0x85
const lastTag = 0x91
const firstReference = 110
const longestChain = 16

/**
 * The text of an archived NSString, NSAttributedString or a mutable one of these: what `message.attributedBody` and the versions
 * of an edited message hold. Reads up to the end of the text, which is complete even where the attributes behind it are damaged.
 */
export function decodeAttributedText(bytes: Uint8Array): Decoded<string> {
  return decoded(() => {
    const stream = new Typedstream(bytes)
    let classes = stream.enterObject()
    if (classes.includes('NSAttributedString')) classes = stream.enterObject()
    if (!classes.includes('NSString'))
      throw new DecodeFailure(`The stream holds ${classes[0] ?? 'nothing'}, not text.`)
    return stream.string()
  })
}

interface StreamClass {
  readonly name: string
  readonly superclass: StreamClass | null
}

/** Reads a stream from front to back; every read is checked against its end. */
class Typedstream {
  readonly #bytes: Buffer
  readonly #littleEndian: boolean
  readonly #strings: string[] = []
  /** Null stands for an object, which nothing on the way to the text refers to, and for a class that is still being read. */
  readonly #objects: (StreamClass | null)[] = []
  #at = 13

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const signature = this.#bytes.toString('latin1', 0, this.#at)
    this.#littleEndian = signature === '\u0004\u000bstreamtyped'
    if (!this.#littleEndian && signature !== '\u0004\u000btypedstream') {
      throw new DecodeFailure('It is not a typedstream of version 4.')
    }
    this.#integer(true)
  }

  /** Enters the object that begins the next group; gives the names of its class and its superclasses. */
  enterObject(): string[] {
    if (this.#shared() !== '@') throw new DecodeFailure('The stream has no object where one should be.')
    if (this.#byte() !== newTag) throw new DecodeFailure('The stream has no new object where one should be.')
    this.#objects.push(null)
    const names: string[] = []
    for (let each = this.#class(0); each !== null; each = each.superclass) names.push(each.name)
    return names
  }

  /** Reads the bytes that begin the next group, as text. */
  string(): string {
    if (this.#shared() !== '+') throw new DecodeFailure('The string of the stream has no bytes.')
    const length = this.#integer(false)
    const start = this.#skip(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  #class(depth: number): StreamClass | null {
    if (depth > longestChain) throw new DecodeFailure('The classes of the stream go too deep.')
    const head = this.#peek()
    if (head === nilTag) {
      this.#at++
      return null
    }
    if (head !== newTag) {
      const known = this.#objects[this.#reference()]
      if (known === undefined || known === null)
        throw new DecodeFailure('The stream refers to a class that it does not hold.')
      return known
    }
    this.#at++
    const index = this.#objects.push(null) - 1
    const name = this.#shared()
    this.#integer(true)
    const made: StreamClass = { name, superclass: this.#class(depth + 1) }
    this.#objects[index] = made
    return made
  }

  /** A string of the table: new, or one that was there before. */
  #shared(): string {
    if (this.#peek() !== newTag) {
      const known = this.#strings[this.#reference()]
      if (known === undefined) throw new DecodeFailure('The stream refers to a string that it does not hold.')
      return known
    }
    this.#at++
    const length = this.#integer(false)
    const start = this.#skip(length)
    const text = this.#bytes.toString('latin1', start, start + length)
    this.#strings.push(text)
    return text
  }

  #reference(): number {
    return this.#integer(true) + firstReference
  }

  #integer(signed: boolean): number {
    const head = this.#byte()
    if (head === 0x81) {
      const at = this.#skip(2)
      if (this.#littleEndian) return signed ? this.#bytes.readInt16LE(at) : this.#bytes.readUInt16LE(at)
      return signed ? this.#bytes.readInt16BE(at) : this.#bytes.readUInt16BE(at)
    }
    if (head === 0x82) {
      const at = this.#skip(4)
      if (this.#littleEndian) return signed ? this.#bytes.readInt32LE(at) : this.#bytes.readUInt32LE(at)
      return signed ? this.#bytes.readInt32BE(at) : this.#bytes.readUInt32BE(at)
    }
    if (head >= 0x80 && head <= lastTag)
      throw new DecodeFailure('The stream has a tag where a number should be.')
    return signed ? (head << 24) >> 24 : head
  }

  #peek(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new DecodeFailure('The stream ends too early.')
    return byte
  }

  #byte(): number {
    const byte = this.#peek()
    this.#at++
    return byte
  }

  /** Goes on by `length` bytes, which must be there; gives where they begin. */
  #skip(length: number): number {
    const start = this.#at
    if (length > this.#bytes.length - start) throw new DecodeFailure('The stream ends too early.')
    this.#at += length
    return start
  }
}
