import { expect, it } from 'vitest'
import { Pace } from './pace.js'

it('lets a burst begin in its order, 32 in a turn', async () => {
  let turn = 0
  const pace = new Pace(async () => {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    turn += 1
  })
  const began: { readonly index: number; readonly turn: number }[] = []
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      await pace.next()
      began.push({ index, turn })
    }),
  )
  expect(began.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, index) => index))
  expect([0, 1, 2, 3].map((which) => began.filter((one) => one.turn === which).length)).toEqual([
    32, 32, 32, 4,
  ])
})
