import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { inParallel } from '../engine/in-parallel.js'
import { seed } from '../engine/kill-count.js'
import { type FaultAction, faultCodes } from './fault-control.js'
import type { Found } from './fault-place.js'
import { type FaultStory, faultStories } from './fault-task.js'
import { compileFaults, FaultWorkshop } from './fault-workshop.js'
import { type Point, problemsAt } from './judge.js'
import { isLong, reportPoints } from './points.js'

const random = new Random(`faults ${seed}`)
/** Points of each story in the short suite, drawn by the seed; the long one takes every call with every action. */
const wanted = 24
/** Points that one process comes to. */
const atOnce = 12

const shim = compileFaults()
let workshop: FaultWorkshop

beforeAll(async () => {
  if (typeof shim !== 'string') workshop = await FaultWorkshop.open(shim)
}, 60_000)
afterAll(async () => {
  if (typeof shim === 'string') process.stdout.write(`  nothing was made to fail: ${shim}\n`)
  else await workshop.cleanUp()
})

describe.skipIf(typeof shim === 'string')(
  `one call on a file that fails, or at which the process dies (seed ${seed}; HOLDFAST_SEED repeats it)`,
  () => {
    it.each(faultStories)(
      'keeps the backup or has a receipt, shows nothing half-done, and ends as if nothing had been: %s',
      { timeout: 14_400_000 },
      async (story) => {
        const { after, calls } = await undisturbed(story)
        const kinds = new Map<string, number>()
        const problems: string[] = []
        await inParallel(groups(pointsOf(story, calls)), async (points) => {
          const bench = workshop.newBench()
          for (const tried of await bench.try(points)) {
            const { hit } = tried.seen
            // Calls of threads come in another order each time, so the last ones may not come at all.
            if (hit === '') continue
            const kind = hit.split(' ')[0] ?? ''
            kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
            const found = problemsAt(tried, after)
            // Told at once: the long suite goes on for a long time.
            for (const problem of found) process.stdout.write(`  ${problem}\n`)
            problems.push(...found)
          }
          bench.remove()
        })
        const tried = [...kinds.values()].reduce((sum, count) => sum + count, 0)
        const list = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')
        reportPoints(`${story}, which makes ${calls} calls (${list})`, tried)
        expect(problems).toEqual([])
        expect(tried).toBeGreaterThan(isLong ? calls * 8 : wanted / 2)
      },
    )
  },
)

/** What a story comes to, and how many calls it makes, when nothing disturbs it. */
async function undisturbed(story: FaultStory): Promise<{ readonly after: Found; readonly calls: number }> {
  const bench = workshop.newBench()
  const [tried] = await bench.try([{ story, fault: null, ending: 'retry', stays: true }])
  bench.remove()
  if (tried === undefined) throw new Error('nothing was tried')
  const { before, first, end: after, seen } = tried
  expect(first).toMatchObject({
    crash: null,
    report: { story: { status: story === 'import' ? 'done' : 'discarded' } },
  })
  expect(seen.stray).toBe('')
  expect(seen.calls).toBeGreaterThan(story === 'import' ? 200 : 30)
  expect(after.isProven).toBe(story === 'import')
  if (story === 'import') expect(after.records).not.toEqual(before.records)
  else expect(after).toEqual(before)
  return { after, calls: seen.calls }
}

/** The points that are tried. */
function pointsOf(story: FaultStory, calls: number): readonly Point[] {
  const pointAt = (at: number, action: FaultAction, lasts: boolean, turn: number): Point => ({
    story,
    fault: { at, action, lasts },
    ending: turn % 2 === 0 ? 'retry' : 'discard',
    stays: !action.startsWith('killed') && turn % 4 < 2,
  })
  if (!isLong) {
    // A kill costs a process of its own, so there are few of them here; more are in engine/import-kill.test.ts.
    return Array.from({ length: wanted }, (_, turn) =>
      pointAt(
        random.integer(1, calls),
        turn % 10 === 0 ? random.pick(['killed before', 'killed after']) : random.pick(faultCodes),
        random.chance(0.3),
        turn,
      ),
    )
  }
  const kinds: readonly (readonly [FaultAction, boolean])[] = [
    ...faultCodes.map((code) => [code, false] as const),
    ['killed before', false],
    ['killed after', false],
    // A disk that is full, or broken, stays so.
    ['ENOSPC', true],
    ['EIO', true],
  ]
  return Array.from({ length: calls }, (_, index) =>
    kinds.map(([action, lasts], turn) => pointAt(index + 1, action, lasts, index + turn)),
  ).flat()
}

function groups(points: readonly Point[]): readonly (readonly Point[])[] {
  const count = Math.ceil(points.length / atOnce)
  return Array.from({ length: count }, (_, index) => points.slice(index * atOnce, (index + 1) * atOnce))
}
