import { describe, expect, it } from 'vitest'
import { fields, table } from './table.js'

describe('a table', () => {
  it('puts numbers under each other at the right, and words at the left', () => {
    const rows = [
      ['', 'stored', 'failed'],
      ['messages', '12', '0'],
    ] as const
    expect(table(rows)).toEqual(['          stored  failed', 'messages      12       0'])
    expect(table(rows, 'words')).toEqual(['          stored  failed', 'messages  12      0'])
  })

  it('keeps several values of a field under each other', () => {
    expect(
      fields([
        ['run', 'abc'],
        ['remarks', ['one', 'two']],
      ]),
    ).toEqual(['run      abc', 'remarks  one', '         two'])
  })
})
