import { expect, test } from 'vitest'
import { Random } from './random.js'

test('equal seeds give equal sequences, others give others', () => {
  const draw = (seed: string) =>
    Array.from(
      { length: 20 },
      (
        (random) => () =>
          random.uint32()
      )(new Random(seed)),
    )
  expect(draw('a')).toEqual(draw('a'))
  expect(draw('a')).not.toEqual(draw('b'))
})

test('a fork does not depend on what was drawn before it', () => {
  const fresh = new Random('a').fork('x').uuid()
  const used = new Random('a')
  used.bytes(100)
  expect(used.fork('x').uuid()).toBe(fresh)
})

test('integers cover their range and nothing else', () => {
  const random = new Random('range')
  const seen = new Set(Array.from({ length: 2000 }, () => random.integer(-2, 3)))
  expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3])
})

test('shuffling keeps every item', () => {
  const items = Array.from({ length: 50 }, (_, index) => index)
  const shuffled = new Random('shuffle').shuffle(items)
  expect(shuffled).not.toEqual(items)
  expect(shuffled.sort((a, b) => a - b)).toEqual(items)
})
