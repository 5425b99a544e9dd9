import { describe, expect, it } from 'vitest'
import { count, counted, duration, size } from './format.js'

describe('numbers for people', () => {
  it('group their thousands, and agree with their noun', () => {
    expect(count(1_234_567)).toBe('1,234,567')
    expect(counted(1, 'messages')).toBe('1 message')
    expect(counted(0, 'messages')).toBe('0 messages')
  })

  it('have sizes in decimal units, which never round up to a thousand of them', () => {
    expect([0, 999, 1000, 999_900, 999_960, 12_400_000, 47_800_000_000, 3.2e12].map(size)).toEqual([
      '0 bytes',
      '999 bytes',
      '1.0 kB',
      '999.9 kB',
      '1.0 MB',
      '12.4 MB',
      '47.8 GB',
      '3.2 TB',
    ])
  })

  it('have durations with as much precision as matters, and never 60 of a unit', () => {
    expect([0, 340, 9940, 9960, 59_400, 59_600, 125_000, 3_599_600, 3_780_000].map(duration)).toEqual([
      '0.0 s',
      '0.3 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 00 s',
      '2 min 05 s',
      '1 h 00 min',
      '1 h 03 min',
    ])
  })
})
