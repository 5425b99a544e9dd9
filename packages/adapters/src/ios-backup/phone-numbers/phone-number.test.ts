import { describe, expect, test } from 'vitest'
import { handleOfPhone, regionOf, regionOfNumber } from './phone-number.js'

describe('the handle of a phone number', () => {
  test.each([
    // Typed without the country, on a phone of that country.
    ['(212) 555-0123', 'US', '+12125550123'],
    ['030 123456', 'DE', '+4930123456'],
    ['020 7946 0018', 'GB', '+442079460018'],
    ['06 1234 5678', 'IT', '+390612345678'],
    ['8 (912) 345-67-89', 'RU', '+79123456789'],
    // Of another country than the phone’s, with its code or the phone’s way to dial abroad.
    ['+44 20 7946 0018', 'US', '+442079460018'],
    ['011 44 20 7946 0018', 'US', '+442079460018'],
    ['0044 20 7946 0018', 'DE', '+442079460018'],
    ['+44 (0)20 7946 0018', 'DE', '+442079460018'],
    ['+1 (555) 234-5678', 'DE', '+15552345678'],
    // With what cards and people put around it.
    ['\u202a+49\u00a030\u00a0123456\u202c', null, '+4930123456'],
    ['+4930123456 ext. 12', 'DE', '+4930123456'],
    ['+81 90-1234-5678', null, '+819012345678'],
  ] as const)('%j on a phone of %s is %s', (typed, region, handle) => {
    expect(handleOfPhone(typed, region)).toBe(handle)
  })

  test.each([
    // Short codes and service numbers have no country.
    ['62226', 'US', '62226'],
    ['22333', 'DE', '22333'],
    ['112', 'GB', '112'],
    ['7-8-9-0', 'US', '7890'],
    ['*123#', 'DE', '*123#'],
    // Names of senders.
    ['AMAZON', 'US', 'AMAZON'],
    ['Voice 2125550123', 'US', 'Voice 2125550123'],
    // No country, and nothing says which.
    ['(212) 555-0123', null, '2125550123'],
    // What is no number of any country.
    ['+999 12345678', 'US', '+99912345678'],
    ['', 'US', ''],
  ] as const)('%j on a phone of %s stays %j', (typed, region, handle) => {
    expect(handleOfPhone(typed, region)).toBe(handle)
  })

  test('is found in bounded time in a value of any length', () => {
    for (const piece of ['(', '+1', ' 2 ', '٣', 'ext. 1 ', '-;,#']) {
      const long = piece.repeat(200_000)
      expect(typeof handleOfPhone(long, 'US')).toBe('string')
    }
  })
})

describe('the region of a phone', () => {
  test.each([
    ['+49 30 123456', 'DE'],
    ['+1 (555) 200-0001', 'US'],
    ['+1 604 555 0100', 'CA'],
    ['+44 20 7946 0018', 'GB'],
    ['+7 912 345-67-89', 'RU'],
    ['555 0100', null],
    ['unknown', null],
  ] as const)('of its own number %s is %s', (number, region) => {
    expect(regionOfNumber(number)).toBe(region)
  })

  test.each([
    ['us', 'US'],
    ['GB', 'GB'],
    ['zz', null],
    ['', null],
    [null, null],
  ] as const)('by the code %j is %s', (code, region) => {
    expect(regionOf(code)).toBe(region)
  })
})
