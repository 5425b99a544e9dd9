import { randomBytes } from 'node:crypto'

/** Slots that are made on somebody's word, before there are ids for them: 64 MiB. */
const mostAtFirst = 2 ** 22

/**
 * A number for each of many file ids: 21 to 43 bytes of memory for an id, where a Map takes more than a hundred. Ids are told apart by their
 * first 64 bits. Slots are drawn by a hash with random factors, so that no backup can be made to fill one stretch of the table.
 */
export class FileIdTable {
  #size = 0
  #high: Uint32Array
  #low: Uint32Array
  /** 0 where the slot is free. */
  #values: Float64Array
  readonly #factors: readonly [number, number]

  /** `expected` ids fit without the table having to grow, which for a million takes a tenth of a second; it grows where there are more. */
  constructor(expected = 0) {
    let length = 1024
    while (length < mostAtFirst && length * 3 < expected * 4) length *= 2
    this.#high = new Uint32Array(length)
    this.#low = new Uint32Array(length)
    this.#values = new Float64Array(length)
    const random = randomBytes(8)
    this.#factors = [random.readInt32LE(0) | 1, random.readInt32LE(4) | 1]
  }

  /** How many ids are in it. */
  get size(): number {
    return this.#size
  }

  /** The number of an id, 40 digits in lower-case hex; null when it has none. */
  get(fileId: string): number | null {
    const value = this.#values[this.#slot(...headOf(fileId))]
    return value === undefined || value === 0 ? null : value
  }

  /** Gives an id its number, which is not 0. */
  set(fileId: string, value: number): void {
    if (this.#size * 4 >= this.#values.length * 3) this.#grow()
    const [high, low] = headOf(fileId)
    const slot = this.#slot(high, low)
    if (this.#values[slot] === 0) this.#size++
    this.#put(slot, high, low, value)
  }

  #put(slot: number, high: number, low: number, value: number): void {
    this.#high[slot] = high
    this.#low[slot] = low
    this.#values[slot] = value
  }

  /** The slot where an id is, or where it belongs. */
  #slot(high: number, low: number): number {
    const mask = this.#values.length - 1
    const [one, other] = this.#factors
    const mixed = Math.imul(high, one) ^ Math.imul(low, other)
    let slot = (mixed ^ (mixed >>> 15)) & mask
    while (this.#values[slot] !== 0 && (this.#high[slot] !== high || this.#low[slot] !== low)) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    const [high, low, values] = [this.#high, this.#low, this.#values]
    const length = values.length * 2
    this.#high = new Uint32Array(length)
    this.#low = new Uint32Array(length)
    this.#values = new Float64Array(length)
    values.forEach((value, index) => {
      if (value === 0) return
      const [a, b] = [high[index] ?? 0, low[index] ?? 0]
      this.#put(this.#slot(a, b), a, b, value)
    })
  }
}

function headOf(fileId: string): [high: number, low: number] {
  return [Number.parseInt(fileId.slice(0, 8), 16), Number.parseInt(fileId.slice(8, 16), 16)]
}
