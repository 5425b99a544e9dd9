import { expect, it } from 'vitest'
import { inWords, satisfies } from './node-version.mjs'

const range = '^20.19.0 || ^22.14.0 || >=24.0.0'

it.each(['20.19.0', '20.20.2', '22.14.0', '22.23.3', '24.0.0', '25.1.0', '26.10.0'])(
  'Node %s is supported',
  (version) => {
    expect(satisfies(version, range)).toBe(true)
  },
)

it.each(['18.20.8', '20.18.3', '21.7.3', '22.13.1', '23.11.0'])('Node %s is refused', (version) => {
  expect(satisfies(version, range)).toBe(false)
})

it('a range reads as a person says it', () => {
  expect(inWords(range)).toBe('20.19+, 22.14+ or 24+')
})

it('a range that the check cannot read is an error, not a yes', () => {
  expect(() => satisfies('24.0.0', '~20.1.0')).toThrow(/cannot read: '~20.1.0'/)
})
