import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineSaga, errorCodes, redactData, redactText, step } from '../index.js'
import { redactorFor } from './redact.js'

const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 100_000)

const saga = defineSaga({
  name: 'archive-invoices',
  version: 1,
  steps: { collect: step({ run: () => null, needs: ['scanner'] }), store: step({ run: () => null }) },
  hooks: { 'tell-user': { run: () => {} } },
})

describe('redacted data', () => {
  it('keeps its structure, its truths and its counts, and of texts only their length', () => {
    expect(
      redactData({
        path: '/Users/alice/Backups',
        list: ['Alice', ''],
        owner: null,
        done: true,
        messages: 639_947,
      }),
    ).toEqual({
      path: '[20 characters]',
      list: ['[5 characters]', ''],
      owner: null,
      done: true,
      messages: 639_947,
    })
  })

  it('keeps no number that may be a telephone number or a place', () => {
    expect(redactData([15_551_234_567, 52.520_008, -0.127_758, 0])).toEqual([15_600_000_000, 52.5, -0.128, 0])
  })

  it('keeps no name of a property that names a person, an address or a number', () => {
    expect(
      Object.keys(redactData({ '+15551234567': 1, 'Alice Example': 2, a15551234567: 3, rowCount: 4 }) ?? {}),
    ).toEqual(['[property 1]', '[property 2]', '[property 3]', 'rowCount'])
  })

  it('keeps ordinary words, which are what states and reasons are made of, and the names of the saga', () => {
    const { data } = redactorFor(saga.definition, undefined)
    expect(data(['keep', 'not-in-backup', 'store', 'tell-user', 'scanner', 'retryable'])).toEqual([
      'keep',
      'not-in-backup',
      'store',
      'tell-user',
      'scanner',
      'retryable',
    ])
    expect(data(['Keep', 'keep it'])).toEqual(['[4 characters]', '[7 characters]'])
  })

  it('shows nothing of a text that is not made of ordinary words, wherever it stands', () => {
    const marked = fc.string().map((text) => `Zoë${text}`)
    const holding = fc.letrec((tie) => ({
      value: fc.oneof(marked, fc.array(tie('value')), fc.dictionary(marked, tie('value'))),
    })).value
    fc.assert(
      fc.property(holding, marked, (value, sentence) => {
        // What was generated is JSON: texts, arrays and objects.
        expect(JSON.stringify(redactData(value as string))).not.toContain('Zoë')
        expect(redactText(sentence)).not.toContain('Zoë')
      }),
      { seed },
    )
  })
})

describe('a redacted sentence', () => {
  it.each([
    [
      "ENOENT: no such file or directory, open '/Users/alice/will.pdf'",
      'ENOENT: no such file or directory, open …',
    ],
    ['Contact Alice Smith has no number', 'Contact … has no number'],
    ['The passcode 123456 is wrong.', 'The passcode # is wrong.'],
    [
      'Could not read /Users/alice/a file: permission denied (alice@example.com)',
      'Could not read … file: permission denied (…)',
    ],
    ["It is “Alice's phone”", 'It is …'],
    ['SQLITE_FULL: database or disk is full', 'SQLITE_FULL: database or disk is full'],
    ['Could not store An Long. Try again.', 'Could not store …. Try again.'],
    ['', ''],
  ])('of %j is %j', (sentence, shown) => {
    expect(redactText(sentence)).toBe(shown)
  })

  it('still says what the engine’s own codes mean', () => {
    for (const meaning of Object.values(errorCodes)) {
      const lost = redactText(meaning).match(/…/g) ?? []
      expect(lost.length, redactText(meaning)).toBeLessThanOrEqual(1)
    }
  })

  it('keeps the name of a step, quoted too', () => {
    const { text } = redactorFor(saga.definition, undefined)
    expect(text("Step 'store' was cancelled during 'invoices'")).toBe("Step 'store' was cancelled during …")
  })
})

describe('a redaction of the host', () => {
  it('is given data and sentences, and what it returns is shown', () => {
    const { data, text, word } = redactorFor(
      saga.definition,
      (value, is) => `${is}: ${JSON.stringify(value)}`,
    )
    expect([data({ a: 1 }), text('Hello'), word('DISK_FULL')]).toEqual([
      'data: {"a":1}',
      'text: "Hello"',
      'DISK_FULL',
    ])
    expect(redactorFor(null, () => ({ hidden: true })).text('Hello')).toBe('{"hidden":true}')
  })

  it('may be that nothing is redacted', () => {
    const { data, text, word } = redactorFor(saga.definition, false)
    expect([data({ a: 'Alice' }), text('Hello Alice'), word('Alice Smith')]).toEqual([
      { a: 'Alice' },
      'Hello Alice',
      'Alice Smith',
    ])
  })
})
