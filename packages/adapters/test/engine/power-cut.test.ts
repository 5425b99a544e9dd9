import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { Program } from './children.js'
import { inParallel } from './in-parallel.js'
import { isLong, reportKills, seed } from './kill-count.js'
import { type Scenario, scenarioNamed, scenarios } from './scenarios.js'
import { Story } from './story.js'
import { callsIn, type DiskCall, DiskWatch, syncedOf, tornDisk } from './watched-disk.js'

const random = new Random(`power cut ${seed}`)
/** Calls of each scenario at which a process is ended. */
const wanted = isLong ? 8 : 4

const watch = DiskWatch.compile()
let program: Program
beforeAll(async () => {
  program = await Program.bundle('child.ts')
})
afterAll(() => {
  program.remove()
  reportKills()
  if (typeof watch === 'string') process.stdout.write(`  nothing of this was tried: ${watch}\n`)
  else watch.remove()
})

describe.skipIf(typeof watch === 'string')(
  `a process ended at a write or a flush of SQLite (seed ${seed}; HOLDFAST_SEED repeats it)`,
  () => {
    it.each(isLong ? scenarios : [random.pick(scenarios), random.pick(scenarios)])(
      'leaves a run that ends as an undisturbed one, with the power on, cut, and cut in the middle of a write: $name',
      { timeout: 600_000 },
      async (scenario) => {
        for (const checkpointPages of [null, 4]) {
          const calls = await callsOf(scenario, checkpointPages)
          const ends = Array.from({ length: wanted / 2 }, () => ({
            call: random.integer(1, calls),
            tear: random.chance(0.5),
          }))
          await inParallel(ends, (end) => expectUndisturbedEnd(scenario, checkpointPages, end))
        }
      },
    )

    it('loses what it acted upon at a power cut with synchronous=NORMAL, which these tests notice', async () => {
      const straight = scenarioNamed('straight')
      const story = await cutAfter(straight, { unsafe: true })
      expect(story.faults, 'a kill alone loses nothing').toEqual([])
      expect(await afterCut(straight, story), 'power cut').toEqual([
        expect.stringMatching(/began unannounced|acted and is not in the journal/),
      ])
    })

    it('loses nothing that it acted upon at a power cut at the same moment with synchronous=FULL', async () => {
      const straight = scenarioNamed('straight')
      const story = await cutAfter(straight, { unsafe: false })
      expect(story.faults).toEqual([])
      expect(await afterCut(straight, story)).toEqual([])
    })
  },
)

function watcher(): DiskWatch {
  if (typeof watch === 'string') throw new Error(watch)
  return watch
}

/** How many calls an undisturbed run makes. */
async function callsOf(scenario: Scenario, checkpointPages: number | null): Promise<number> {
  const story = new Story(program, [scenario])
  await story.end({ checkpointPages, environment: watcher().environmentBeforeCut(story.place, null) })
  expect(story.faults, 'undisturbed').toEqual([])
  const calls = callsIn(story.place)
  // A SQLite that is not seen at all would pass every test of this file.
  expect(calls).toBeGreaterThan(50)
  story.remove()
  return calls
}

/** Ends a process at a call; goes on with each of the disks that may be left of it. */
async function expectUndisturbedEnd(
  scenario: Scenario,
  checkpointPages: number | null,
  end: DiskCall,
): Promise<void> {
  const story = new Story(program, [scenario])
  const { place } = story
  const wasKilled = await story.start({
    checkpointPages,
    environment: watcher().environmentBeforeCut(place, end),
  }).ended
  const disks = { on: place.disk, cut: syncedOf(place), torn: tornDisk(place, random) }
  for (const [power, disk] of Object.entries(disks)) {
    const after = new Story(program, [scenario], place.copy(disk))
    await after.look()
    await after.end({ checkpointPages })
    const when = `${end.tear ? 'within' : 'before'} call ${end.call}, power ${power}`
    expect(after.faults, when).toEqual([])
    after.remove()
  }
  expect(wasKilled.killed, `call ${end.call}`).toBe(true)
  story.remove()
}

/** A story whose process was killed just after the run's third step had begun. */
async function cutAfter(scenario: Scenario, fate: { readonly unsafe: boolean }): Promise<Story> {
  const story = new Story(program, [scenario])
  const environment = watcher().environmentBeforeCut(story.place, null)
  await story.process({ ...fate, environment, killAt: { write: 7, when: 'before' } })
  return story
}

/** What is wrong with a story when the power was cut as well. */
async function afterCut(scenario: Scenario, { place }: Story): Promise<readonly string[]> {
  const after = new Story(program, [scenario], place.copy(syncedOf(place)))
  await after.look()
  after.remove()
  return after.faults
}
