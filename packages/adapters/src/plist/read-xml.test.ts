import { build } from 'plist'
import { describe, expect, test } from 'vitest'
import { parsePlist } from './parse-plist.js'
import { isDict, isList } from './plist-value.js'

function xml(contents: string): Uint8Array {
  return Buffer.from(`<?xml version="1.0"?><plist version="1.0"><dict><key>a</key>${contents}</dict></plist>`)
}

const attributes = (count: number): string =>
  Array.from({ length: count }, (_, index) => `a${index}=""`).join(' ')

test('an XML property list with ten thousand apps is read', () => {
  const apps = Array.from({ length: 10_000 }, (_, index) => [`com.example.app${index}`, { a: 'x' }] as const)
  const parsed = parsePlist(Buffer.from(build({ Applications: Object.fromEntries(apps) })))
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
  const applications = parsed.value.get('Applications')
  expect(isDict(applications) && applications.size).toBe(10_000)
})

test('an XML property list means what Apple writes', () => {
  const parsed = parsePlist(
    xml(`<array><string>a &amp; b <![CDATA[<c>]]></string><integer>-7</integer><integer>9007199254740993</integer>
      <real>1.5</real><true/><false/><date>2024-02-29T12:34:56Z</date><data>
        QUJD
      </data><dict><key/><array/><key>__proto__</key><string/></dict></array><!-- the end -->`),
  )
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
  expect(parsed.value.get('a')).toEqual([
    'a & b <c>',
    -7,
    9_007_199_254_740_993n,
    1.5,
    true,
    false,
    new Date('2024-02-29T12:34:56Z'),
    Uint8Array.from([65, 66, 67]),
    new Map<string, unknown>([
      ['', []],
      ['__proto__', ''],
    ]),
  ])
})

test('text in a property list may say what it likes', () => {
  const parsed = parsePlist(xml('<array><string>it has xmlns=1</string></array>'))
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
  const list = parsed.value.get('a')
  expect(isList(list) && list[0]).toBe('it has xmlns=1')
})

describe('an XML property list is refused', () => {
  test.each([
    [
      'with more tags than a parser has memory for',
      xml(`<array>${'<true/>'.repeat(300_000)}</array>`),
      /too many tags/,
    ],
    ['with a tag of a million attributes', xml(`<array ${attributes(1_000_000)}/>`), /too many attributes/],
    ['that is nested deeper than any phone nests', xml('<array>'.repeat(90_000)), /too deeply/],
    ['with two keys for one value', xml('<true/><key>b</key><key>c</key><true/>'), /alternate/],
    ['with a key and no value', xml('<true/><key>b</key>'), /no value/],
    ['with two values', Buffer.from('<plist><true/><true/></plist>'), /not one value/],
    ['with elements that it does not have', xml('<b:array xmlns:b="u"/>'), /no element/],
    ['with an element in a text', xml('<string><true/></string>'), /elements inside/],
    ['with words for a number', xml('<integer>seven</integer>'), /no number/],
    ['whose tags do not match', xml('<array></dict>'), /no XML/],
    ['that is cut off', xml('<true/>').subarray(0, 60), /cut off/],
  ])('%s', (_, bytes, problem) => {
    expect(parsePlist(bytes)).toEqual({ ok: false, problem: expect.stringMatching(problem) })
  })

  test('when it uses entities of its own, however much they would laugh', () => {
    const laughs = 'abcdefghi'.split('').map((name, index, all) => {
      const before = all[index - 1]
      return `<!ENTITY ${name} "${before === undefined ? 'ha' : `&${before};`.repeat(100)}">`
    })
    const text = Buffer.from(xml('<string>&i;</string>')).toString()
    const parsed = parsePlist(
      Buffer.from(text.replace('<plist', `<!DOCTYPE plist [${laughs.join('')}]><plist`)),
    )
    expect(parsed).toEqual({ ok: false, problem: expect.stringMatching(/^It is no XML: .{1,100}$/) })
  })
})
