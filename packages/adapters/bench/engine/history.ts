/**
 * What a long history costs a new run: an empty journal and one with 100,000 finished runs, in turns in one process:
 *   npm run bench:engine -- history [--folder DIR] [--passes N]
 *
 * The history is made by the engine itself, so that its rows are what they are in life.
 */
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sqliteJournal } from '@holdfast/adapters/sqlite'
import { createRunner } from '@holdfast/core'
import { onDisk, openDatabase, printMachine } from './disk.js'
import { fourSteps, sagasPerSecond } from './four-steps.js'
import { alternate, median, ratios, spread } from './passes.js'
import { figure, print, printTable, ratio } from './table.js'
import { readWords } from './words.js'

const finished = 100_000
const atATime = 2000
const alonePerPass = 60
const togetherPerPass = 640
const { folder: parent, passes } = readWords(40)

await onDisk(parent, async (folder) => {
  const empty = openDatabase(join(folder, 'empty.db'))
  const full = openDatabase(join(folder, 'full.db'))
  printMachine(folder, full)
  const withHistory = createRunner({ journal: sqliteJournal(full), sagas: [fourSteps] })
  for (let done = 0; done < finished; done += atATime) {
    await sagasPerSecond(withHistory, 256, atATime)
    await nextTurn()
  }
  const { n } = full.prepare("SELECT count(*) AS n FROM holdfast_entries WHERE status = 'done'").get() as {
    n: number
  }
  if (n !== finished) throw new Error(`${n} runs are finished`)
  // Without it the checkpoint of all that would fall into the first pass.
  full.exec('PRAGMA wal_checkpoint(TRUNCATE)')

  const without = createRunner({ journal: sqliteJournal(empty), sagas: [fourSteps] })
  const rates = await alternate(passes, {
    emptyAlone: () => sagasPerSecond(without, 1, alonePerPass),
    fullAlone: () => sagasPerSecond(withHistory, 1, alonePerPass),
    emptyTogether: () => sagasPerSecond(without, 64, togetherPerPass),
    fullTogether: () => sagasPerSecond(withHistory, 64, togetherPerPass),
  })
  const alone = ratios(rates.emptyAlone, rates.fullAlone)
  const together = ratios(rates.emptyTogether, rates.fullTogether)
  printTable(
    [
      'sagas a second, median of passes (least–most)',
      'new journal',
      `${figure(finished)} finished runs in it`,
      'time, with / without',
    ],
    [
      [
        'one at a time',
        spread(rates.emptyAlone, figure),
        spread(rates.fullAlone, figure),
        spread(alone, ratio),
      ],
      [
        '64 at a time',
        spread(rates.emptyTogether, figure),
        spread(rates.fullTogether, figure),
        spread(together, ratio),
      ],
    ],
  )
  print(
    `A new run takes ${ratio(median(alone))} times as long beside ${figure(finished)} finished ones, and ${ratio(median(together))} times among 64.`,
  )
  await without.shutdown()
  await withHistory.shutdown()
  empty.close()
  full.close()
})
