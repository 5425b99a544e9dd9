/**
 * How long the engine keeps the event loop to itself: under load, in a burst of starts, and while it recovers:
 *   npm run bench:engine -- event-loop [--folder DIR]
 *
 * The loop's delay is what a timer of the host would have waited for its turn. Of all that is synchronous the journal alone waits
 * for the disk, so that its stretches stand beside, and V8's collector stops everything, so that its pauses do; what is left of a turn
 * without both is the engine's own. What the disk and the machine's other work do by themselves shows in a floor that commits as many
 * rows with bare better-sqlite3.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
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
const floorCommits = 500
const { folder: parent } = readWords()

await onDisk(parent, async (folder) => {
  const db = openDatabase(join(folder, 'journal.db'))
  printMachine(folder, db)
  const { journal, stretches } = timed(sqliteJournal(db))
  const runner = createRunner({ journal, sagas: [fourSteps] })
  await sagasPerSecond(runner, 64, 640)
  const rows = [
    await watch(`floor: ${floorCommits} commits of 64 rows, bare`, [], () => bareCommits(folder)),
    await watch(`${load} sagas, 64 at a time`, stretches, () => sagasPerSecond(runner, 64, load)),
    await watch(`${burst} sagas started at once, until done`, stretches, () =>
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
    // One after the other: ten thousand promises made in one go would be this benchmark's own block.
    for (const run of resumed) {
      const { status } = await run.outcome()
      if (status !== 'done') throw new Error(`a run ended in '${status}'`)
    }
  }
  rows.push(await watch(`recover() of ${unfinished} runs, until done`, killed.stretches, recover))
  await heir.shutdown()
  left.close()

  printTable(
    [
      'milliseconds: half, 99.9 %, all are shorter',
      'delay of the loop',
      'calls of the journal',
      'longest pause of V8’s collector',
      'longest turn without both',
    ],
    rows,
  )
})

/** Commits with bare better-sqlite3, and lets the loop turn after each. */
async function bareCommits(folder: string): Promise<void> {
  const db = openDatabase(join(folder, 'floor.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL)')
  const insert = db.prepare('INSERT INTO rows (body) VALUES (?)')
  for (let commit = 0; commit < floorCommits; commit++) {
    db.exec('BEGIN IMMEDIATE')
    for (let row = 0; row < 64; row++) insert.run('{"type":"step.succeeded","output":"ok"}')
    db.exec('COMMIT')
    await nextTurn()
  }
  db.close()
}

/** A time in which nothing else could happen; milliseconds as `performance.now()` tells them. */
interface Stretch {
  readonly start: number
  readonly end: number
}

/** A journal that notes each of its synchronous stretches. */
function timed(journal: Journal): { readonly journal: Journal; readonly stretches: Stretch[] } {
  const stretches: Stretch[] = []
  const timing = <Result>(call: () => Result): Result => {
    const start = performance.now()
    const result = call()
    stretches.push({ start, end: performance.now() })
    return result
  }
  return {
    stretches,
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

/** A row of the table: what the work does to the loop, and the stretches that it adds. */
async function watch(
  label: string,
  stretches: Stretch[],
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  stretches.length = 0
  const pauses: Stretch[] = []
  const collector = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      pauses.push({ start: startTime, end: startTime + duration })
  })
  collector.observe({ entryTypes: ['gc'] })
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const turns = watchTurns()
  // A delay is what lies between two ticks of the monitor: without one before the work, what the work does at once goes unseen.
  await delay(20)
  await work()
  await delay(20)
  loop.disable()
  const others = [...stretches, ...pauses].sort((a, b) => a.start - b.start)
  const own = turns.end().map((turn) => without(turn, others))
  collector.disconnect()
  // The monitor's own timer is set for a millisecond, which is no delay.
  const late = [loop.percentile(50), loop.percentile(99.9), loop.max].map((ns) => Math.max(0, ns / 1e6 - 1))
  const sorted = stretches.map(({ start, end }) => end - start).sort((a, b) => a - b)
  const shares = [0.5, 0.999, 1].map((share) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0)
  const show = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(', ')
  const longest = (values: readonly number[]): string => Math.max(0, ...values).toFixed(1)
  const calls = sorted.length === 0 ? '' : show(shares)
  const pause = longest(pauses.map(({ start, end }) => end - start))
  return [label, show(late), calls, pause, sorted.length === 0 ? '' : longest(own)]
}

/** Notes what lies between two turns of the loop, by a timer that is set anew in each. */
function watchTurns(): { end(): readonly Stretch[] } {
  const turns: Stretch[] = []
  let start = performance.now()
  let handle: NodeJS.Timeout
  const next = (): void => {
    const end = performance.now()
    turns.push({ start, end })
    start = end
    handle = setTimeout(next, 1)
  }
  handle = setTimeout(next, 1)
  return {
    end: () => {
      clearTimeout(handle)
      // A turn that waits for the timer's own millisecond is not work.
      return turns.filter((turn) => turn.end - turn.start > 2)
    },
  }
}

/** Milliseconds of a turn that none of the others, which are in the order of their starts, takes up. */
function without({ start, end }: Stretch, others: readonly Stretch[]): number {
  let left = 0
  let from = start
  for (const other of others) {
    if (other.end <= from || other.start >= end) continue
    left += Math.max(0, other.start - from)
    from = Math.max(from, Math.min(end, other.end))
  }
  return left + (end - from)
}
