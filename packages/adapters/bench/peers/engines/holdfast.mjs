// Holdfast itself, built, measured by the same program and on the same Node as the others.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { sqliteJournal } from '../../../dist/sqlite/index.js'
import { createRunner, defineSaga, step } from '../../../node_modules/@holdfast/core/dist/index.js'
import { expectOk } from '../unavailable.mjs'

const saga = defineSaga({
  name: 'four-steps',
  version: 1,
  steps: {
    extract: step({ run: () => 'ok' }),
    store: step({ run: () => 'ok' }),
    verify: step({ run: () => 'ok' }),
    cleanup: step({ run: () => 'ok' }),
  },
})

export async function start(folder) {
  const db = new Database(join(folder, 'holdfast.db'))
  const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
  let started = 0
  return {
    durability: `SQLite, ${db.pragma('journal_mode', { simple: true })}, synchronous=${db.pragma('synchronous', { simple: true }) === 2 ? 'FULL' : 'less'}`,
    runOne: async () => {
      const run = await runner.start(saga, { run: started++ })
      const outcome = await run.outcome()
      if (outcome.status !== 'done') throw new Error(`a run is ${outcome.status}`)
      expectOk(outcome.outputs.cleanup)
    },
    stop: async () => {
      await runner.shutdown()
      db.close()
    },
  }
}
