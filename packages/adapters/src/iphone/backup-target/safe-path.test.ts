import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeNames } from './safe-path.js'

const udid = '00008101-000A1B2C3D4E001E'

test('the paths of phones are taken apart, with or without a slash before', () => {
  expect(safeNames(`${udid}/Snapshot/ab/ab12`, udid)).toEqual(['Snapshot', 'ab', 'ab12'])
  expect(safeNames(`/${udid}/Manifest.db`, udid)).toEqual(['Manifest.db'])
  expect(safeNames(`${udid}/./Snapshot//ab/`, udid)).toEqual(['Snapshot', 'ab'])
  expect(safeNames(udid, udid)).toEqual([])
})

test.each([
  ['another folder', 'other/Manifest.db'],
  ['no folder', 'Manifest.db'],
  ['nothing', ''],
  ['the way out', `${udid}/../x`],
  ['the way out and in again', `${udid}/../${udid}/x`],
  ['an absolute path', '/etc/passwd'],
  ['the other slash', `${udid}/..\\x`],
  ['a drive', `${udid}/C:/x`],
  ['a stream of NTFS', `${udid}/Manifest.db:x`],
  ['a zero', `${udid}/a\0b`],
  ['a line', `${udid}/a\nb`],
  ['a dot at the end', `${udid}/Manifest.db.`],
  ['a device of Windows', `${udid}/nul`],
  ['a device of Windows with an ending', `${udid}/COM1.txt`],
  ['an endless name', `${udid}/${'a'.repeat(256)}`],
  ['an endless path', `${udid}${'/a'.repeat(17)}`],
])('%s is refused', (_, path) => {
  expect(() => safeNames(path, udid)).toThrow(expect.objectContaining({ code: 'BACKUP_UNSAFE' }))
})

test('no path at all gives a name that could lead out', () => {
  const parts = fc.array(fc.oneof(fc.constantFrom('..', '.', '', '/', '\\', udid, 'C:', '\0'), fc.string()))
  fc.assert(
    fc.property(parts, (names) => {
      let safe: readonly string[] = []
      try {
        safe = safeNames(`${udid}/${names.join('/')}`, udid)
      } catch (error) {
        expect(error).toMatchObject({ code: 'BACKUP_UNSAFE' })
      }
      for (const name of safe) {
        expect(name).not.toMatch(/[/\\\0:]/)
        expect(['', '.', '..']).not.toContain(name)
      }
    }),
    { numRuns: 500 },
  )
})
