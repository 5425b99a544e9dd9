import { cocoaEpoch, isDict, isList, type PlistValue, Real, Uid } from './plist-value.js'

/** What is nested deeper contains itself, or is refused by readers. */
const deepest = 128

/** An array or a dictionary: its marker, and the numbers of the objects in it. */
interface Container {
  readonly type: 0xa | 0xd
  readonly count: number
  readonly refs: readonly number[]
}

/**
 * Writes a binary property list. Whole numbers become integers, negative ones of 8 bytes as Apple does, and those beyond 64 signed
 * bits of 16; other numbers, and those beyond 2^53, become reals. Equal texts and numbers are written once.
 *
 * @throws TypeError when a value cannot be written, or is nested more than 128 deep: an error of the program that calls.
 */
export function writeBinaryPlist(value: PlistValue): Buffer {
  const table = new ObjectTable()
  table.add(value, 0)
  const { objects } = table
  const refBytes = bytesFor(objects.length)
  const parts: Buffer[] = [Buffer.from('bplist00')]
  const offsets: number[] = []
  let end = 8
  for (const object of objects) {
    offsets.push(end)
    const bytes = Buffer.isBuffer(object) ? object : containerBytes(object, refBytes)
    parts.push(bytes)
    end += bytes.length
  }
  const offsetBytes = bytesFor(end)
  const trailer = Buffer.alloc(32)
  trailer[6] = offsetBytes
  trailer[7] = refBytes
  trailer.writeBigUInt64BE(BigInt(objects.length), 8)
  trailer.writeBigUInt64BE(BigInt(end), 24)
  return Buffer.concat([...parts, uints(offsets, offsetBytes), trailer])
}

/** The objects of a list in the order in which they are written: the one that holds all others is the first. */
class ObjectTable {
  readonly objects: (Buffer | Container)[] = []
  readonly #written = new Map<string | number, number>()

  /** Adds a value with all that is in it; gives its number. */
  add(value: PlistValue, depth: number): number {
    if (depth > deepest) throw new TypeError('The value is nested too deeply for a property list')
    const key = typeof value === 'string' || typeof value === 'number' ? value : null
    const known = key === null ? undefined : this.#written.get(key)
    if (known !== undefined) return known
    const ref = this.objects.length
    if (key !== null) this.#written.set(key, ref)
    if (isList(value)) {
      const refs = this.#place(ref)
      for (const item of value) refs.push(this.add(item, depth + 1))
      this.objects[ref] = { type: 0xa, count: value.length, refs }
    } else if (isDict(value)) {
      const refs = this.#place(ref)
      for (const name of value.keys()) refs.push(this.add(name, depth + 1))
      for (const item of value.values()) refs.push(this.add(item, depth + 1))
      this.objects[ref] = { type: 0xd, count: value.size, refs }
    } else {
      this.objects.push(scalarBytes(value))
    }
    return ref
  }

  /** Takes a number for a container before what is in it takes the next ones. */
  #place(ref: number): number[] {
    this.objects[ref] = Buffer.alloc(0)
    return []
  }
}

function scalarBytes(
  value: Exclude<PlistValue, readonly PlistValue[] | ReadonlyMap<string, PlistValue>>,
): Buffer {
  if (value === null) return Buffer.from([0x00])
  if (typeof value === 'boolean') return Buffer.from([value ? 0x09 : 0x08])
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? integerBytes(BigInt(value)) : real(0x23, value)
  if (typeof value === 'bigint') return integerBytes(value)
  if (typeof value === 'string') return textBytes(value)
  if (value instanceof Real) return real(0x23, value.value)
  if (value instanceof Uid) return uidBytes(value)
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    return real(0x33, (value.getTime() - cocoaEpoch) / 1000)
  }
  if (value instanceof Uint8Array) return Buffer.concat([marker(0x4, value.length), value])
  throw new TypeError('The value is none of a property list')
}

function integerBytes(value: bigint): Buffer {
  if (value >= 0n && value < 1n << 32n) {
    const size = value < 256n ? 1 : value < 65_536n ? 2 : 4
    return Buffer.concat([Buffer.from([0x10 | Math.log2(size)]), uints([Number(value)], size)])
  }
  if (BigInt.asIntN(64, value) === value) {
    const bytes = Buffer.alloc(9, 0x13)
    bytes.writeBigInt64BE(value, 1)
    return bytes
  }
  if (BigInt.asIntN(128, value) !== value) throw new TypeError('The integer is too large for a property list')
  const bytes = Buffer.alloc(17, 0x14)
  bytes.writeBigInt64BE(value >> 64n, 1)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 9)
  return bytes
}

function real(type: number, value: number): Buffer {
  const bytes = Buffer.from([type, 0, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function textBytes(text: string): Buffer {
  if (/^[\0-\x7f]*$/.test(text)) return Buffer.concat([marker(0x5, text.length), Buffer.from(text, 'latin1')])
  return Buffer.concat([marker(0x6, text.length), Buffer.from(text, 'utf16le').swap16()])
}

function uidBytes({ index }: Uid): Buffer {
  const size = bytesFor(index)
  return Buffer.concat([Buffer.from([0x80 | (size - 1)]), uints([index], size)])
}

function containerBytes({ type, count, refs }: Container, refBytes: number): Buffer {
  return Buffer.concat([marker(type, count), uints(refs, refBytes)])
}

/** The type of an object and how many things are in it: in one byte, or with an integer behind that. */
function marker(type: number, count: number): Buffer {
  if (count < 15) return Buffer.from([(type << 4) | count])
  return Buffer.concat([Buffer.from([(type << 4) | 0xf]), integerBytes(BigInt(count))])
}

function bytesFor(largest: number): 1 | 2 | 4 {
  return largest < 256 ? 1 : largest < 65_536 ? 2 : 4
}

function uints(values: readonly number[], size: number): Buffer {
  const bytes = Buffer.alloc(values.length * size)
  values.forEach((value, index) => bytes.writeUIntBE(value, index * size, size))
  return bytes
}
