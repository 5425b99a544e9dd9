/**
 * Starts as many runs as it is told, waits until each is in the middle of its second step, says so, and waits to be killed:
 *   node … leave-unfinished.ts DATABASE RUNS
 */
import { sqliteJournal } from '@holdfast/adapters/sqlite'
import { createRunner, defineSaga, step } from '@holdfast/core'
import { openDatabase } from './disk.js'
import { fourSteps } from './four-steps.js'
import { print } from './table.js'

const [path = '', wanted = ''] = process.argv.slice(2)
const runs = Number(wanted)

let inTheMiddle = 0
let allThere = (): void => {}
const allInTheMiddle = new Promise<void>((resolve) => {
  allThere = resolve
})
// The saga under the same name and version, but for a step that never ends: where a process is killed is in the middle of one.
const { name, version } = fourSteps.definition
const endless = defineSaga({
  name,
  version,
  steps: {
    extract: step({ run: () => 'ok' }),
    store: step({
      run: async () => {
        inTheMiddle++
        if (inTheMiddle === runs) allThere()
        await new Promise(() => {})
      },
    }),
    verify: step({ run: () => 'ok' }),
    cleanup: step({ run: () => 'ok' }),
  },
})

const runner = createRunner({ journal: sqliteJournal(openDatabase(path)), sagas: [endless] })
await Promise.all(Array.from({ length: runs }, (_, run) => runner.start(endless, { run })))
await allInTheMiddle
print('ready')
setInterval(() => {}, 60_000)
