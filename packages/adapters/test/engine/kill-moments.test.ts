import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { Program } from './children.js'
import { inParallel } from './in-parallel.js'
import { isLong, reportKills, seed } from './kill-count.js'
import { scenarios } from './scenarios.js'
import { Story } from './story.js'

const random = new Random(`moments ${seed}`)
/** Processes that are killed. */
const wanted = isLong ? 150 : 12

let program: Program
beforeAll(async () => {
  program = await Program.bundle('child.ts')
})
afterAll(() => {
  program.remove()
  reportKills()
})

describe(`processes killed from outside at any moment (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  it('leave runs that end as undisturbed ones, all scenarios at the same time', {
    timeout: 900_000,
  }, async () => {
    const undisturbed = new Story(program, scenarios)
    const first = undisturbed.start()
    await first.ready
    const since = performance.now()
    await first.ended
    const life = performance.now() - since
    undisturbed.remove()

    let killed = 0
    await inParallel([1, 2], async () => {
      while (killed < wanted) {
        const story = new Story(program, scenarios)
        // One process after the other, until one comes to the end before it is killed.
        for (let goesOn = true; goesOn && killed < wanted; ) {
          goesOn = await killedWithin(story, life)
          if (goesOn) killed += 1
        }
        await story.end()
        expect(story.faults).toEqual([])
        story.remove()
      }
    })
    expect(killed).toBeGreaterThanOrEqual(wanted)
  })
})

/** Starts a process, and kills it some time after it is ready; whether it was still there. */
async function killedWithin(story: Story, life: number): Promise<boolean> {
  const child = story.start()
  await child.ready
  const timer = setTimeout(() => child.kill('SIGKILL'), random.fraction() * life)
  const { killed } = await child.ended
  clearTimeout(timer)
  await story.look()
  return killed
}
