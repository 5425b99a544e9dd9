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
  const floor: number[] = []
  const recovered: number[] = []
  const ended: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    const path = join(folder, `killed-${pass}.db`)
    await killedAfterFirstLine('leave-unfinished.ts', path, String(runs))
    const db = openDatabase(path)
    if (pass === 0) printMachine(folder, db)

    let since = performance.now()
    const rows = db.prepare('SELECT * FROM holdfast_runs WHERE open = 1').all()
    const entries = db.prepare('SELECT * FROM holdfast_entries').all()
    for (const entry of entries) JSON.parse((entry as { readonly body: string }).body)
    floor.push((performance.now() - since) / 1000)
    if (rows.length !== runs) throw new Error(`the killed process left ${rows.length} unfinished runs`)

    const runner = createRunner({ journal: sqliteJournal(db), sagas: [fourSteps] })
    since = performance.now()
    const recovery = await runner.recover()
    recovered.push((performance.now() - since) / 1000)
    if (recovery.resumed.length !== runs) throw new Error(`${recovery.resumed.length} runs were resumed`)
    const outcomes = await Promise.all(recovery.resumed.map((run) => run.outcome()))
    ended.push((performance.now() - since) / 1000)
    const undone = outcomes.filter(({ status }) => status !== 'done').length
    if (undone > 0) throw new Error(`${undone} runs did not end in 'done'`)
    await runner.shutdown()
    db.close()
  }
  printTable(
    [`${runs.toLocaleString('en')} runs that a killed process left`, 'median of passes (least–most)'],
    [
      ['floor: bare better-sqlite3 reads their rows and parses them', spread(floor, seconds)],
      ['`recover()` resolves', spread(recovered, seconds)],
      ['all of them are done', spread(ended, seconds)],
    ],
  )
  print(`\`recover()\` takes ${ratio(median(ratios(recovered, floor)))} times the floor.`)
})
