import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Patrol, reportOf } from './patrol.js'
import { shrink } from './shrink.js'
import { inputOf, subjects } from './subjects.js'

let patrol: Patrol
beforeAll(async () => {
  patrol = await Patrol.begin({ tries: 4 })
})
afterAll(() => patrol.end())

describe('a decoder is found out', () => {
  it.each([
    ['throwing', /threw RangeError: out of range/],
    ['hungry', /took all memory/],
    ['hungry for bytes', /took too many bytes/],
    ['swelling', /made 100001 values of/],
  ])('that is %s', { timeout: 300_000 }, async (name, problem) => {
    const fault = await patrol.walk(name, 'patrol', 0, 200)
    expect(fault?.problem).toMatch(problem)
    expect(fault?.input.includes(7)).toBe(true)
    expect(fault?.input.length).toBeLessThan(60)
  })

  it('that is hanging', async () => {
    const impatient = await Patrol.begin({ patienceMillis: 2500, tries: 0 })
    const fault = await impatient.walk('hanging', 'patrol', 0, 200)
    expect(fault?.problem).toMatch(/did not end within 2.5 s/)
    expect(fault?.input.includes(7)).toBe(true)
    impatient.end()
  })
})

it('the report of a fault says how to repeat it', async () => {
  const fault = await patrol.walk('throwing', 'patrol', 0, 200)
  if (fault === null) throw new Error('no fault')
  expect(reportOf(fault, '42')).toMatch(/HOLDFAST_SEED=42[\s\S]*base64 of the input/)
})

it('what fails is shrunk to what makes it fail', async () => {
  const input = Buffer.from('a long text with an X somewhere and a Y behind it')
  const small = await shrink(input, async (bytes) => /X.*Y/s.test(bytes.toString('latin1')), 10_000)
  expect(small.toString('latin1')).toBe('XY')
})

it('equal seeds make equal inputs', () => {
  for (const [name, subject] of Object.entries(subjects)) {
    const inputs = [0, 0, 1].map((index) => Buffer.from(inputOf(subject, name, 'equal', index)))
    expect(inputs[0]).toEqual(inputs[1])
    expect(inputs[0]?.equals(inputs[2] ?? Buffer.alloc(0))).toBe(false)
  }
})

it('valid documents are among the inputs of each decoder, and damaged ones', () => {
  for (const [name, subject] of Object.entries(subjects)) {
    const outcomes = Array.from({ length: 400 }, (_, index) => {
      const value = subject.decode(inputOf(subject, name, 'among', index))
      return value === null ? 'refused' : 'read'
    })
    expect(new Set(outcomes), name).toContain('read')
    if (name !== 'message summary') expect(new Set(outcomes), name).toContain('refused')
  }
})
