import { describe, expect, test } from 'vitest'
import { emptyTable, type Position } from '../record-table.js'
import { TablePass } from './table-pass.js'

const records = [{ type: 'unreadable', key: 'a', of: 'call', table: 'x', row: '1', problem: 'x' } as const]

function pass(total: number, after: Position | null = null): TablePass {
  return new TablePass(
    { part: 'messages', name: 'messages.chats', counts: 'chats', table: emptyTable, total },
    after,
  )
}

describe('a pass over a table', () => {
  test('goes forward and comes to its end', () => {
    const all = pass(3)
    for (const position of [[1], [2], [7]]) all.take({ records, position })
    expect(() => all.end()).not.toThrow()
  })

  test('by two row ids goes forward in the first before the second', () => {
    const pairs = pass(3, [1, 5])
    for (const position of [
      [1, 6],
      [2, 0],
      [2, 1],
    ])
      pairs.take({ records, position })
    expect(() => pairs.take({ records, position: [2, 1] })).toThrow('out of order')
  })

  test.each([[[7]], [[6]], [[-1]], [[Number.NaN]], [[2 ** 53]], [[]]])(
    'does not go from row 7 to %j',
    (position) => {
      expect(() => pass(3, [7]).take({ records, position })).toThrow(
        expect.objectContaining({ code: 'MESSAGES_DAMAGED', retryable: false }),
      )
    },
  )

  test('does not end before all is read', () => {
    const all = pass(2)
    all.take({ records, position: [1] })
    expect(() => all.end()).toThrow('of 2 records that it counts, 1 can be read')
  })

  test('that began behind some records does not know how many there were', () => {
    expect(() => pass(2, [1]).end()).not.toThrow()
  })
})
