/**
 * What a runner costs that has nothing to do:
 *   npm run bench:engine -- idle [--folder DIR]
 *
 * Time on the processor over ten seconds with 1,000 parked runs, the timers that hold the process awake, and what 100,000 parked
 * runs add to the memory after the garbage was collected. Needs `--expose-gc`, which the benchmark's program gives.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sqliteJournal } from '@holdfast/adapters/sqlite'
import { createRunner, defineSaga, failure, type Runner, step } from '@holdfast/core'
import { onDisk, openDatabase, printMachine } from './disk.js'
import { figure, printTable } from './table.js'
import { readWords } from './words.js'

const idleRuns = 1000
const manyRuns = 100_000
const atATime = 500
const idleSeconds = 10

const parking = defineSaga({
  name: 'parking',
  version: 1,
  steps: { extract: step({ run: () => failure('the phone is gone') }) },
})

const { folder: parent } = readWords()

await onDisk(parent, async (folder) => {
  const db = openDatabase(join(folder, 'journal.db'))
  printMachine(folder, db)
  await collect()
  const nothing = await processorTime(idleSeconds)
  const runner = createRunner({ journal: sqliteJournal(db), sagas: [parking] })
  await park(runner, 0, idleRuns)
  await collect()
  const timers = activeTimers()
  const idle = await processorTime(idleSeconds)

  // The first thousand has warmed everything up: from here on, what stays is what the runs cost.
  const before = await collect()
  await park(runner, idleRuns, manyRuns)
  const after = await collect()
  const parked = db
    .prepare("SELECT count(*) AS n FROM holdfast_entries WHERE status = 'retryable'")
    .get() as {
    n: number
  }
  if (parked.n !== idleRuns + manyRuns) throw new Error(`${parked.n} runs are parked`)

  printTable(
    ['a runner with nothing to do', 'cost'],
    [
      [
        `${figure(idleRuns)} parked runs, ${idleSeconds} s: time on the processor`,
        `${idle.toFixed(1)} ms (before there was a runner: ${nothing.toFixed(1)} ms)`,
      ],
      ['timers meanwhile', String(timers)],
      [
        `${figure(manyRuns)} parked runs more: heap`,
        `${mib(after.heapUsed - before.heapUsed)}, ${figure((after.heapUsed - before.heapUsed) / manyRuns)} bytes each`,
      ],
      ['the same: resident set, the cache of SQLite included', mib(after.rss - before.rss)],
    ],
  )
  await runner.shutdown()
  db.close()
})

/** Starts runs whose step fails, and waits until all of them are parked. */
async function park(runner: Runner, first: number, count: number): Promise<void> {
  for (let from = first; from < first + count; from += atATime) {
    const length = Math.min(atATime, first + count - from)
    await Promise.all(
      Array.from({ length }, async (_, index) => {
        const run = await runner.start(parking, { run: from + index })
        const { status } = await run.outcome()
        if (status !== 'retryable') throw new Error(`a run is ${status} that should be parked`)
      }),
    )
  }
}

/** Collects the garbage until nothing more goes: what only finalizers still hold takes a turn of the loop and another collection. */
async function collect(): Promise<NodeJS.MemoryUsage> {
  if (globalThis.gc === undefined) throw new Error('this needs node --expose-gc')
  for (let round = 0; round < 5; round++) {
    globalThis.gc()
    await delay(20)
  }
  return process.memoryUsage()
}

/** Milliseconds on the processor while the process waits. */
async function processorTime(seconds: number): Promise<number> {
  const before = process.cpuUsage()
  await delay(seconds * 1000)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
