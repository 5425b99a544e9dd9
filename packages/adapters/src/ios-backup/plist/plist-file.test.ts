import { build } from 'plist'
import { describe, expect, test } from 'vitest'
import { isDict, isList } from './bplist.js'
import { parsePlist } from './plist-file.js'

function xml(contents: string): Uint8Array {
  return Buffer.from(`<?xml version="1.0"?><plist version="1.0"><dict><key>a</key>${contents}</dict></plist>`)
}

test('an XML property list with ten thousand apps is read', () => {
  const apps = Array.from({ length: 10_000 }, (_, index) => [`com.example.app${index}`, { a: 'x' }] as const)
  const parsed = parsePlist(Buffer.from(build({ Applications: Object.fromEntries(apps) })))
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
  const applications = parsed.value.get('Applications')
  expect(isDict(applications) && applications.size).toBe(10_000)
})

test('text in a property list may say what it likes', () => {
  const parsed = parsePlist(xml('<array><string>it has xmlns=1</string></array>'))
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
  const list = parsed.value.get('a')
  expect(isList(list) && list[0]).toBe('it has xmlns=1')
})

describe('an XML property list is refused', () => {
  test.each([
    ['with more tags than a parser has memory for', xml('<true/>'.repeat(300_000)), /too many tags/],
    ['with namespaces, which are copied for each tag', xml('<array xmlns:b="u"/>'), /namespaces/],
    ['that is nested deeper than the stack', xml('<array>'.repeat(90_000)), /./],
    ['with a key that would change the prototype', xml('<true/><key>__proto__</key><dict/>'), /__proto__/],
    ['that is cut off', xml('<true/>').subarray(0, 60), /cut off/],
  ])('%s', (_, bytes, problem) => {
    expect(parsePlist(bytes)).toEqual({ ok: false, problem: expect.stringMatching(problem) })
  })

  test('or its entities stay as they are, however much they would laugh', () => {
    const laughs = 'abcdefghi'.split('').map((name, index, all) => {
      const before = all[index - 1]
      return `<!ENTITY ${name} "${before === undefined ? 'ha' : `&${before};`.repeat(100)}">`
    })
    const text = Buffer.from(xml('<string>&i;</string>')).toString()
    const parsed = parsePlist(
      Buffer.from(text.replace('<plist', `<!DOCTYPE plist [${laughs.join('')}]><plist`)),
    )
    const said = parsed.ok && isDict(parsed.value) ? parsed.value.get('a') : parsed
    expect(JSON.stringify(said).length).toBeLessThan(200)
  })
})
