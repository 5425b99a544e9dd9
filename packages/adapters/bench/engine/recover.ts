/**
 * How long `recover()` takes when a process was killed with 10,000 runs in the middle, and how long until they have all ended:
 *   npm run bench:engine -- recover [--folder DIR] [--passes N]
 *
 * Each pass has a process of its own killed by SIGKILL. The floor reads the rows of all those runs with bare better-sqlite3.
 */
import { join } from 'node:path'
import { sqliteJournal } from '@holdfast/adapters/sqlite'
import { createRunner } from '@holdfast/core'
import { onDisk, openDatabase, printMachine } from './disk.js'
import { fourSteps } from './four-steps.js'
import { killedAfterFirstLine } from './other-process.js'
import { median, ratios, spread } from './passes.js'
import { print, printTable, ratio } from './table.js'
import { readWords } from './words.js'

const runs = 10_000
const { folder: parent, passes } = readWords(3)
const seconds = (value: number): string => `${value.toFixed(2)} s`

await onDisk(parent, async (folder) => {
  const floor: Spent[] = []
  const recovered: Spent[] = []
  const ended: Spent[] = []
  for (let pass = 0; pass < passes; pass++) {
    const path = join(folder, `killed-${pass}.db`)
    await killedAfterFirstLine('leave-unfinished.ts', path, String(runs))
    const db = openDatabase(path)
    if (pass === 0) printMachine(folder, db)

    let spent = stopwatch()
    const rows = db
      .prepare(
        'SELECT run.* FROM holdfast_live AS live JOIN holdfast_runs AS run ON run.n = live.run WHERE live.open = 1',
      )
      .all()
    const entries = db.prepare('SELECT * FROM holdfast_entries').all()
    for (const entry of [...rows, ...entries]) JSON.parse((entry as { readonly body: string }).body)
    floor.push(spent())
    if (rows.length !== runs) throw new Error(`the killed process left ${rows.length} unfinished runs`)

    const runner = createRunner({ journal: sqliteJournal(db), sagas: [fourSteps] })
    spent = stopwatch()
    const recovery = await runner.recover()
    recovered.push(spent())
    if (recovery.resumed.length !== runs) throw new Error(`${recovery.resumed.length} runs were resumed`)
    const outcomes = await Promise.all(recovery.resumed.map((run) => run.outcome()))
    ended.push(spent())
    const undone = outcomes.filter(({ status }) => status !== 'done').length
    if (undone > 0) throw new Error(`${undone} runs did not end in 'done'`)
    await runner.shutdown()
    db.close()
  }
  const row = (label: string, times: readonly Spent[]): readonly string[] => [
    label,
    spread(wallOf(times), seconds),
    spread(
      times.map(({ processor }) => processor),
      seconds,
    ),
  ]
  printTable(
    [
      `${runs.toLocaleString('en')} runs that a killed process left`,
      'median of passes (least–most)',
      'processor',
    ],
    [
      row('floor: bare better-sqlite3 reads their rows and parses them', floor),
      row('`recover()` resolves', recovered),
      row('all of them are done', ended),
    ],
  )
  print(`\`recover()\` takes ${ratio(median(ratios(wallOf(recovered), wallOf(floor))))} times the floor.`)
})

/** Seconds, on the clock and on the processor. */
interface Spent {
  readonly wall: number
  readonly processor: number
}

function stopwatch(): () => Spent {
  const since = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { wall: (performance.now() - since) / 1000, processor: (user + system) / 1e6 }
  }
}

function wallOf(times: readonly Spent[]): readonly number[] {
  return times.map(({ wall }) => wall)
}
