import type { Random } from '../../src/testing/synthetic-backup/random.js'

/** Numbers at which lengths, counts and offsets tend to go wrong. */
export const sharpNumbers: readonly number[] = [
  0,
  1,
  2,
  3,
  14,
  15,
  16,
  127,
  128,
  129,
  255,
  256,
  0x7fff,
  0x8000,
  0xffff,
  0x1_0000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ffff,
  0x1_0000_0000,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  2 ** 64 - 2048,
]

/** A number near what it was, or one of {@link sharpNumbers}. */
export function sharpNumber(random: Random, near: number): number {
  return random.chance(0.5) ? random.pick(sharpNumbers) : Math.max(0, near + random.integer(-3, 3))
}

/** Bytes with a few of them changed, cut out, doubled, or the tail gone: what knows nothing of any format. */
export function damageBytes(random: Random, bytes: Buffer): Buffer {
  let damaged = Buffer.from(bytes)
  for (let times = random.integer(1, 4); times > 0; times--) {
    if (damaged.length === 0) return damaged
    const at = random.integer(0, damaged.length - 1)
    const end = Math.min(damaged.length, at + random.integer(1, 16))
    switch (random.integer(0, 5)) {
      case 0:
        damaged[at] = random.integer(0, 255)
        break
      case 1:
        damaged[at] = (damaged[at] ?? 0) ^ (1 << random.integer(0, 7))
        break
      case 2:
        damaged = damaged.subarray(0, at)
        break
      case 3:
        damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(end)])
        break
      case 4:
        damaged = Buffer.concat([damaged.subarray(0, end), damaged.subarray(at)])
        break
      case 5:
        damaged.fill(random.pick([0, 0x7f, 0x80, 0xff]), at, end)
        break
    }
  }
  return damaged
}

/** A list with items left out, doubled, swapped or nested in the wrong place: the same for every format that is made of records. */
export function damageList<Item>(random: Random, items: readonly Item[]): Item[] {
  const damaged = [...items]
  for (let times = random.integer(1, 3); times > 0 && damaged.length > 0; times--) {
    const at = random.integer(0, damaged.length - 1)
    const other = random.integer(0, damaged.length - 1)
    switch (random.integer(0, 4)) {
      case 0:
        damaged.splice(at, 1)
        break
      case 1:
        damaged.splice(at, 0, ...damaged.slice(other, other + 3))
        break
      case 2:
        damaged.push(...damaged.splice(at, 1))
        break
      case 3:
        damaged.splice(at)
        break
      case 4:
        damaged.push(...damaged.slice(at))
        break
    }
  }
  return damaged
}

/**
 * A database with a few bytes changed where they matter: most of a page is text, so half of the changes hit the first bytes of a page,
 * its header and the list of its rows, and some whole pages are another one's copy or empty.
 */
export function damageDatabase(random: Random, bytes: Buffer): Buffer {
  const damaged = Buffer.from(bytes)
  const size = damaged.readUInt16BE(16)
  const pages = damaged.length / size
  const page = () => random.integer(0, pages - 1) * size
  for (let times = random.integer(1, 3); times > 0; times--) {
    const kind = random.integer(0, 9)
    if (kind < 4) damaged[page() + random.integer(0, 40)] = random.integer(0, 255)
    else if (kind < 8) {
      const at = random.integer(0, damaged.length - 1)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.integer(0, 7))
    } else {
      const at = page()
      if (kind === 8) damaged.set(damaged.subarray(at, at + size), page())
      else damaged.fill(0, at + 8, at + size)
    }
  }
  return damaged
}
