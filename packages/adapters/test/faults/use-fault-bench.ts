import { afterAll, beforeAll } from 'vitest'
import type { Preloaded } from '../engine/preloaded.js'
import type { FaultBench } from './bench.js'
import { FaultWorkshop } from './fault-workshop.js'

/**
 * Gives the tests of a block, in which it is called, a bench that is gone when they are done. `shim` is what `compileFaults` gave; where
 * that is why there can be none, the tests are to be skipped.
 */
export function useFaultBench(shim: Preloaded | string): Pick<FaultBench, 'try'> {
  let workshop: FaultWorkshop | null = null
  let bench: FaultBench | null = null
  beforeAll(async () => {
    if (typeof shim === 'string') return
    workshop = await FaultWorkshop.open(shim)
    bench = workshop.newBench()
  }, 60_000)
  afterAll(async () => {
    bench?.remove()
    await workshop?.cleanUp()
  })
  return {
    try: async (points) => {
      if (bench === null) throw new Error('there is no bench')
      return bench.try(points)
    },
  }
}
