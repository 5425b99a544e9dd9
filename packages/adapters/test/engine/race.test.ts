import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { type Child, Program } from './children.js'
import { isLong, reportKills, seed } from './kill-count.js'
import { OutsideWorld } from './outside-world.js'
import { Place } from './place.js'
import { type RaceTask, raceLease } from './race.js'
import { judge } from './referee.js'

const random = new Random(`race ${seed}`)
/** Milliseconds for which the processes fight. */
const duration = isLong ? 60_000 : 6000

let program: Program
beforeAll(async () => {
  program = await Program.bundle('racer.ts')
})
afterAll(() => {
  program.remove()
  reportKills()
})

describe(`processes that fight for one database (seed ${seed}; HOLDFAST_SEED repeats what is done to them)`, () => {
  it('do nothing twice, though they are stopped past their leases, killed and replaced', {
    timeout: 180_000,
  }, async () => {
    const place = new Place()
    const world = new OutsideWorld(place.world)
    const start = (starts: boolean): Child => {
      const task: RaceTask = { database: place.database, world: place.world, starts }
      return program.start(task)
    }
    const racers = [start(true), start(true)]
    await Promise.all(racers.map(({ ready }) => ready))
    const end = performance.now() + duration
    let takenOver = 0
    // Who is stopped in the middle of a transaction holds up the others instead of being replaced; then it is tried again.
    for (let turn = 0; performance.now() < end || (takenOver === 0 && turn < 40); turn++) {
      await pause(random.integer(50, 300))
      const index = random.integer(0, racers.length - 1)
      const racer = racers[index]
      if (racer === undefined) continue
      const run = await stopAtWork(place, racer)
      if (turn % 2 === 0) {
        if (run !== null && (await isTakenOver(place, racer, run))) takenOver += 1
        await pause(random.integer(0, 100))
        racer.kill('SIGCONT')
      } else {
        racer.kill('SIGKILL')
        await racer.ended
        world.write('killed', '', '', null, racer.pid)
        racers[index] = start(true)
      }
    }
    await Promise.all(racers.map(({ ready }) => ready))
    for (const racer of racers) racer.kill('SIGTERM')
    await Promise.all(racers.map(({ ended }) => ended))
    await start(false).ended

    const durable = await place.durable()
    const verdict = judge(durable, place.lines())
    expect(verdict.faults).toEqual([])
    const statuses = new Set(durable.runs.map(({ status }) => status))
    expect([...statuses]).toEqual(['done'])
    process.stdout.write(
      `  ${durable.runs.length} runs; taken over from dead processes ${verdict.takenFromDead} times, ` +
        `from living ones after their lease ${verdict.takenFromLiving} times\n`,
    )
    expect(verdict.takenFromDead).toBeGreaterThan(0)
    expect(verdict.takenFromLiving).toBeGreaterThan(0)
    world.close()
    place.remove()
  })
})

/** Stops the process in the middle of an effect, and says of which run; null when it was between two of them. */
async function stopAtWork(place: Place, racer: Child): Promise<string | null> {
  const last = () => place.lines().findLast(({ pid }) => pid === racer.pid)
  for (let look = 0; last()?.act !== 'begin' && look < 100; look++) await pause(3)
  racer.kill('SIGSTOP')
  // The signal takes its time, and so may a line that is being written.
  await pause(20)
  const line = last()
  return line?.act === 'begin' ? line.run : null
}

/** Whether another process takes the run over from now on, within two leases. */
async function isTakenOver(place: Place, { pid }: Child, run: string): Promise<boolean> {
  const end = performance.now() + 2 * raceLease
  const before = place.lines().length
  while (performance.now() < end) {
    const since = place.lines().slice(before)
    if (since.some((line) => line.act === 'claimed' && line.run === run && line.pid !== pid)) return true
    await pause(20)
  }
  return false
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
