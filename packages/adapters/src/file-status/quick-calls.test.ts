import { expect, test } from 'vitest'
import { QuickCalls } from './quick-calls.js'

/** Keeps the thread for some milliseconds, as a slow file system does. */
function hold(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Calls that note who made them. */
function noting(calls: QuickCalls) {
  const by: string[] = []
  const make = (milliseconds = 0): Promise<void> =>
    calls.make(
      () => {
        by.push('here')
        hold(milliseconds)
      },
      async () => void by.push('thread'),
    )
  return { by, make }
}

test('calls are made at once, and left to threads after a slow one', async () => {
  const { by, make } = noting(new QuickCalls({ slow: 20, rest: 60_000 }))
  await make()
  await make(40)
  await make()
  expect(by).toEqual(['here', 'here', 'thread'])
})

test('calls are made at once again when the rest is over, also when the slow one failed', async () => {
  const calls = new QuickCalls({ slow: 1, rest: 5 })
  const { by, make } = noting(calls)
  const slowAndWrong = calls.make(
    () => {
      hold(10)
      throw new Error('no')
    },
    async () => {},
  )
  await expect(slowAndWrong).rejects.toThrow('no')
  hold(10)
  await make()
  expect(by).toEqual(['here'])
})
