import { DecodeFailure } from '../../decoding/decoding.js'

// https://www.sqlite.org/fileformat2.html, section 1.6. Values are the types of a page.
const indexInterior = 2
const tableInterior = 5
const indexLeaf = 10
const tableLeaf = 13

/** No row takes less, with its two bytes in the list of rows. */
const leastRowBytes = 6

/**
 * A page of a tree, as {@link read} found it last: one object for a whole walk, because there are as many rows as in the database.
 */
export class TreePage {
  /** Bytes as they are on disk, to be filled before each {@link read}. */
  readonly bytes: Buffer
  readonly #usable: number
  /** Cells: rows of a table, and what divides the pages below. */
  count = 0
  /** Pages below, each before its cell, and {@link last} behind all of them; on a leaf there are none. */
  isLeaf = false
  /** Whether cells have row ids. */
  isTable = false
  readonly children: Uint32Array
  last = 0
  readonly rows: Float64Array
  /** Bytes that the rows say they have, wherever they are. */
  payload = 0
  /** Pages on which rows go on that have no room here. */
  overflow = 0
  /** Where the number that was read last ends. */
  #end = 0

  /** `usable`: bytes of a page that are SQLite's. */
  constructor(pageBytes: number, usable: number) {
    this.bytes = Buffer.alloc(pageBytes)
    this.#usable = usable
    this.children = new Uint32Array(pageBytes / leastRowBytes + 1)
    this.rows = new Float64Array(pageBytes / leastRowBytes + 1)
  }

  /**
   * Reads the page, whose header begins at `header`. All bytes of a table's page must be accounted for, by rows or as free, as
   * SQLite's own check of integrity demands it: otherwise a page that lost its rows looks like one that never had any.
   *
   * @throws DecodeFailure
   */
  read(header: number): void {
    const type = this.bytes.readUInt8(header)
    this.isTable = type === tableLeaf || type === tableInterior
    this.isLeaf = type === tableLeaf || type === indexLeaf
    if (!this.isTable && !this.isLeaf && type !== indexInterior) throw new DecodeFailure('is of no kind')
    this.count = this.bytes.readUInt16BE(header + 3)
    this.payload = 0
    this.overflow = 0
    this.last = this.isLeaf ? 0 : this.bytes.readUInt32BE(header + 8)
    const pointers = header + (this.isLeaf ? 8 : 12)
    const begin = this.bytes.readUInt16BE(header + 5) || 0x1_0000
    if (pointers + this.count * 2 > begin || begin > this.#usable)
      throw new DecodeFailure('has no room for its rows')
    if (this.count === 0 && begin < this.#usable) throw new DecodeFailure('has lost its rows')
    const taken = this.isTable ? this.#rows(pointers, begin) : this.#keys(pointers, begin)
    if (taken === null || taken + this.#freeBytes(header) === this.#usable - begin) return
    throw new DecodeFailure('does not account for all of its bytes')
  }

  /** Reads the rows of a table, or what divides its pages; gives the bytes that they take on the page. */
  #rows(pointers: number, begin: number): number {
    const most = this.#usable - 35
    let taken = 0
    for (let index = 0; index < this.count; index++) {
      const at = this.#pointer(pointers, index, begin)
      if (this.isLeaf) {
        const payload = this.#number(at)
        this.payload += payload
        this.rows[index] = this.#number(this.#end)
        taken += Math.max(4, this.#end - at + this.#localBytes(payload, most))
      } else {
        this.children[index] = this.bytes.readUInt32BE(at)
        this.rows[index] = this.#number(at + 4)
        taken += this.#end - at
      }
    }
    return taken
  }

  /** Reads the keys of an index, which has no row ids, and of a table without them. Of a leaf they tell only where they go on. */
  #keys(pointers: number, begin: number): null {
    const most = Math.floor(((this.#usable - 12) * 64) / 255) - 23
    for (let index = 0; index < this.count; index++) {
      const at = this.#pointer(pointers, index, begin)
      if (!this.isLeaf) this.children[index] = this.bytes.readUInt32BE(at)
      const key = this.isLeaf ? at : at + 4
      // Nearly all are as short as that, and an index has as many as its table has rows.
      if ((this.bytes[key] ?? 0) >= 128) this.#localBytes(this.#number(key), most)
    }
    return null
  }

  #pointer(pointers: number, index: number, begin: number): number {
    const at = this.bytes.readUInt16BE(pointers + index * 2)
    // A leaf's key of an index can be as short as two bytes, and takes four all the same.
    if (at < begin || at + 4 > this.#usable) throw new DecodeFailure('has a row outside of itself')
    return at
  }

  /** Bytes between rows that are free: blocks of four and more, which are a list, and fragments, which are counted. */
  #freeBytes(header: number): number {
    let free = this.bytes.readUInt8(header + 7)
    let before = 0
    for (let at = this.bytes.readUInt16BE(header + 1); at !== 0; at = this.bytes.readUInt16BE(at)) {
      if (at < before || at + 4 > this.#usable) throw new DecodeFailure('has free blocks out of order')
      const bytes = this.bytes.readUInt16BE(at + 2)
      free += bytes
      before = at + Math.max(4, bytes)
    }
    return free
  }

  /** A number of one to nine bytes, seven bits in each of the first eight, as signed 64 bits. */
  #number(at: number): number {
    const { bytes } = this
    let value = 0
    for (let index = 0; index < 8; index++) {
      const byte = bytes[at + index]
      if (byte === undefined) throw new DecodeFailure('has a row that ends outside of it')
      value = value * 128 + (byte & 127)
      if (byte < 128) {
        this.#end = at + index + 1
        return value
      }
    }
    this.#end = at + 9
    // All 64 bits are there: only whole numbers hold them exactly, and the first of them may be a sign.
    let bits = 0n
    for (let index = 0; index < 8; index++) bits = (bits << 7n) | BigInt((bytes[at + index] ?? 0) & 127)
    return Number(BigInt.asIntN(64, (bits << 8n) | BigInt(bytes[at + 8] ?? 0)))
  }

  /** How many bytes of a row lie on this page: with the number of the page where it goes on, if it does. */
  #localBytes(payload: number, most: number): number {
    if (payload <= most) return payload
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23
    const ideal = least + ((payload - least) % (this.#usable - 4))
    const local = ideal <= most ? ideal : least
    this.overflow += Math.ceil((payload - local) / (this.#usable - 4))
    return local + 4
  }
}
