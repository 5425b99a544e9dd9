import { errorCodes } from '@holdfast/core'
import { expect, test } from 'vitest'
import { deviceCodes, deviceError } from './device-error.js'
import { DiskSpace } from './disk-space.js'

test('every code that was seen in public has a code of its own, words and a hint', () => {
  const seen = [1, 2, 3, 4, 11, 100, 102, 103, 104, 105, 205, 207, 208, 211, 212]
  expect([...deviceCodes.keys()]).toEqual(seen)
  expect(new Set(deviceCodes.values()).size).toBe(seen.length)
  for (const number of seen) {
    const error = deviceError(number, 'Verbatim (MBErrorDomain)')
    expect(error.code).toBe(deviceCodes.get(number))
    expect(Object.keys(errorCodes)).toContain(error.code)
    expect(error.message).toContain('“Verbatim (MBErrorDomain)”')
    expect(error.facts).toMatchObject({ deviceCode: number, words: 'Verbatim (MBErrorDomain)' })
    expect(error.hint).toMatch(/\.$/)
  }
})

test('a code that nobody has seen is told by its number', () => {
  const error = deviceError(-4711, null)
  expect(error).toMatchObject({ code: 'DEVICE_BACKUP_FAILED', facts: { deviceCode: -4711, words: null } })
  expect(error.message).toContain('-4711')
})

test('a full disk says how much room it takes, as far as the phone said', async () => {
  const gigabyte = 1024 ** 3
  const space = new DiskSpace(async () => 3 * gigabyte)
  expect(deviceError(105, null, space).facts).toMatchObject({ bytesNeeded: null, bytesFree: null })
  await space.look()
  expect(deviceError(105, null, space).facts).toMatchObject({ bytesNeeded: null, bytesFree: 3 * gigabyte })
  space.want(6 * gigabyte)
  expect(deviceError(105, null, space).facts).toMatchObject({ bytesNeeded: 7 * gigabyte })
})
