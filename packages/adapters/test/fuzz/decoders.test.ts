import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Patrol, reportOf } from './patrol.js'
import { subjects } from './subjects.js'
import { inputs, isLong, seed } from './suite.js'

let patrol: Patrol
beforeAll(async () => {
  patrol = await Patrol.begin()
})
afterAll(() => patrol.end())

describe(`whatever bytes a backup holds (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  const names = Object.keys(subjects)
  const each = Math.ceil(inputs / names.length)

  it.each(names)(
    'the decoder of a %s gives a value or says what is wrong',
    {
      timeout: isLong ? 3_600_000 : 120_000,
    },
    async (name) => {
      const fault = await patrol.walk(name, seed, 0, each)
      expect(fault === null ? null : reportOf(fault, seed)).toBeNull()
    },
  )
})
