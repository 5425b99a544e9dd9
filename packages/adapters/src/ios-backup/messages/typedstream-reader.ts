import { isUtf8 } from 'node:buffer'
import { DecodeFailure } from '../../decoding/decoding.js'

// Facts of the format, from the documentation of python-typedstream (MIT) and from real streams:
// - Header: version 4, the length 11 and `streamtyped` (little-endian) or `typedstream` (big-endian), then an integer, the system
//   version (1000).
// - An integer is one byte, or 0x81 and two bytes, or 0x82 and four. 0x80 to 0x91 are tags, so that a signed byte reaches from -110.
// - After the header come groups of values. A group begins with its types, a shared string such as `@` (an object), `+` (bytes), `iI`.
// - 0x84 announces something new, 0x85 is nil, 0x86 ends an object; any other integer n refers to entry n + 110 of a table.
// - There are two tables. One holds shared strings: types and names of classes. The other holds objects, classes and C strings, each
//   entered before its contents are read.
// - An object is: new, its class, groups up to 0x86. A class is: new, its name, its version, its superclass; nil ends the chain.
// - A real number is 0x83 and its bytes, or an integer.

const realTag = 0x83
const newTag = 0x84
const nilTag = 0x85
const endTag = 0x86
const lastTag = 0x91
const firstReference = 110
const longestChain = 16
const deepest = 64
/** Entries of a table: no stream of a phone has a hundredth of them, and memory stays bounded whatever one claims. */
const mostEntries = 100_000
const longestTypes = 512

/** An archived object: the names of its class and its superclasses, and its values in order, whatever their grouping. */
export interface StreamObject {
  readonly classes: readonly string[]
  readonly values: readonly StreamValue[]
}

/** A value of a stream. Arrays and structures are lists, arrays of bytes are bytes. An object may contain itself. */
export type StreamValue = null | number | string | Uint8Array | StreamObject | readonly StreamValue[]

interface StreamClass {
  readonly names: readonly string[]
}

type Entry = StreamClass | StreamObject | string | null

/** Whether a value is an object of a class, or of one derived from it. */
export function isA(value: StreamValue | undefined, name: string): value is StreamObject {
  return typeof value === 'object' && value !== null && 'classes' in value && value.classes.includes(name)
}

/**
 * Reads a typedstream from front to back. Nothing in it is believed: every read is checked against the end, and depth, tables and the
 * number of values are limited. All that is wrong is thrown as {@link DecodeFailure}.
 */
export class TypedstreamReader {
  readonly #bytes: Buffer
  readonly #littleEndian: boolean
  readonly #strings: string[] = []
  readonly #entries: Entry[] = []
  #at = 13
  #values = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const signature = this.#bytes.toString('latin1', 0, this.#at)
    this.#littleEndian = signature === '\u0004\u000bstreamtyped'
    if (!this.#littleEndian && signature !== '\u0004\u000btypedstream') {
      throw new DecodeFailure('It is not a typedstream of version 4.')
    }
    this.#integer(true)
  }

  /** Enters the new object that is the next group, and gives the names of its class and its superclasses. */
  enter(): readonly string[] {
    if (this.#shared() !== '@') throw new DecodeFailure('The stream has no object where one should be.')
    if (this.#byte() !== newTag) throw new DecodeFailure('The stream has no new object where one should be.')
    this.#add(null)
    return this.#class(0)?.names ?? []
  }

  /** Reads the values of the next group; null when the object ends instead. */
  group(): readonly StreamValue[] | null {
    if (this.#peek() === endTag) {
      this.#at++
      return null
    }
    const values: StreamValue[] = []
    this.#read(this.#shared(), values, 0)
    return values
  }

  /** Reads the bytes that begin the next group, as text: what a string is made of. Throws when they are no UTF-8. */
  text(): string {
    if (this.#shared() !== '+') throw new DecodeFailure('The string of the stream has no bytes.')
    return this.#text()
  }

  #object(depth: number): StreamValue {
    const head = this.#peek()
    if (head === nilTag) {
      this.#at++
      return null
    }
    if (head !== newTag) {
      const known = this.#entries[this.#reference()]
      if (typeof known !== 'object' || known === null || !('values' in known))
        throw new DecodeFailure('The stream refers to an object that it does not hold.')
      return known
    }
    this.#at++
    if (depth > deepest) throw new DecodeFailure('The objects of the stream go too deep.')
    const index = this.#add(null)
    const values: StreamValue[] = []
    const made: StreamObject = { classes: this.#class(0)?.names ?? [], values }
    // Its contents may refer to it.
    this.#entries[index] = made
    while (this.#peek() !== endTag) this.#read(this.#shared(), values, depth + 1)
    this.#at++
    return made
  }

  /** Reads values of all types of a group. */
  #read(types: string, values: StreamValue[], depth: number): void {
    if (types.length > longestTypes) throw new DecodeFailure('The stream holds a type of unknown form.')
    for (let at = 0; at < types.length; ) {
      const end = endOfType(types, at)
      values.push(this.#value(types.slice(at, end), depth))
      at = end
    }
  }

  #value(type: string, depth: number): StreamValue {
    // A value takes a byte, but for empty arrays: without this limit, arrays of those would make much of nothing.
    if (++this.#values > this.#bytes.length)
      throw new DecodeFailure('The stream holds more values than bytes.')
    switch (type.charAt(0)) {
      case '@':
        return this.#object(depth)
      case '+':
        return this.#text()
      case '*':
        return this.#cString()
      case '%':
      case ':':
        return this.#peek() === nilTag ? this.#nil() : this.#shared()
      case '#':
        return this.#class(0)?.names[0] ?? null
      case 'c':
        return (this.#byte() << 24) >> 24
      case 'C':
      case 'B':
        return this.#byte()
      case 's':
      case 'i':
      case 'l':
      case 'q':
        return this.#integer(true)
      case 'S':
      case 'I':
      case 'L':
      case 'Q':
        return this.#integer(false)
      case 'f':
        return this.#real(4)
      case 'd':
        return this.#real(8)
      case '[':
        return this.#array(type, depth)
      case '{':
        return this.#structure(type, depth)
      default:
        throw new DecodeFailure('The stream holds a value of unknown type.')
    }
  }

  #array(type: string, depth: number): StreamValue {
    const [, digits = '', item = ''] = /^\[(\d+)(.+)\]$/s.exec(type) ?? []
    const count = Number(digits)
    if (item === '' || count > this.#bytes.length - this.#at)
      throw new DecodeFailure('The stream holds an array that it has no room for.')
    if (item === 'c' || item === 'C') {
      const start = this.#skip(count)
      return this.#bytes.subarray(start, start + count)
    }
    if (depth >= deepest) throw new DecodeFailure('The values of the stream go too deep.')
    const items: StreamValue[] = []
    for (let index = 0; index < count; index++) this.#read(item, items, depth + 1)
    return items
  }

  #structure(type: string, depth: number): StreamValue {
    const fields = /^\{[^={}]*=(.+)\}$/s.exec(type)?.[1]
    if (fields === undefined || depth >= deepest)
      throw new DecodeFailure('The stream holds a structure of unknown form.')
    const values: StreamValue[] = []
    this.#read(fields, values, depth + 1)
    return values
  }

  #cString(): string | null {
    const head = this.#peek()
    if (head === nilTag) return this.#nil()
    if (head === newTag) {
      this.#at++
      const index = this.#add(null)
      const text = this.#shared()
      this.#entries[index] = text
      return text
    }
    const known = this.#entries[this.#reference()]
    if (typeof known !== 'string')
      throw new DecodeFailure('The stream refers to a string that it does not hold.')
    return known
  }

  #class(depth: number): StreamClass | null {
    if (depth > longestChain) throw new DecodeFailure('The classes of the stream go too deep.')
    const head = this.#peek()
    if (head === nilTag) return this.#nil()
    if (head !== newTag) {
      const known = this.#entries[this.#reference()]
      if (typeof known !== 'object' || known === null || !('names' in known))
        throw new DecodeFailure('The stream refers to a class that it does not hold.')
      return known
    }
    this.#at++
    const index = this.#add(null)
    const name = this.#shared()
    this.#integer(true)
    const made: StreamClass = {
      names: [name, ...(this.#class(depth + 1)?.names ?? [])].slice(0, longestChain),
    }
    this.#entries[index] = made
    return made
  }

  #text(): string {
    const length = this.#integer(false)
    const start = this.#skip(length)
    const text = this.#bytes.toString('utf8', start, start + length)
    // A replacement character is what an app leaves in a text, or what bytes that are no UTF-8 have become.
    if (text.includes('\uFFFD') && !isUtf8(this.#bytes.subarray(start, start + length)))
      throw new DecodeFailure('The string of the stream is no UTF-8.')
    return text
  }

  #nil(): null {
    this.#at++
    return null
  }

  #add(entry: Entry): number {
    if (this.#entries.length >= mostEntries) throw new DecodeFailure('The stream holds too many objects.')
    return this.#entries.push(entry) - 1
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
    if (this.#strings.length >= mostEntries) throw new DecodeFailure('The stream holds too many strings.')
    this.#strings.push(text)
    return text
  }

  #reference(): number {
    return this.#integer(true) + firstReference
  }

  #real(size: 4 | 8): number {
    if (this.#peek() !== realTag) return this.#integer(true)
    this.#at++
    const at = this.#skip(size)
    if (size === 4) return this.#littleEndian ? this.#bytes.readFloatLE(at) : this.#bytes.readFloatBE(at)
    return this.#littleEndian ? this.#bytes.readDoubleLE(at) : this.#bytes.readDoubleBE(at)
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

  /** Goes on by `length` bytes, which must be there; gives where they begin. */
  #skip(length: number): number {
    const start = this.#at
    if (length > this.#bytes.length - start) throw new DecodeFailure('The stream ends too early.')
    this.#at += length
    return start
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
}

/** Where the type that begins at `start` ends: a letter, or brackets with what is in them. */
function endOfType(types: string, start: number): number {
  let depth = 0
  for (let at = start; at < types.length; at++) {
    const letter = types.charAt(at)
    if (letter === '[' || letter === '{') depth++
    else if (letter === ']' || letter === '}') depth--
    if (depth <= 0) return at + 1
  }
  throw new DecodeFailure('The stream holds a type of unknown form.')
}
