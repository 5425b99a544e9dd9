/** A class and its version, as a typed stream names them. */
export type TypedStreamClass = readonly [name: string, version: number]

const newValue = 0x84
const nil = 0x85
const endOfObject = 0x86
const firstReference = -110

/** Types and classes are few and recur in every stream, so their names are encoded once. */
const encodedNames = new Map<string, Uint8Array>()

/**
 * Writes a NeXT typed stream, version 4, little-endian: the form in which NSArchiver keeps an NSAttributedString and in which
 * `message.attributedBody` is stored. Strings that name types and classes share one table, objects and classes another; a
 * later use is a reference, and references of both tables start at -110 (byte 0x92).
 */
export class TypedStreamWriter {
  #bytes = Buffer.allocUnsafe(1024)
  #length = 0
  readonly #strings = new Map<string, number>()
  readonly #classes = new Map<string, number>()
  #objects = 0

  constructor() {
    this.#append(4)
    this.string('streamtyped')
    this.integer(1000)
  }

  /** Says of what types the next values are, such as `@` for an object. */
  type(encoding: string): void {
    this.#shared(encoding)
  }

  /** Begins an object of the first class, the others being its superclasses in order. Returns its place in the table. */
  object(classes: readonly TypedStreamClass[]): number {
    this.#append(newValue)
    const place = this.#objects++
    for (const [name, version] of classes) {
      const known = this.#classes.get(name)
      if (known !== undefined) {
        this.integer(firstReference + known)
        return place
      }
      this.#append(newValue)
      this.#shared(name)
      this.integer(version)
      this.#classes.set(name, this.#objects++)
    }
    this.#append(nil)
    return place
  }

  /** Refers to an object written before. */
  reference(place: number): void {
    this.integer(firstReference + place)
  }

  end(): void {
    this.#append(endOfObject)
  }

  /** A C string, which takes a place among the objects. */
  cString(value: string): void {
    this.#append(newValue)
    this.#objects++
    this.#shared(value)
  }

  /** A signed integer or an unsigned length, in its shortest form: one byte, 0x81 and two, 0x82 and four. */
  integer(value: number): void {
    if (value >= firstReference && value <= 127) {
      this.#append(value & 0xff)
    } else if (value >= -0x8000 && value <= 0xffff) {
      this.#append(0x81, value & 0xff, (value >> 8) & 0xff)
    } else {
      this.#append(0x82, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff)
    }
  }

  /** UTF-8 text behind its length in bytes. */
  string(text: string): void {
    const size = Buffer.byteLength(text)
    this.integer(size)
    this.#reserve(size)
    this.#length += this.#bytes.write(text, this.#length)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    // For the few bytes of a name, a loop is quicker than a call.
    for (const byte of bytes) this.#bytes[this.#length++] = byte
  }

  /** A copy of what was written. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  #shared(text: string): void {
    const known = this.#strings.get(text)
    if (known !== undefined) {
      this.integer(firstReference + known)
      return
    }
    this.#strings.set(text, this.#strings.size)
    this.#append(newValue)
    let bytes = encodedNames.get(text)
    if (bytes === undefined) {
      bytes = Buffer.from(text)
      encodedNames.set(text, bytes)
    }
    this.integer(bytes.length)
    this.raw(bytes)
  }

  #append(...bytes: number[]): void {
    this.#reserve(bytes.length)
    for (const byte of bytes) this.#bytes[this.#length++] = byte
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
