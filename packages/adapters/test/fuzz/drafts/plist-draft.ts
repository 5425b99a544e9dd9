import type { Random } from '../../../src/testing/synthetic-backup/random.js'
import { sharpNumber } from '../damage.js'

/** What a property list is made from: JSON, bytes, dates, and references of a keyed archive. */
export type DraftValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | { readonly uid: number }
  | readonly DraftValue[]
  | ReadonlyMap<string, DraftValue>

/** One object as it will stand in the file: its type and count can be wrong, its references can lead anywhere. */
interface DraftObject {
  type: number
  /** What its marker says; null where the marker has no count. */
  count: number | null
  refs: number[]
  contents: Buffer
  /** Number of the object whose place the offset table gives for this one; null for its own. */
  standsAt: number | null
}

/** A binary property list before it is written, open to damage in its structure. */
export interface PlistDraft {
  readonly objects: DraftObject[]
  top: number
  offsetBytes: number
  refBytes: number
  /** What the trailer says instead of the truth. */
  readonly claims: { objects?: number; top?: number; table?: number; offsetBytes?: number; refBytes?: number }
}

function isMap(value: DraftValue): value is ReadonlyMap<string, DraftValue> {
  return value instanceof Map
}

/** The draft of a value, as a writer would lay it out. */
export function plistDraft(value: DraftValue): PlistDraft {
  const objects: DraftObject[] = []
  add(objects, value)
  const refBytes = objects.length < 256 ? 1 : objects.length < 65_536 ? 2 : 4
  return { objects, top: 0, offsetBytes: 4, refBytes, claims: {} }
}

function add(objects: DraftObject[], value: DraftValue): number {
  const index = objects.length
  const object: DraftObject = { type: 0, count: null, refs: [], contents: Buffer.alloc(0), standsAt: null }
  objects.push(object)
  if (value === null) object.contents = Buffer.from([0x00])
  else if (typeof value === 'boolean') object.contents = Buffer.from([value ? 0x09 : 0x08])
  else if (typeof value === 'bigint')
    object.contents = sixtyFour(0x13, (at, to) => to.writeBigInt64BE(value, at))
  else if (typeof value === 'number') {
    object.contents =
      Number.isInteger(value) && value >= 0 && value < 2 ** 32
        ? Buffer.from([0x12, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255])
        : sixtyFour(0x23, (at, to) => to.writeDoubleBE(value, at))
  } else if (value instanceof Date) {
    object.contents = sixtyFour(0x33, (at, to) => to.writeDoubleBE(value.getTime() / 1000 - 978_307_200, at))
  } else if (typeof value === 'string') {
    const isLatin = /^[\0-\x7f]*$/.test(value)
    Object.assign(object, { type: isLatin ? 5 : 6, count: value.length })
    object.contents = isLatin ? Buffer.from(value, 'latin1') : Buffer.from(value, 'utf16le').swap16()
  } else if (value instanceof Uint8Array) {
    Object.assign(object, { type: 4, count: value.length, contents: Buffer.from(value) })
  } else if (isMap(value)) {
    Object.assign(object, { type: 0xd, count: value.size })
    const keys = [...value.keys()].map((key) => add(objects, key))
    object.refs = [...keys, ...[...value.values()].map((item) => add(objects, item))]
  } else if ('uid' in value) {
    object.contents = Buffer.from([0x81, value.uid >> 8, value.uid & 255])
  } else {
    const items = [...value]
    Object.assign(object, { type: 0xa, count: items.length })
    object.refs = items.map((item) => add(objects, item))
  }
  return index
}

function sixtyFour(type: number, write: (at: number, to: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = type
  write(1, bytes)
  return bytes
}

/** Damages what the draft says, one to four times: counts, types, references (to parents and to itself too), offsets, the trailer. */
export function damagePlist(random: Random, draft: PlistDraft): void {
  for (let times = random.integer(1, 4); times > 0; times--) {
    const object = random.pick(draft.objects)
    const other = random.integer(0, draft.objects.length - 1)
    switch (random.integer(0, 8)) {
      case 0:
        object.count = sharpNumber(random, object.count ?? 0)
        break
      case 1:
        object.type = random.integer(0, 15)
        break
      case 2:
        if (object.refs.length > 0) object.refs[random.integer(0, object.refs.length - 1)] = other
        break
      case 3:
        object.standsAt = other
        break
      case 4:
        draft.top = other
        break
      case 5:
        Object.assign(draft.claims, {
          [random.pick(['objects', 'top', 'table', 'offsetBytes', 'refBytes'])]: sharpNumber(
            random,
            draft.objects.length,
          ),
        })
        break
      case 6:
        nest(random, draft)
        break
      case 7:
        alias(random, draft)
        break
      case 8:
        draft.offsetBytes = random.pick([1, 2, 3, 4, 8, 16])
        draft.refBytes = random.pick([1, 2, 3, 4, 8, 16])
        break
    }
  }
}

/** Puts the top into a chain of arrays, each naming the next one up to three times. */
function nest(random: Random, draft: PlistDraft): void {
  const times = random.integer(1, 3)
  for (let depth = random.integer(1, 200); depth > 0; depth--) {
    const refs = Array.from({ length: times }, () => draft.top)
    draft.objects.push({ type: 0xa, count: times, refs, contents: Buffer.alloc(0), standsAt: null })
    draft.top = draft.objects.length - 1
  }
}

/** Adds an array of many objects that all stand where another one does. */
function alias(random: Random, draft: PlistDraft): void {
  const place = random.integer(0, draft.objects.length - 1)
  const refs: number[] = []
  for (let count = random.integer(2, 200); count > 0; count--) {
    draft.objects.push({ type: 0, count: null, refs: [], contents: Buffer.alloc(0), standsAt: place })
    refs.push(draft.objects.length - 1)
  }
  draft.objects.push({ type: 0xa, count: refs.length, refs, contents: Buffer.alloc(0), standsAt: null })
  draft.top = draft.objects.length - 1
}

/** Writes the draft. */
export function writePlist(draft: PlistDraft): Buffer {
  const parts: Buffer[] = [Buffer.from('bplist00')]
  const offsets: number[] = []
  let at = 8
  const append = (bytes: Buffer) => {
    parts.push(bytes)
    at += bytes.length
  }
  for (const object of draft.objects) {
    offsets.push(at)
    if (object.count !== null) append(marker(object.type, object.count))
    append(object.contents)
    for (const ref of object.refs) append(unsigned(ref, draft.refBytes))
  }
  const table = at
  for (const [index, object] of draft.objects.entries()) {
    append(unsigned(offsets[object.standsAt ?? index] ?? 0, draft.offsetBytes))
  }
  const { claims } = draft
  const trailer = Buffer.alloc(32)
  trailer[6] = claims.offsetBytes ?? draft.offsetBytes
  trailer[7] = claims.refBytes ?? draft.refBytes
  unsigned(claims.objects ?? draft.objects.length, 8).copy(trailer, 8)
  unsigned(claims.top ?? draft.top, 8).copy(trailer, 16)
  unsigned(claims.table ?? table, 8).copy(trailer, 24)
  append(trailer)
  return Buffer.concat(parts)
}

function marker(type: number, count: number): Buffer {
  if (count < 15) return Buffer.from([(type << 4) | count])
  const [size, power] = count < 256 ? [1, 0] : count < 65_536 ? [2, 1] : count < 2 ** 32 ? [4, 2] : [8, 3]
  return Buffer.concat([Buffer.from([(type << 4) | 15, 0x10 | power]), unsigned(count, size)])
}

/** The lowest bytes of a number, highest first. */
function unsigned(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let rest = value
  for (let index = size - 1; index >= 0; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}
