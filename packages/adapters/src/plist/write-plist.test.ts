import { parse, parseBinary } from 'plist'
import { describe, expect, test } from 'vitest'
import { Random } from '../testing/synthetic-backup/random.js'
import { parsePlist } from './parse-plist.js'
import { isDict, isList, type PlistValue, plistDict, Real, signed64, Uid } from './plist-value.js'
import { writeBinaryPlist } from './write-binary.js'
import { carriedByXml, writeXmlPlist } from './write-xml.js'

const forms = [
  ['binary', writeBinaryPlist],
  ['XML', writeXmlPlist],
] as const

function readBack(bytes: Uint8Array): PlistValue {
  const parsed = parsePlist(bytes, { keepReals: true })
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

describe.each(forms)('a property list in %s form', (_, write) => {
  test.each<[string, PlistValue]>([
    ['text', 'plain'],
    ['text of any script', 'Zoë 🏡 <&> "]]>\r\n\t'],
    ['no text', ''],
    ['a text of more than 64 KiB', 'ü'.repeat(70_000)],
    ['truth', [true, false]],
    ['whole numbers at every width', [0, 15, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]],
    ['negative numbers', [-1, -6, -128, -(2 ** 31), -(2 ** 53 - 1)]],
    ['integers of 64 bits', [2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 80_086_790_144, 2n ** 64n - 6n]],
    ['reals, also whole ones', [new Real(2), new Real(2.1), new Real(-0.5), new Real(1e300)]],
    ['dates', [new Date('2024-02-29T12:34:56Z'), new Date(0), new Date('1999-12-31T23:59:59Z')]],
    ['data', [new Uint8Array(0), Uint8Array.from([0, 1, 255]), new Uint8Array(5000).fill(7)]],
    ['empty containers', [[], new Map()]],
    ['a key that means something elsewhere', plistDict({ ['__proto__']: 1, '': 2 })],
    ['the same text often', Array.from({ length: 1000 }, () => 'again')],
  ])('carries %s', (_name, value) => {
    expect(plain(readBack(write(value)))).toEqual(plain(value))
  })

  test('carries 40,000 paths, each with a number', () => {
    const paths = new Map(Array.from({ length: 40_000 }, (_item, index) => [`udid/${index}/file`, index]))
    expect(readBack(write(paths))).toEqual(paths)
  })

  test('refuses what is nested deeper than readers go, and what contains itself', () => {
    let deep: PlistValue = 'end'
    for (let level = 0; level < 200; level++) deep = [deep]
    expect(() => write(deep)).toThrow(/nested too deeply/)
    const circle: PlistValue[] = []
    circle.push(circle)
    expect(() => write(circle)).toThrow(/nested too deeply/)
  })

  test('refuses a date that is none', () => {
    expect(() => write(new Date(Number.NaN))).toThrow(TypeError)
  })

  test('comes back as it was, whatever was drawn', () => {
    const seed = process.env['HOLDFAST_SEED'] ?? 'written lists 1'
    const random = new Random(seed)
    for (let round = 0; round < 500; round++) {
      const value = draw(random, 0)
      expect(plain(readBack(write(value))), `seed '${seed}', round ${round}`).toEqual(plain(value))
    }
  })
})

test('a library reads the binary form as the same values', () => {
  const written = writeBinaryPlist(
    plistDict({
      name: 'Zoë',
      count: 300,
      below: -5,
      half: 0.5,
      two: new Real(2),
      yes: true,
      list: ['a', ['a']],
    }),
  )
  expect(parseBinary(written)).toEqual({
    name: 'Zoë',
    count: 300,
    below: -5,
    half: 0.5,
    two: 2,
    yes: true,
    list: ['a', ['a']],
  })
})

test('a library reads the XML form as the same values', () => {
  const when = new Date('2024-02-29T12:34:56Z')
  const written = writeXmlPlist(
    plistDict({ text: 'a <b> & c', list: [1, 2.5, true], when, data: Uint8Array.of(1, 2) }),
  )
  const read = parse(written.toString())
  expect(read).toMatchObject({ text: 'a <b> & c', list: [1, 2.5, true], when })
})

test('only the binary form carries null and references of a keyed archive', () => {
  const value = [null, new Uid(0), new Uid(300), new Uid(70_000)]
  expect(readBack(writeBinaryPlist(value))).toEqual(value)
  expect(() => writeXmlPlist([null])).toThrow(TypeError)
  expect(readBack(writeXmlPlist(new Uid(300)))).toEqual(plistDict({ CF$UID: 300 }))
})

test('XML refuses text that it cannot carry', () => {
  for (const text of ['a\u0000b', '\u001b[1m', '\ud800', '\udc00 alone', '\uffff']) {
    expect(() => writeXmlPlist(text)).toThrow(/cannot carry/)
  }
})

test('a negative number is meant by 64 unsigned bits as well as by signed ones', () => {
  const values = readBack(
    writeBinaryPlist([-6, 2n ** 64n - 6n, 2n ** 64n - 1n, 13, 2n ** 60n, 'x', new Real(1)]),
  )
  if (!isList(values)) throw new Error('no array')
  expect(values.map(signed64)).toEqual([-6, -6, -1, 13, null, null, null])
})

/** Typed arrays compare by their kind, and a Buffer is one of another kind than a Uint8Array. */
function plain(value: PlistValue): unknown {
  if (value instanceof Uint8Array) return { data: Buffer.from(value).toString('hex') }
  if (isList(value)) return value.map(plain)
  if (isDict(value)) return new Map([...value].map(([key, item]) => [key, plain(item)]))
  return value
}

function draw(random: Random, depth: number): PlistValue {
  switch (random.integer(0, depth < 4 ? 8 : 6)) {
    case 0:
      return random.integer(0, 2 ** 48)
    case 1:
      return (2n ** 53n + BigInt(random.integer(0, 2 ** 52)) * 512n) * (random.chance(0.5) ? 1n : -1n)
    case 2:
      return new Real(random.integer(-1000, 1000) / 8)
    case 3:
      return String.fromCodePoint(
        ...Array.from({ length: random.integer(0, 40) }, () => random.integer(32, 0xd7ff)),
      )
    case 4:
      return random.integer(0, 1) === 1
    case 5:
      return new Date(random.integer(0, 4_000_000) * 1000)
    case 6:
      return Uint8Array.from({ length: random.integer(0, 300) }, () => random.integer(0, 255))
    case 7:
      return Array.from({ length: random.integer(0, 20) }, () => draw(random, depth + 1))
    default:
      return new Map(
        Array.from({ length: random.integer(0, 20) }, (_, index) => [
          `key ${index}`,
          draw(random, depth + 1),
        ]),
      )
  }
}

describe('what XML cannot carry', () => {
  test('is left out of what others have made, and all else stays', () => {
    const odd = plistDict({
      name: 'My\u0001 phone\ud800 🏡',
      nothing: null,
      numbers: [1, Number.NaN, new Real(Number.POSITIVE_INFINITY), new Real(2)],
      date: new Date(Number.NaN),
      'key\u0000': 'x',
      inner: plistDict({ nothing: null, data: Buffer.from('x'), kept: true }),
    })
    const carried = carriedByXml(odd) ?? null
    expect(carried).toEqual(
      plistDict({
        name: 'My phone 🏡',
        numbers: [1, new Real(2)],
        inner: plistDict({ data: Buffer.from('x'), kept: true }),
      }),
    )
    expect(() => writeXmlPlist(odd)).toThrow(TypeError)
    expect(() => writeXmlPlist(carried)).not.toThrow()
    expect(carriedByXml(null)).toBeUndefined()
  })

  test.each<[string, PlistValue]>([
    ['lists', []],
    ['a reference', new Uid(1)],
  ])('%s that are nested too deeply are left out', (_, innermost) => {
    let value = innermost
    for (let level = 0; level < 200; level++) value = [value]
    expect(() => writeXmlPlist(value)).toThrow(TypeError)
    expect(() => writeXmlPlist(carriedByXml(value) ?? null)).not.toThrow()
  })
})
