import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLong, seed } from './generated-sagas.js'
import { anyEvents, RandomRun } from './random-run.js'
import { anyScript } from './scripted-saga.js'

const length = { min: 1, max: isLong ? 8 : 4 }
const numRuns = isLong ? 2000 : 60

describe(`any saga, with any failures and any events of its host (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  beforeEach(() => void process.on('unhandledRejection', note))
  afterEach(() => void process.off('unhandledRejection', note))

  it('follows the rules of the reference model, comes to rest, and ends once', {
    timeout: 600_000,
  }, async () => {
    let executions = 0
    let deaths = 0
    let refutations = 0
    await fc.assert(
      fc.asyncProperty(anyScript(length), anyEvents, async (script, events) => {
        const random = new RandomRun(script)
        await random.live(events)
        executions += random.executions
        deaths += random.deaths
        refutations += random.refutations
        const { model, faults } = random
        expect(faults).toEqual([])
        expect(unhandled).toEqual([])
        expect(random.atRest, 'it comes to rest').toBe(true)
        const outcome = (await random.run?.outcome()) ?? expect.fail('there is no run')
        expect(outcome.status).toBe(model.phase)
        const ended = random.events.filter(({ type }) => type === 'run.ended').length
        if (!model.hasEnded) expect(ended).toBe(0)
        else if (random.deaths === 0) expect(ended).toBe(1)
        else expect(ended).toBeLessThanOrEqual(1)
      }),
      { seed, numRuns },
    )
    expect(executions).toBeGreaterThan(2 * numRuns)
    expect(deaths).toBeGreaterThan(numRuns / 4)
    // In a short run there may by chance be none.
    if (isLong) expect(refutations).toBeGreaterThan(numRuns / 50)
  })
})
