/**
 * How many four-step sagas the engine finishes in a second, 64 at a time and one at a time, beside what the same disk allows in
 * the same run:
 *   npm run bench:engine -- throughput [--folder DIR] [--passes N]
 *
 * The floor is bare better-sqlite3 that commits one row after the other. One at a time, a saga can be no faster than the
 * commits that it has to wait for; they are counted at the journal, and once more in the write-ahead log.
 */
import { join } from 'node:path'
import { sqliteJournal } from '@holdfast/adapters/sqlite'
import { createRunner } from '@holdfast/core'
import { counting, transactionsInWal } from './boundaries.js'
import { byHand } from './by-hand.js'
import { diskFloor, onDisk, openDatabase, printMachine } from './disk.js'
import { fourSteps, runOne, sagasPerSecond } from './four-steps.js'
import { alternate, median, ratios, spread } from './passes.js'
import { figure, print, printTable, ratio } from './table.js'
import { readWords } from './words.js'

const together = 64
/** Passes are short, some tenths of a second, so that what else the machine does falls on all of them. */
const commitsPerPass = 2000
const togetherPerPass = 1280
const alonePerPass = 200
const counted = 100

const { folder: parent, passes } = readWords(15)

await onDisk(parent, async (folder) => {
  const db = openDatabase(join(folder, 'journal.db'))
  printMachine(folder, db)
  const boundaries = await countBoundaries(folder)
  const floor = diskFloor(join(folder, 'floor.db'))
  const byHandDb = openDatabase(join(folder, 'by-hand.db'))
  const hand = byHand(byHandDb)
  const { journal, counts } = counting(sqliteJournal(db))
  const runner = createRunner({ journal, sagas: [fourSteps] })
  let commitsTogether = 0
  const processor: number[] = []
  const measured = await alternate(passes, {
    raw: () => floor.measure(commitsPerPass),
    together: async () => {
      const before = counts.commits
      const spent = process.cpuUsage()
      const rate = await sagasPerSecond(runner, together, togetherPerPass)
      commitsTogether = counts.commits - before
      const { user, system } = process.cpuUsage(spent)
      processor.push((user + system) / togetherPerPass)
      return rate
    },
    hand: () => hand.measure(alonePerPass),
    alone: () => sagasPerSecond(runner, 1, alonePerPass),
  })
  const allowed = measured.raw.map((raw) => raw / boundaries)

  printTable(
    ['what', 'a second, median of passes (least–most)', 'ratio'],
    [
      ['raw: single-row FULL commits, bare better-sqlite3', spread(measured.raw, figure), ''],
      [
        `${together} sagas at a time`,
        spread(measured.together, figure),
        `${spread(ratios(measured.together, measured.raw), ratio)} of raw`,
      ],
      [
        'the rows of a saga by hand, without an engine',
        spread(measured.hand, figure),
        `${spread(ratios(measured.hand, allowed), ratio)} of raw / ${boundaries}`,
      ],
      [
        'one saga at a time',
        spread(measured.alone, figure),
        `${spread(ratios(measured.alone, allowed), ratio)} of raw / ${boundaries}, ${spread(ratios(measured.alone, measured.hand), ratio)} of by hand`,
      ],
    ],
  )
  print(
    `Durable boundaries of a saga: ${boundaries}, counted over ${counted} sagas at the journal and in the write-ahead log.`,
  )
  print(
    `${together} at a time, a commit serves ${figure((togetherPerPass * boundaries) / commitsTogether)} boundaries, and a saga takes ${figure(median(processor))} µs of the processor.`,
  )
  await runner.shutdown()
  db.close()
  floor.close()
  byHandDb.close()
})

/** Commits that a saga alone waits for. Throws when the journal and the log do not agree. */
async function countBoundaries(folder: string): Promise<number> {
  const path = join(folder, 'counted.db')
  const db = openDatabase(path)
  const { journal, counts } = counting(sqliteJournal(db))
  const runner = createRunner({ journal, sagas: [fourSteps] })
  // The first run of a process also says who the process is; that is no boundary of a saga.
  await runOne(runner)
  const before = counts.commits + counts.leases
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.exec('PRAGMA wal_autocheckpoint = 0')
  for (let saga = 0; saga < counted; saga++) await runOne(runner)
  const inJournal = counts.commits + counts.leases - before
  const inLog = transactionsInWal(`${path}-wal`)
  await runner.shutdown()
  db.close()
  if (inJournal !== inLog) {
    throw new Error(`${counted} sagas made ${inJournal} commits at the journal, and ${inLog} in the log`)
  }
  return inJournal / counted
}
