// OpenWorkflow on node:sqlite. Its worker looks for work every 50 to 100 ms while there is none, and that cannot be set; a
// handle's result() looks once a second, which can be avoided: the workflow tells of its end, and the row is read from then on.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { OpenWorkflow } from 'openworkflow'
import { BackendSqlite } from 'openworkflow/sqlite'
import { expectOk } from '../unavailable.mjs'

export async function start(folder) {
  const backend = BackendSqlite.connect(join(folder, 'openworkflow.db'))
  // Full is node:sqlite's default; it is set all the same, and read back.
  backend.db.exec('PRAGMA synchronous = FULL')
  const { synchronous } = backend.db.prepare('PRAGMA synchronous').get()
  const { journal_mode: mode } = backend.db.prepare('PRAGMA journal_mode').get()
  const client = new OpenWorkflow({ backend })
  const ends = new Map()
  const workflow = client.defineWorkflow({ name: 'four-steps' }, async ({ input, step }) => {
    await step.run({ name: 'extract' }, async () => 'ok')
    await step.run({ name: 'store' }, async () => 'ok')
    await step.run({ name: 'verify' }, async () => 'ok')
    const result = await step.run({ name: 'cleanup' }, async () => 'ok')
    ends.get(input.run)?.()
    return result
  })
  const worker = client.newWorker({ concurrency: 64 })
  await worker.start()
  let started = 0
  return {
    durability: `node:sqlite, ${mode}, synchronous=${synchronous === 2 ? 'FULL' : 'less'}`,
    runOne: async () => {
      const run = started++
      const ended = new Promise((resolve) => {
        ends.set(run, resolve)
      })
      const { workflowRun } = await workflow.run({ run })
      await ended
      ends.delete(run)
      for (;;) {
        const { status, output } = await backend.getWorkflowRun({ workflowRunId: workflowRun.id })
        if (status === 'completed') return expectOk(output)
        if (status !== 'running') throw new Error(`a run is ${status}`)
        await delay(1)
      }
    },
    stop: async () => {
      await worker.stop()
      await backend.stop()
    },
  }
}
