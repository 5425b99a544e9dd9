/**
 * A process of an app: recovers what the one before it left, starts what is not there yet, and does what the hosts of the scenarios
 * want until all runs rest. It is given a {@link Task} as JSON, and is killed at any moment, by itself or from outside.
 */
import { createRunner } from '@holdfast/core'
import { sqliteJournal } from '../../src/sqlite/index.js'
import { openTestSqlite } from '../../src/testing/open-sqlite.js'
import { accompany } from './host.js'
import { killingJournal } from './killing-journal.js'
import { OutsideWorld } from './outside-world.js'
import { scenarioNamed } from './scenarios.js'
import type { Task } from './task.js'

// The parent wrote it from a Task.
const task = JSON.parse(process.argv[2] ?? '') as Task
const db = openTestSqlite(task.database, { readonly: false })
if (task.checkpointPages !== null) db.exec(`PRAGMA wal_autocheckpoint = ${task.checkpointPages}`)
const { journal, writes } = killingJournal(sqliteJournal(db), task.killAt)
if (task.unsafe) db.exec('PRAGMA synchronous = NORMAL')
const world = new OutsideWorld(task.world)
const scenarios = task.scenarios.map(scenarioNamed)
const runner = createRunner({ journal, sagas: scenarios.map(({ saga }) => saga(world)) })
process.stdout.write('ready\n')

const { setAside, elsewhere } = await runner.recover()
if (setAside.length + elsewhere.length > 0) throw new Error(JSON.stringify({ setAside, elsewhere }))
await Promise.all(
  scenarios.map(async (scenario) => {
    const [header] = await runner.runs({ saga: scenario.name })
    const run =
      header === undefined ? await runner.start(scenario.name, scenario.name) : await runner.open(header.id)
    run.events.on('run.ended', () => world.write('ended', run.id, scenario.name))
    world.write('opened', run.id, scenario.name, run.view.getSnapshot().retryAt)
    await accompany(run, scenario, world)
  }),
)
// Hooks come after the end of a run, and nobody but the journal says when they are through.
while ((await runner.runs({ unattended: true })).length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 2))
}
await runner.shutdown()
db.close()
world.close()
process.stdout.write(JSON.stringify({ writes: writes() }))
