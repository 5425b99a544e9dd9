import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, canonicalJsonWithout, sameJson, toJson } from './json.js'

describe('canonical JSON', () => {
  it('is JSON, and the same for equal values whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(value))).toBe(text)
      }),
    )
  })

  it('leaves out what it is told to, however deep', () => {
    const value = { b: null, a: [null, { d: null, c: 1 }], e: { f: null } }
    expect(canonicalJsonWithout(value, (held) => held === null)).toBe('{"a":[null,{"c":1}],"e":{}}')
  })

  it('keeps objects apart that have the same number of keys, after any others', () => {
    const objects = Array.from({ length: 40 }, (_, index) => ({ z: 1, [`key${index}`]: index, a: 2 }))
    for (const object of [...objects, ...objects.toReversed()]) {
      const inOrder = Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1))
      expect(canonicalJson(object)).toBe(JSON.stringify(Object.fromEntries(inOrder)))
    }
  })

  it('orders keys by code unit and leaves undefined out', () => {
    expect(canonicalJson({ b: 1, a: [{ z: null, y: undefined }], B: 'ü' })).toBe(
      '{"B":"ü","a":[{"z":null}],"b":1}',
    )
  })
})

describe('sameJson', () => {
  it('says what comparing canonical text would say', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(sameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
        expect(sameJson(a, reversed(a))).toBe(true)
      }),
    )
  })

  it.each([
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [null, {}],
    ['1', 1],
    [{ a: { b: [1] } }, { a: { b: [1, 2] } }],
  ])('tells %j from %j', (a, b) => {
    expect(sameJson(a, b)).toBe(false)
  })
})

describe('toJson', () => {
  it('gives back what JSON would, with undefined as null', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(toJson(value, 'it')).toEqual(value)
      }),
    )
    expect(toJson(undefined, 'it')).toBeNull()
    expect(toJson({ a: undefined, b: [undefined] }, 'it')).toEqual({ b: [null] })
  })

  it('carries a key that would be a prototype', () => {
    const text = '{"__proto__":{"a":1}}'
    expect(JSON.stringify(toJson(JSON.parse(text), 'it'))).toBe(text)
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  it.each([
    ['a Date', { when: new Date(0) }, 'it.when'],
    ['a Map', [new Map()], 'it[0]'],
    ['NaN', { a: { b: Number.NaN } }, 'it.a.b'],
    ['a bigint', 1n, 'it'],
    ['a function', { f: () => {} }, 'it.f'],
    ['a cycle', cycle, 'it.self'],
  ])('refuses %s and names its place', (_, value, place) => {
    expect(() => toJson(value, 'it')).toThrow(
      expect.objectContaining({ code: 'NOT_SERIALIZABLE', message: expect.stringContaining(`${place} is`) }),
    )
  })

  it('takes an object twice, as long as it is no cycle', () => {
    const shared = { n: 1 }
    expect(toJson([shared, shared], 'it')).toEqual([{ n: 1 }, { n: 1 }])
  })
})

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  )
}
