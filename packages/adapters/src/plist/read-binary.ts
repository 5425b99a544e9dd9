import { type Decoded, DecodeFailure, decoded } from '../decoding/decoding.js'
import { cocoaEpoch, type PlistDict, type PlistValue, Real, Uid } from './plist-value.js'

const magic = 'bplist00'
const trailerBytes = 32
const deepest = 128

/** Whether bytes begin as a binary property list. */
export function isBinaryPlist(bytes: Uint8Array): boolean {
  return (
    bytes.length >= magic.length && Buffer.from(bytes.subarray(0, magic.length)).toString('latin1') === magic
  )
}

/**
 * Parses a binary property list (format: comment at the top of Apple's open-source CFBinaryPList.c).
 *
 * Own code, because the libraries trust the bytes: bplist-parser 0.5 and plist 5 parse an object anew at every reference, so a list
 * of 300 bytes in which each array names the next one twice keeps them busy for years, and bplist-parser fills an array of 100
 * million items because the bytes claim so. Here each object is parsed once, no count exceeds what the bytes can hold, and all objects
 * together have no more bytes than the list: no writer lets two objects share bytes, and a list of a megabyte in which a hundred
 * thousand objects are one and the same long array would otherwise fill any memory.
 */
export function parseBinaryPlist(bytes: Uint8Array, options: ReadPlistOptions = {}): Decoded<PlistValue> {
  return decoded(() => {
    const plist = new BinaryPlist(bytes, options)
    return plist.value(plist.top)
  })
}

/** How numbers are given back. */
export interface ReadPlistOptions {
  /** Gives every real as a {@link Real}, for those who must know a real from an integer. @default false */
  readonly keepReals?: boolean
}

/** Number of an object in a binary property list. */
export type ObjectRef = number

/**
 * A binary property list whose objects are parsed when they are asked for. For use inside a decoder: its methods throw
 * {@link DecodeFailure}.
 */
export class BinaryPlist {
  readonly #bytes: Buffer
  readonly #offsetBytes: number
  readonly #refBytes: number
  readonly #objects: number
  /** The object that holds all others. */
  readonly top: ObjectRef
  readonly #offsetTable: number
  readonly #parsed = new Map<number, PlistValue>()
  readonly #open = new Set<number>()
  readonly #keepReals: boolean
  /** Bytes that objects may still take. */
  #left: number

  constructor(bytes: Uint8Array, { keepReals = false }: ReadPlistOptions = {}) {
    this.#keepReals = keepReals
    if (!isBinaryPlist(bytes) || bytes.length < magic.length + trailerBytes) {
      throw new DecodeFailure('It is not a binary property list.')
    }
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#left = bytes.length
    const trailer = bytes.length - trailerBytes
    this.#offsetBytes = this.#uint(trailer + 6, 1)
    this.#refBytes = this.#uint(trailer + 7, 1)
    this.#objects = this.#uint(trailer + 8, 8)
    this.top = this.#uint(trailer + 16, 8)
    this.#offsetTable = this.#uint(trailer + 24, 8)
    if (
      this.#offsetBytes < 1 ||
      this.#refBytes < 1 ||
      this.#offsetTable + this.#objects * this.#offsetBytes > trailer
    ) {
      throw new DecodeFailure('The object table of the property list lies outside of it.')
    }
  }

  /** An object, with all that is in it. */
  value(ref: ObjectRef): PlistValue {
    return this.#object(ref, 0)
  }

  /** The keys of a dictionary, and which objects are under them; null when the object is no dictionary. */
  entries(ref: ObjectRef): ReadonlyMap<string, ObjectRef> | null {
    const at = this.#placeOf(ref)
    if (this.#uint(at, 1) >> 4 !== 0xd) return null
    const { count, start } = this.#count(at, this.#uint(at, 1) & 0x0f)
    const refs = this.#refs(start, count * 2)
    const entries = new Map<string, ObjectRef>()
    for (let index = 0; index < count; index++) {
      const key = this.#parse(this.#placeOf(refs[index] ?? 0), deepest)
      if (typeof key !== 'string') throw new DecodeFailure('A key of the property list is not a string.')
      entries.set(key, refs[count + index] ?? 0)
    }
    return entries
  }

  /** Which objects are in an array; null when the object is no array. */
  items(ref: ObjectRef): readonly ObjectRef[] | null {
    const at = this.#placeOf(ref)
    if (this.#uint(at, 1) >> 4 !== 0xa) return null
    const { count, start } = this.#count(at, this.#uint(at, 1) & 0x0f)
    return this.#refs(start, count)
  }

  /** Where a reference of a keyed archive leads; null when the object is none. */
  uid(ref: ObjectRef): number | null {
    const at = this.#placeOf(ref)
    const marker = this.#uint(at, 1)
    return marker >> 4 === 0x8 ? this.#uint(at + 1, (marker & 0x0f) + 1) : null
  }

  #placeOf(ref: ObjectRef): number {
    if (ref >= this.#objects)
      throw new DecodeFailure('The property list names an object that it does not hold.')
    return this.#uint(this.#offsetTable + ref * this.#offsetBytes, this.#offsetBytes)
  }

  #object(ref: number, depth: number): PlistValue {
    const known = this.#parsed.get(ref)
    if (known !== undefined) return known
    const at = this.#placeOf(ref)
    if (depth > deepest) throw new DecodeFailure('The property list is nested too deeply.')
    if (this.#open.has(ref)) throw new DecodeFailure('The property list contains itself.')
    this.#open.add(ref)
    const value = this.#parse(at, depth)
    this.#open.delete(ref)
    this.#parsed.set(ref, value)
    return value
  }

  #parse(at: number, depth: number): PlistValue {
    const marker = this.#uint(at, 1)
    const low = marker & 0x0f
    switch (marker >> 4) {
      case 0x0:
        return this.#singleton(marker)
      case 0x1:
        return this.#integer(at + 1, 2 ** low)
      case 0x2: {
        const real = this.#real(at + 1, 2 ** low)
        return this.#keepReals ? new Real(real) : real
      }
      case 0x3:
        return new Date(this.#real(at + 1, 8) * 1000 + cocoaEpoch)
      case 0x8:
        return new Uid(this.#uint(at + 1, low + 1))
    }
    const { count, start } = this.#count(at, low)
    switch (marker >> 4) {
      case 0x4:
        return this.#take(start, count)
      case 0x5:
        this.#spend(start, count)
        return this.#bytes.toString('latin1', start, start + count)
      case 0x6:
        // A copy, because swapping happens in place and the bytes are the caller's.
        return Buffer.from(this.#take(start, count * 2))
          .swap16()
          .toString('utf16le')
      case 0xa:
      case 0xc:
        return this.#refs(start, count).map((ref) => this.#object(ref, depth + 1))
      case 0xd:
        return this.#dict(start, count, depth)
      default:
        throw new DecodeFailure(`The property list holds an object of unknown type 0x${marker.toString(16)}.`)
    }
  }

  #singleton(marker: number): null | boolean {
    if (marker === 0x00) return null
    if (marker === 0x08) return false
    if (marker === 0x09) return true
    throw new DecodeFailure(`The property list holds an object of unknown type 0x${marker.toString(16)}.`)
  }

  /**
   * Integers of 1, 2 and 4 bytes are unsigned, those of 8 and 16 signed. So 2^64 - 6, which some writers mean for -6, stays what it is:
   * {@link signed64} tells what was meant.
   */
  #integer(at: number, size: number): number | bigint {
    if (size <= 4) return this.#uint(at, size)
    if (size !== 8 && size !== 16)
      throw new DecodeFailure(`The property list holds an integer of ${size} bytes.`)
    const bytes = this.#slice(at, size)
    const value =
      size === 8 ? bytes.readBigInt64BE() : (bytes.readBigInt64BE() << 64n) | bytes.readBigUInt64BE(8)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  #real(at: number, size: number): number {
    if (size === 4) return this.#slice(at, 4).readFloatBE()
    if (size === 8) return this.#slice(at, 8).readDoubleBE()
    throw new DecodeFailure(`The property list holds a real number of ${size} bytes.`)
  }

  #dict(start: number, count: number, depth: number): PlistDict {
    const refs = this.#refs(start, count * 2)
    const dict = new Map<string, PlistValue>()
    for (let index = 0; index < count; index++) {
      const key = this.#object(refs[index] ?? 0, depth + 1)
      if (typeof key !== 'string') throw new DecodeFailure('A key of the property list is not a string.')
      dict.set(key, this.#object(refs[count + index] ?? 0, depth + 1))
    }
    return dict
  }

  #refs(start: number, count: number): number[] {
    this.#spend(start, count * this.#refBytes)
    const refs: number[] = []
    for (let index = 0; index < count; index++) {
      refs.push(this.#uint(start + index * this.#refBytes, this.#refBytes))
    }
    return refs
  }

  /** The count of a data, string, array or dictionary object: in the marker, or in an integer behind it. */
  #count(at: number, low: number): { count: number; start: number } {
    if (low !== 0x0f) return { count: low, start: at + 1 }
    const marker = this.#uint(at + 1, 1)
    if (marker >> 4 !== 0x1 || (marker & 0x0f) > 3)
      throw new DecodeFailure('A count of the property list is not an integer.')
    const size = 2 ** (marker & 0x0f)
    return { count: this.#uint(at + 2, size), start: at + 2 + size }
  }

  #uint(at: number, size: number): number {
    this.#check(at, size)
    if (size === 1) return this.#bytes[at] ?? 0
    if (size <= 6) return this.#bytes.readUIntBE(at, size)
    let value = 0
    for (let index = 0; index < size; index++) value = value * 256 + this.#bytes.readUInt8(at + index)
    return value
  }

  #slice(at: number, length: number): Buffer {
    this.#check(at, length)
    return this.#bytes.subarray(at, at + length)
  }

  /** The contents of an object of any length. */
  #take(at: number, length: number): Buffer {
    this.#spend(at, length)
    return this.#bytes.subarray(at, at + length)
  }

  #spend(at: number, length: number): void {
    this.#check(at, length)
    this.#left -= length
    if (this.#left < 0) throw new DecodeFailure('Objects of the property list share their bytes.')
  }

  #check(at: number, length: number): void {
    if (at + length > this.#bytes.length) throw new DecodeFailure('The property list ends too early.')
  }
}
