import { buildBinary } from 'plist'
import { describe, expect, test } from 'vitest'
import { Random } from '../testing/synthetic-backup/random.js'
import { isDict, isList, Uid } from './plist-value.js'
import { parseBinaryPlist } from './read-binary.js'

/** A binary property list of hand-made objects; references take a byte each. */
function plistOf(objects: readonly (readonly number[])[], top = 0): Buffer {
  const parts: number[] = [...Buffer.from('bplist00')]
  const offsets: number[] = []
  for (const object of objects) {
    offsets.push(parts.length)
    parts.push(...object)
  }
  const table = parts.length
  for (const offset of offsets) parts.push(offset >> 8, offset & 255)
  const trailer = Buffer.alloc(32)
  trailer[6] = 2
  trailer[7] = 1
  trailer.writeBigUInt64BE(BigInt(objects.length), 8)
  trailer.writeBigUInt64BE(BigInt(top), 16)
  trailer.writeBigUInt64BE(BigInt(table), 24)
  return Buffer.concat([Buffer.from(parts), trailer])
}

/** An array of 200 objects, which all begin at the same place, where something of this type and length 4000 is. */
function aliases(type: number): Buffer {
  const refs = Array.from({ length: 200 }, (_, index) => index + 1)
  const shared = [type | 0xf, 0x11, 4000 >> 8, 4000 & 255, ...Array.from({ length: 8000 }, () => 201)]
  const whole = plistOf([[0xaf, 0x10, 200, ...refs], shared, ...refs.slice(1).map(() => []), [0x09]])
  // Each is to begin where the first of them does.
  const table = Number(whole.readBigUInt64BE(whole.length - 8))
  for (const ref of refs) whole.copy(whole, table + ref * 2, table + 2, table + 4)
  return whole
}

test('reads every type that a library writes', () => {
  const when = new Date('2024-02-29T12:34:56.000Z')
  const parsed = parseBinaryPlist(
    buildBinary({
      text: 'plain',
      wide: 'Zoë 🏡',
      whole: 300,
      negative: -5,
      real: 0.5,
      yes: true,
      no: false,
      when,
      data: Buffer.from([1, 2, 3]),
      list: ['a', ['b']],
    }),
  )
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
  const { value } = parsed
  expect(value.get('text')).toBe('plain')
  expect(value.get('wide')).toBe('Zoë 🏡')
  expect(value.get('whole')).toBe(300)
  expect(value.get('negative')).toBe(-5)
  expect(value.get('real')).toBe(0.5)
  expect(value.get('yes')).toBe(true)
  expect(value.get('no')).toBe(false)
  expect(value.get('when')).toEqual(when)
  expect(Buffer.from(value.get('data') as Uint8Array)).toEqual(Buffer.from([1, 2, 3]))
  expect(value.get('list')).toEqual(['a', ['b']])
})

test('keeps integers beyond 2^53 exact, and those of 16 bytes by their lower half', () => {
  const big = [0x13, 0x0a, 0x8d, 0xf7, 0x1f, 0x3b, 0x6c, 0x1d, 0x80]
  expect(parseBinaryPlist(plistOf([big]))).toEqual({ ok: true, value: 0x0a8df71f3b6c1d80n })
  const wide = [0x14, ...Array.from({ length: 15 }, () => 0), 7]
  expect(parseBinaryPlist(plistOf([wide]))).toEqual({ ok: true, value: 7 })
})

test('reads references of a keyed archive', () => {
  expect(parseBinaryPlist(plistOf([[0x81, 0x01, 0x02]]))).toEqual({ ok: true, value: new Uid(258) })
})

test('gives a key named __proto__ no power', () => {
  const parsed = parseBinaryPlist(plistOf([[0xd1, 1, 2], [0x59, ...Buffer.from('__proto__')], [0x09]]))
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
  expect(parsed.value.get('__proto__')).toBe(true)
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
})

describe('refuses with a sentence', () => {
  test.each([
    ['what is no property list', Buffer.from('hello'), /not a binary property list/],
    ['a list that contains itself', plistOf([[0xa1, 0]]), /contains itself/],
    ['an object that is not there', plistOf([[0xa1, 9]]), /does not hold/],
    ['a count larger than its bytes', plistOf([[0xaf, 0x12, 0x05, 0xf5, 0xe1, 0x00]]), /ends too early/],
    [
      'a dictionary whose key is a number',
      plistOf([
        [0xd1, 1, 1],
        [0x10, 5],
      ]),
      /not a string/,
    ],
    ['an unknown type', plistOf([[0xf0]]), /unknown type 0xf0/],
    ['a count that is no integer', plistOf([[0x5f, 0x51]]), /not an integer/],
    ['many objects that are one and the same long array', aliases(0xa0), /share their bytes/],
    ['many objects that are one and the same long text', aliases(0x50), /share their bytes/],
    ['many objects that are one and the same long UTF-16 text', aliases(0x60), /share their bytes/],
  ])('%s', (_, bytes, problem) => {
    const parsed = parseBinaryPlist(bytes)
    expect(parsed).toEqual({ ok: false, problem: expect.stringMatching(problem) })
  })

  test('nesting that is deeper than any phone writes', () => {
    const nested = Array.from({ length: 200 }, (_, index) => [0xa1, index + 1])
    expect(parseBinaryPlist(plistOf([...nested, [0x08]]))).toMatchObject({ ok: false })
  })
})

test('parses in no time a list in which each array names the next one twice, forty deep', () => {
  const doubling = Array.from({ length: 40 }, (_, index) => [0xa2, index + 1, index + 1])
  const started = performance.now()
  const parsed = parseBinaryPlist(plistOf([...doubling, [0x09]]))
  expect(parsed.ok && isList(parsed.value)).toBe(true)
  // 2^40 objects, were each parsed at every reference to it.
  expect(performance.now() - started).toBeLessThan(1000)
})

test('survives every truncation and thousands of random changes without any other error', () => {
  const whole = Buffer.from(
    buildBinary({ a: [1, 2, { b: 'text', c: Buffer.alloc(40) }], d: 0.5, e: new Date(0) }),
  )
  for (let length = 0; length < whole.length; length++) {
    expect(parseBinaryPlist(whole.subarray(0, length)).ok).toBe(false)
  }
  const seed = 'bplist changes 1'
  const random = new Random(seed)
  for (let round = 0; round < 20_000; round++) {
    const changed = Buffer.from(whole)
    for (let count = random.integer(1, 4); count > 0; count--) {
      changed[random.integer(0, changed.length - 1)] = random.integer(0, 255)
    }
    expect(() => parseBinaryPlist(changed), `seed '${seed}', round ${round}`).not.toThrow()
  }
})
