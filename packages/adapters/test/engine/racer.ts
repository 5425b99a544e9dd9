/**
 * One of several processes that fight for one database: starts the same jobs as the others, recovers what they left and retries what
 * is parked, until it is told to end. It is given a {@link RaceTask} as JSON; it is stopped past its lease, and killed.
 */
import { createRunner, isHoldfastError, type Journal } from '@holdfast/core'
import { sqliteJournal } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { OutsideWorld } from './outside-world.js'
import { type RaceTask, raceJobs, raceLease, raceSaga } from './race.js'

// The parent wrote it from a RaceTask.
const task = JSON.parse(process.argv[2] ?? '') as RaceTask
const world = new OutsideWorld(task.world)
const db = openTestSqlite(task.database, { readonly: false })
const saga = raceSaga(world)
const runner = createRunner({
  journal: noted(sqliteJournal(db, { leaseDuration: raceLease })),
  sagas: [saga],
})
let ends = !task.starts
process.on('SIGTERM', () => {
  ends = true
})
process.stdout.write('ready\n')

for (let round = process.pid; ; round++) {
  const { setAside } = await runner.recover()
  if (setAside.length > 0) throw new Error(JSON.stringify(setAside))
  if (!ends) await unlessRefused(() => runner.start(saga, round % raceJobs))
  const parked = await runner.runs({ status: ['retryable'] })
  for (const { id, wakeAt } of parked) {
    if (wakeAt === null) await unlessRefused(async () => (await runner.open(id)).retry())
  }
  const unattended = await runner.runs({ unattended: true })
  if (ends && (task.starts || parked.length + unattended.length === 0)) break
  await new Promise((resolve) => setTimeout(resolve, 10))
}
await runner.shutdown()
db.close()
world.close()

/** What others may have done meanwhile is no fault; anything else is. */
async function unlessRefused(request: () => Promise<unknown>): Promise<void> {
  const refusals = ['LEASE_HELD', 'LEASE_LOST', 'RUN_NOT_AT_REST', 'RUN_ENDED', 'RUN_SUSPENDED']
  try {
    await request()
  } catch (error) {
    if (!isHoldfastError(error) || !refusals.includes(error.code)) throw error
  }
}

/** The journal, with every lease and every entry noted in the outside world, where the notes of all processes stand in order. */
function noted(journal: Journal): Journal {
  return {
    ...journal,
    commit: async (writes) => {
      const before = Date.now()
      const results = await journal.commit(writes)
      for (const [index, write] of writes.entries()) {
        const result = results[index]
        if (result?.ok !== true) continue
        const run = write.kind === 'begin' ? write.run.id : write.run
        const numbers = write.kind === 'release' ? [] : write.entries.map(({ seq }) => seq)
        // What goes on as before is written under the lease, and does not prolong it.
        const since = write.kind === 'begin' ? before : null
        world.write('held', run, [result.generation, ...numbers].join(' '), since)
        const isOver = write.kind === 'release' || (write.kind === 'append' && write.release)
        if (isOver) world.write('released', run, String(result.generation))
      }
      return results
    },
    claim: async (runs) => {
      const before = Date.now()
      const results = await journal.claim(runs)
      for (const [index, run] of runs.entries()) {
        const result = results[index]
        if (result?.ok !== true) continue
        world.write('claimed', run, String(result.generation), Date.now())
        world.write('held', run, String(result.generation), before)
      }
      return results
    },
    renew: async (leases) => {
      const before = Date.now()
      const kept = await journal.renew(leases)
      for (const [index, { run, generation }] of leases.entries())
        if (kept[index] === true) world.write('held', run, String(generation), before)
      return kept
    },
    close: async (keep) => {
      await journal.close(keep)
      world.write('released', '', 'all')
    },
  }
}
