/**
 * How long the engine keeps the event loop to itself: under load, in a burst of starts, and while it recovers:
 *   npm run bench:engine -- event-loop [--folder DIR]
 *
 * The loop's delay is what a timer of the host would have waited for its turn; of all that is synchronous, the journal's commit
 * alone waits for the disk, so that its longest stretch stands beside.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { sqliteJournal } from '@holdfast/adapters/sqlite'
import { createRunner, type Journal } from '@holdfast/core'
import { onDisk, openDatabase, printMachine } from './disk.js'
import { fourSteps, runOne, sagasPerSecond } from './four-steps.js'
import { killedAfterFirstLine } from './other-process.js'
import { printTable } from './table.js'
import { readWords } from './words.js'

const load = 6400
const burst = 1000
const unfinished = 10_000
const { folder: parent } = readWords()
const ms = (value: number): string => `${value.toFixed(1)} ms`

await onDisk(parent, async (folder) => {
  const db = openDatabase(join(folder, 'journal.db'))
  printMachine(folder, db)
  const { journal, longest } = timed(sqliteJournal(db))
  const runner = createRunner({ journal, sagas: [fourSteps] })
  await sagasPerSecond(runner, 64, 640)
  const rows = [
    await watch('nothing at all', longest, () => delay(500)),
    await watch(`${load} sagas, 64 at a time`, longest, () => sagasPerSecond(runner, 64, load)),
    await watch(`${burst} sagas started at once, until done`, longest, () =>
      Promise.all(Array.from({ length: burst }, () => runOne(runner))),
    ),
  ]
  await runner.shutdown()
  db.close()

  const path = join(folder, 'killed.db')
  await killedAfterFirstLine('leave-unfinished.ts', path, String(unfinished))
  const left = openDatabase(path)
  const killed = timed(sqliteJournal(left))
  const heir = createRunner({ journal: killed.journal, sagas: [fourSteps] })
  const recover = async (): Promise<void> => {
    const { resumed } = await heir.recover()
    if (resumed.length !== unfinished) throw new Error(`${resumed.length} runs were resumed`)
    const outcomes = await Promise.all(resumed.map((run) => run.outcome()))
    if (outcomes.some(({ status }) => status !== 'done')) throw new Error('a run did not end')
  }
  rows.push(await watch(`recover() of ${unfinished} runs, until done`, killed.longest, recover))
  await heir.shutdown()
  left.close()

  printTable(['event loop', 'delay, p99.9', 'delay, longest', 'longest stretch inside the journal'], rows)
})

/** A journal that keeps the time of its longest synchronous stretch, and starts anew when asked for it. */
function timed(journal: Journal): { readonly journal: Journal; readonly longest: () => number } {
  let longest = 0
  const timing = <Result>(call: () => Result): Result => {
    const since = performance.now()
    const result = call()
    longest = Math.max(longest, performance.now() - since)
    return result
  }
  return {
    longest: () => {
      const value = longest
      longest = 0
      return value
    },
    journal: {
      ...journal,
      commit: (writes) => timing(() => journal.commit(writes)),
      claim: (runs) => timing(() => journal.claim(runs)),
      renew: (leases) => timing(() => journal.renew(leases)),
      load: (run) => timing(() => journal.load(run)),
      entries: (run) => timing(() => journal.entries(run)),
      runs: (filter) => timing(() => journal.runs(filter)),
    },
  }
}

async function watch(
  label: string,
  longest: () => number,
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  longest()
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  // A delay is what lies between two ticks of the monitor: without one before the work, what the work does at once goes unseen.
  await delay(20)
  await work()
  await delay(20)
  loop.disable()
  // The monitor's own timer is set for a millisecond, which is no delay.
  const late = (nanoseconds: number): string => ms(Math.max(0, nanoseconds / 1e6 - 1))
  return [label, late(loop.percentile(99.9)), late(loop.max), ms(longest())]
}
