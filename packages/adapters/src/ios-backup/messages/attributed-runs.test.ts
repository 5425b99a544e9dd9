import { describe, expect, test } from 'vitest'
import { attributedBody } from '../../testing/synthetic-backup/messages/attributed-body.js'
import { attachmentRuns, mentionRuns } from '../../testing/synthetic-backup/messages/message-body.js'
import { TypedStreamWriter } from '../../testing/synthetic-backup/messages/typedstream-writer.js'
import { mentionsOf } from './mentions.js'
import { decodeAttributedRuns, decodeAttributedText } from './typedstream.js'

const attributedString = [
  ['NSAttributedString', 0],
  ['NSObject', 0],
] as const
const string = [
  ['NSString', 1],
  ['NSObject', 0],
] as const

/** A text with whatever comes behind its NSString. */
function textWith(text: string, behind: (stream: TypedStreamWriter) => void): Buffer {
  const stream = new TypedStreamWriter()
  stream.type('@')
  stream.object(attributedString)
  stream.type('@')
  stream.object(string)
  stream.type('+')
  stream.string(text)
  stream.end()
  behind(stream)
  return stream.finish()
}

describe('the runs of an archived text', () => {
  test('have their attributes, and count UTF-16 units where the text counts bytes', () => {
    const body = attributedBody(mentionRuns('👋🏽 für ', 'Zoë', '+15550001', '!'))
    const decoded = decodeAttributedRuns(body)
    expect(decoded).toMatchObject({ ok: true, value: { text: '👋🏽 für Zoë!' } })
    if (!decoded.ok) return
    expect(decoded.value.runs.map(({ start, length }) => [start, length])).toEqual([
      [0, 9],
      [9, 3],
      [12, 1],
    ])
    expect(Object.fromEntries(decoded.value.runs[1]?.attributes ?? [])).toEqual({
      __kIMMessagePartAttributeName: 0,
      __kIMMentionConfirmedMention: '+15550001',
    })
    expect(mentionsOf(body)).toEqual([{ handle: '+15550001', start: 9, length: 3 }])
  })

  test('name each attachment and its part', () => {
    const decoded = decodeAttributedRuns(attributedBody(attachmentRuns(['at_0_A', 'at_1_A'], 'both')))
    if (!decoded.ok) throw new Error(decoded.problem)
    expect(decoded.value.runs.map(({ attributes }) => [...attributes.values()])).toEqual([
      ['at_0_A', 0],
      ['at_1_A', 1],
      [2],
    ])
  })

  test('may share one set of attributes, which is written once', () => {
    const body = textWith('ab', (stream) => {
      for (const number of [1, 1]) {
        stream.type('iI')
        stream.integer(number)
        stream.integer(1)
        if (number === 1 && stream.finish().includes('NSDictionary')) continue
        stream.type('@')
        stream.object([
          ['NSDictionary', 0],
          ['NSObject', 0],
        ])
        stream.type('i')
        stream.integer(0)
        stream.end()
      }
      stream.end()
    })
    expect(decodeAttributedRuns(body)).toMatchObject({
      ok: true,
      value: {
        runs: [
          { start: 0, length: 1 },
          { start: 1, length: 1 },
        ],
      },
    })
  })

  test('end where they are damaged, and the text is whole all the same', () => {
    const body = attributedBody(mentionRuns('one ', 'two', 'x', ' three'))
    for (let length = body.length - 1; length > 0; length--) {
      const decoded = decodeAttributedRuns(body.subarray(0, length))
      const text = decodeAttributedText(body.subarray(0, length))
      expect(decoded.ok).toBe(text.ok)
      if (decoded.ok && text.ok) expect(decoded.value.text).toBe(text.value)
    }
  })
})

describe('a text is refused', () => {
  test('when its bytes are no UTF-8, though an app’s mark looks like what they would become', () => {
    const app = attributedBody([{ text: '\uFFFD', attributes: {} }])
    expect(decodeAttributedText(app)).toEqual({ ok: true, value: '\uFFFD' })
    const at = app.indexOf('\uFFFD')
    app[at] = 0xff
    expect(decodeAttributedText(app).ok).toBe(false)
  })
})

describe('what a hostile stream cannot do', () => {
  const bomb = (types: string, times: number) =>
    textWith('bomb', (stream) => {
      for (let count = 0; count < times; count++) stream.type(types)
      stream.end()
    })

  test.each([
    ['arrays of nothing', '[60000[0c]]'],
    ['arrays in arrays', '[9[9[9[9[9[9[9[9[0c]]]]]]]]]'],
    ['a type without end', '['.repeat(500)],
    ['structures without fields', '{a=}'],
    ['thousands of types', 'c'.repeat(5000)],
    ['a count beyond all numbers', `[${'9'.repeat(400)}c]`],
  ])('make much of little: %s', (_, types) => {
    expect(decodeAttributedRuns(bomb(types, 60_000))).toMatchObject({
      ok: true,
      value: { text: 'bomb', runs: [] },
    })
  })

  test('go down without end', () => {
    const body = textWith('deep', (stream) => {
      for (let depth = 0; depth < 10_000; depth++) {
        stream.type('@')
        stream.object([
          ['NSArray', 0],
          ['NSObject', 0],
        ])
      }
    })
    expect(decodeAttributedRuns(body)).toMatchObject({ ok: true, value: { text: 'deep', runs: [] } })
  })
})
