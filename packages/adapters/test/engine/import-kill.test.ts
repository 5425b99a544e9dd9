import type { LibraryDump } from '@holdfast/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noAnomalies } from '../../src/testing/index.js'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { Workshop } from '../import-workshop.js'
import { Program } from './children.js'
import { ImportPlace } from './import-place.js'
import { type ImportStory, importStories } from './import-task.js'
import { inParallel } from './in-parallel.js'
import { isLong, reportKills, seed } from './kill-count.js'
import type { Boundary } from './killing-journal.js'
import { callsIn, type DiskCall, DiskWatch } from './watched-disk.js'

const random = new Random(`import ${seed}`)
/** Processes of each story that are killed at a boundary of the journal; as many again at a call that changes a file. */
const wanted = isLong ? 10 : 1

/** Where a process of an import is killed. */
type End = { readonly boundary: Boundary } | { readonly call: DiskCall }

/** How a story comes out that nothing disturbs. */
interface Undisturbed {
  readonly library: LibraryDump
  readonly leftovers: readonly string[]
  readonly writes: number
  readonly calls: number
}

const watch = DiskWatch.compile()
let program: Program
let workshop: Workshop
let phone: string
/** The library as it is before the import. */
let before: LibraryDump

beforeAll(async () => {
  program = await Program.bundle('import-child.ts')
  workshop = new Workshop()
  const make = (number: number) =>
    workshop.makeBackup({ seed: seed + number, messages: 60, attachments: 12, anomalies: noAnomalies })
  const app = workshop.openApp()
  await (await app.import({ path: (await make(1)).path, cleanup: 'keep' })).outcome()
  await app.close()
  phone = (await make(2)).path
  const place = newPlace()
  before = place.dump()
  place.remove()
}, 120_000)
afterAll(async () => {
  program.remove()
  await workshop.cleanUp()
  if (typeof watch === 'string') process.stdout.write(`  not killed at calls of the system: ${watch}\n`)
  else watch.remove()
  reportKills()
})

describe(`an import whose process is killed anywhere (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  it.each(importStories)(
    'keeps the backup or has a receipt, and ends as an undisturbed one: %s',
    { timeout: 900_000 },
    async (story) => {
      const undisturbed = await endUndisturbed(story)
      await inParallel(endsOf(undisturbed), async (end) => {
        const place = newPlace()
        const faults: (string | null)[] = []
        // What recovers it is killed as well, in half of the cases.
        for (const each of [end, ...(random.chance(0.5) ? [pick(endsOf(undisturbed))] : [])]) {
          await start(place, story, each)
          faults.push(await place.backupFault())
        }
        const { killed } = await start(place, story, null)
        const when = JSON.stringify(end)
        expect(
          faults.filter((fault) => fault !== null),
          when,
        ).toEqual([])
        expect(killed, when).toBe(false)
        expect(place.dump(), when).toEqual(undisturbed.library)
        expect(place.leftovers(), when).toEqual(undisturbed.leftovers)
        place.remove()
      })
    },
  )
})

function newPlace(): ImportPlace {
  return new ImportPlace(phone, workshop.folder)
}

async function start(place: ImportPlace, story: ImportStory, end: End | null) {
  const boundary = end !== null && 'boundary' in end ? end.boundary : null
  const call = end !== null && 'call' in end ? end.call : null
  const environment = typeof watch === 'string' ? {} : watch.environment(place, call)
  return program.start(place.task(story, boundary), environment).ended
}

/** What a story comes to when nothing kills it, and that it is the story that it says it is. */
async function endUndisturbed(story: ImportStory): Promise<Undisturbed> {
  const place = newPlace()
  const { report } = await start(place, story, null)
  const { writes }: { writes: number } = JSON.parse(report)
  const calls = typeof watch === 'string' ? 0 : callsIn(place)
  const { entries, receipt } = await place.journaled()
  const types = new Set(entries.map(({ body }) => ('step' in body ? `${body.type} ${body.step}` : body.type)))
  const undisturbed = { library: place.dump(), leftovers: place.leftovers(), writes, calls }
  place.remove()

  expect(types.has('cancel.requested')).toBe(story.startsWith('cancelled'))
  expect(types.has('discard.requested')).toBe(story.startsWith('discarded'))
  expect(types.has('undo.succeeded store')).toBe(story !== 'straight')
  expect(undisturbed.leftovers).toEqual(story.includes('kept') ? ['phone'] : [])
  if (story.startsWith('discarded')) {
    expect(receipt).toBeNull()
    expect(undisturbed.library).toEqual(before)
  } else {
    expect(receipt).not.toBeNull()
    expect(undisturbed.library).not.toEqual(before)
  }
  return undisturbed
}

/** Where the processes of a story are killed, drawn by the seed. */
function endsOf({ writes, calls }: Undisturbed): readonly End[] {
  const draw = (end: () => End): readonly End[] => Array.from({ length: wanted }, end)
  return [
    ...draw(() => ({
      boundary: { write: random.integer(1, writes), when: random.pick(['before', 'after']) },
    })),
    ...(calls === 0
      ? []
      : draw(() => ({ call: { call: random.integer(1, calls), tear: random.chance(0.5) } }))),
  ]
}

function pick(ends: readonly End[]): End {
  return random.pick(ends)
}
