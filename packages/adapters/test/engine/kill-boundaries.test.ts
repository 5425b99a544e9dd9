import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { Program } from './children.js'
import { inParallel } from './in-parallel.js'
import { isLong, reportKills, seed } from './kill-count.js'
import type { Boundary } from './killing-journal.js'
import { type Scenario, scenarios } from './scenarios.js'
import { Story } from './story.js'

const random = new Random(`boundaries ${seed}`)
/** Boundaries of each scenario at which a process is killed: all of them in the long suite. */
const wanted = isLong ? Number.POSITIVE_INFINITY : 2

let program: Program
beforeAll(async () => {
  program = await Program.bundle('child.ts')
})
afterAll(() => {
  program.remove()
  reportKills()
})

describe(`a process killed at a boundary of the journal (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  it.each(scenarios)(
    'leaves a run that ends as an undisturbed one: $name',
    { timeout: 600_000 },
    async (scenario) => {
      const boundaries = await boundariesOf(scenario)
      const chosen = sample(boundaries, wanted)
      await inParallel(chosen, async (boundary) => {
        const story = new Story(program, [scenario])
        const when = `${boundary.when} write ${boundary.write}`
        const wasKilled = await story.process({ killAt: boundary })
        // What recovers it dies as well, early, where it claims and goes on.
        const next: Boundary = { write: random.integer(1, 4), when: random.pick(['before', 'after']) }
        await story.process({ killAt: next })
        await story.end()
        expect(story.faults, `killed ${when}, then ${next.when} write ${next.write}`).toEqual([])
        expect(wasKilled, when).toBe(true)
        story.remove()
      })
    },
  )

  it.each(isLong ? scenarios : sample(scenarios, 3))(
    'leaves a run that ends although no process ever gets further than an entry or two: $name',
    { timeout: 120_000 },
    async (scenario) => {
      const story = new Story(program, [scenario])
      let processes = 0
      // A claim and an entry are two writes. A question has to be asked anew by each process, and what is refused is claimed, too.
      const write = ['asking', 'past-the-pivot'].includes(scenario.name) ? 4 : 2
      while (await story.process({ killAt: { write, when: 'after' } })) {
        processes += 1
        expect(processes).toBeLessThan(100)
      }
      await story.end()
      expect(story.faults).toEqual([])
      expect(processes).toBeGreaterThan(2)
      story.remove()
    },
  )
})

/** Every boundary of an undisturbed run, which is looked at as closely as the others. */
async function boundariesOf(scenario: Scenario): Promise<readonly Boundary[]> {
  const story = new Story(program, [scenario])
  const writes = await story.end()
  expect(story.faults, 'undisturbed').toEqual([])
  story.remove()
  return Array.from({ length: writes }, (_, index) => index + 1).flatMap((write) => [
    { write, when: 'before' } as const,
    { write, when: 'after' } as const,
  ])
}

/** So many of the items, drawn by the seed. */
function sample<Item>(items: readonly Item[], count: number): readonly Item[] {
  const rest = [...items]
  if (count >= rest.length) return rest
  return Array.from({ length: count }, () => rest.splice(random.integer(0, rest.length - 1), 1)).flat()
}
