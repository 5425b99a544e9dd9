// @effect/workflow on the single-node cluster, its storage better-sqlite3. Its driver leaves synchronous at better-sqlite3's
// NORMAL; it is set to FULL here. The polls of its storage are lowered to 10 ms.
import { join } from 'node:path'
import { ClusterWorkflowEngine, SingleRunner } from '@effect/cluster'
import { SqlClient } from '@effect/sql'
import { SqliteClient } from '@effect/sql-sqlite-node'
import { Activity, Workflow } from '@effect/workflow'
import { Effect, Layer, Logger, ManagedRuntime, Schema } from 'effect'
import { expectOk } from '../unavailable.mjs'

const fourSteps = Workflow.make({
  name: 'four-steps',
  payload: { run: Schema.Number },
  success: Schema.String,
  idempotencyKey: ({ run }) => String(run),
})

const activity = (name) => Activity.make({ name, success: Schema.String, execute: Effect.succeed('ok') })

const workflow = fourSteps.toLayer(() =>
  Effect.gen(function* () {
    yield* activity('extract')
    yield* activity('store')
    yield* activity('verify')
    return yield* activity('cleanup')
  }),
)

export async function start(folder) {
  const sqlite = SqliteClient.layer({ filename: join(folder, 'effect.db') })
  const durable = Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`PRAGMA synchronous = FULL`
    }),
  )
  const cluster = SingleRunner.layer({
    shardingConfig: {
      entityMessagePollInterval: '10 millis',
      entityReplyPollInterval: '10 millis',
      sendRetryInterval: '10 millis',
    },
  })
  const engine = ClusterWorkflowEngine.layer.pipe(Layer.provideMerge(cluster))
  const runtime = ManagedRuntime.make(
    workflow.pipe(
      Layer.provideMerge(engine),
      Layer.provideMerge(durable),
      Layer.provideMerge(sqlite),
      Layer.provide(Logger.remove(Logger.defaultLogger)),
    ),
  )
  const [[row], [mode]] = await runtime.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      return [yield* sql`PRAGMA synchronous`, yield* sql`PRAGMA journal_mode`]
    }),
  )
  let started = 0
  return {
    durability: `better-sqlite3, ${String(mode.journal_mode)}, synchronous=${row.synchronous === 2 ? 'FULL' : 'less'}`,
    runOne: async () => expectOk(await runtime.runPromise(fourSteps.execute({ run: started++ }))),
    stop: () => runtime.dispose(),
  }
}
