import type { Random } from '../../../src/testing/synthetic-backup/random.js'
import { damageList, sharpNumber } from '../damage.js'

/*
 * Formats that are one record behind the other, each behind its length: they are damaged as lists, and in their lengths.
 */

/** A keybag: fields of a tag, a length and a value; the first UUID begins the bag, each later one a class. */
export function keybagBytes(random: Random): Buffer {
  const word = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value % 2 ** 32)
    return bytes
  }
  const number = (usual: number) => word(random.chance(0.9) ? usual : sharpNumber(random, usual))
  const bytes = (usual: number) => random.bytes(random.chance(0.9) ? usual : random.pick([0, 1, 39, 41, 300]))
  const fields: (readonly [string, Buffer])[] = [
    ['VERS', number(5)],
    ['TYPE', number(1)],
    ['UUID', bytes(16)],
    ['HMCK', bytes(40)],
    ['WRAP', number(0)],
    ['SALT', bytes(20)],
    ['ITER', number(10_000)],
    ['DPWT', number(1)],
    ['DPIC', number(10_000_000)],
    ['DPSL', bytes(20)],
  ]
  for (let protectionClass = random.integer(0, 11); protectionClass > 0; protectionClass--) {
    fields.push(
      ['UUID', bytes(16)],
      ['CLAS', number(protectionClass)],
      ['WRAP', number(random.integer(0, 3))],
      ['KTYP', number(0)],
      ['WPKY', bytes(40)],
    )
  }
  const damaged = random.chance(0.6) ? damageList(random, fields) : fields
  return Buffer.concat(
    damaged.flatMap(([tag, value]) => [
      Buffer.from(random.chance(0.99) ? tag : 'X\0\u00ffY', 'latin1'),
      random.chance(0.97) ? word(value.length) : word(sharpNumber(random, value.length)),
      value,
    ]),
  )
}

/** Records of Manifest.mbdb, without the header of the file. */
export function mbdbBytes(random: Random): Buffer {
  const records = Array.from({ length: random.integer(0, 5) }, () => {
    const numbers = random.bytes(40)
    const pairs = random.pick([0, 0, 1, 3, 255])
    numbers.writeUInt16BE(random.pick([0o100644, 0o040755, 0o120755, 0]), 0)
    numbers.writeUInt8(pairs, 39)
    const strings = [
      'HomeDomain',
      random.pick(['Library/SMS/sms.db', '', '../x', 'a\0b', '/etc/passwd']),
      null,
    ]
    const values = Array.from({ length: pairs * 2 }, () => string(random, random.hex(random.integer(0, 6))))
    return [
      ...strings.map((text) => string(random, text)),
      string(random, random.chance(0.5) ? random.hex(20) : null),
      string(random, random.chance(0.3) ? random.hex(44) : null),
      numbers,
      ...values,
    ]
  })
  const damaged = random.chance(0.5) ? damageList(random, records) : records
  return Buffer.concat(
    damaged.flatMap((record) => (random.chance(0.1) ? damageList(random, record) : record)),
  )
}

function string(random: Random, text: string | null): Buffer {
  const length = Buffer.alloc(2)
  const value = Buffer.from(text ?? '')
  length.writeUInt16BE(
    text === null ? 0xffff : random.chance(0.98) ? value.length : sharpNumber(random, value.length) & 0xffff,
  )
  return Buffer.concat([length, value])
}

/** Fields in the wire format of protobuf, some of them the one that WhatsApp keeps a quoted message in. */
export function protobufBytes(random: Random): Buffer {
  const fields = Array.from({ length: random.integer(0, 8) }, () => {
    const field = random.pick([1, 5, 5, 16, 536_870_911])
    const type = random.pick([0, 1, 2, 5, 3, 7] as const)
    const contents = random.chance(0.5) ? Buffer.from(random.hex(32)) : random.bytes(random.integer(0, 20))
    const length = varint(random.chance(0.9) ? contents.length : sharpNumber(random, 20))
    const values: Readonly<Record<number, Buffer>> = {
      0: varint(sharpNumber(random, 300)),
      1: random.bytes(8),
      2: Buffer.concat([length, contents]),
      5: random.bytes(4),
    }
    return Buffer.concat([varint(field * 8 + type), values[type] ?? Buffer.alloc(0)])
  })
  return Buffer.concat(random.chance(0.5) ? damageList(random, fields) : fields)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}
