// DBOS on PostgreSQL. A workflow is called directly, so that nothing polls; it has as many connections as workflows at a time.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { startPostgres } from '../servers/postgres.mjs'
import { expectOk } from '../unavailable.mjs'

async function fourSteps() {
  await DBOS.runStep(async () => 'ok', { name: 'extract' })
  await DBOS.runStep(async () => 'ok', { name: 'store' })
  await DBOS.runStep(async () => 'ok', { name: 'verify' })
  return DBOS.runStep(async () => 'ok', { name: 'cleanup' })
}

export async function start(folder) {
  const postgres = await startPostgres(folder)
  const workflow = DBOS.registerWorkflow(fourSteps, { name: 'four-steps' })
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: postgres.url,
    systemDatabasePoolSize: 64,
    logLevel: 'error',
  })
  await DBOS.launch()
  return {
    durability: postgres.durability,
    runOne: async () => expectOk(await workflow()),
    stop: async () => {
      await DBOS.shutdown()
      await postgres.stop()
    },
  }
}
