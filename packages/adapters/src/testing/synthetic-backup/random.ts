import { createHash } from 'node:crypto'

/**
 * Seeded randomness: the sfc32 generator (Chris Doty-Humphrey, public domain) seeded with the SHA-256 of a text.
 * Equal seeds give equal sequences on every platform. Not for secrets.
 */
export class Random {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#seed = seed
    const digest = createHash('sha256').update(seed).digest()
    this.#a = digest.readInt32LE(0)
    this.#b = digest.readInt32LE(4)
    this.#c = digest.readInt32LE(8)
  }

  /** An independent sequence under a name, so that more draws in one part do not shift another part. */
  fork(name: string): Random {
    return new Random(`${this.#seed}/${name}`)
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  /** A number from 0 up to but not including 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1))
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** One item of a list that is not empty. */
  pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[this.integer(0, items.length - 1)]
    if (item === undefined) throw new RangeError('There is nothing to pick from')
    return item
  }

  /** A value of the exponential distribution with this mean. */
  exponential(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean
  }

  /** The items in another order. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, rank: this.uint32() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item)
  }

  bytes(length: number): Buffer {
    const words = new Uint32Array(Math.ceil(length / 4))
    for (let index = 0; index < words.length; index++) words[index] = this.uint32()
    return Buffer.from(words.buffer, 0, length)
  }

  hex(digits: number): string {
    return this.bytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits)
  }

  /** A version 4 UUID in capitals, as Apple writes them. */
  uuid(): string {
    const bytes = this.bytes(16)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    const hex = bytes.toString('hex').toUpperCase()
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
