import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRunner, defineSaga, failure, step } from '@holdfast/core'
import { type KillPoint, killAt, killPoints, replayingJournal, VirtualClock } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqliteJournal } from '../src/sqlite/index.js'
import { openTestSqlite } from '../src/testing/index.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-deaths-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A saga that fails, undoes, parks and goes on by itself before it is done; `rows` is its library. */
function eventful(rows: Set<string>) {
  return defineSaga({
    name: 'eventful',
    version: 1,
    steps: {
      insert: step({
        run: async ({ saveCheckpoint }) => {
          rows.add('a')
          await saveCheckpoint(1)
        },
        compensate: () => void rows.delete('a'),
      }),
      publish: step({
        run: ({ attempt }) => {
          rows.add('b')
          return attempt < 3 ? failure(new Error('not yet')) : null
        },
        compensate: () => void rows.delete('b'),
        retry: { attempts: 2, delay: 100 },
        autoRetry: { attempts: 1, delay: 100 },
        pivot: true,
      }),
    },
  })
}

/** Lets a process live on one file until it dies or is done, and another one finish. */
async function dieAndRecover(file: string, point: KillPoint | null) {
  const rows = new Set<string>()
  const saga = eventful(rows)
  const clock = new VirtualClock()
  const databases: { close(): void }[] = []
  const open = () => {
    const db = openTestSqlite(join(folder, file), { readonly: false })
    databases.push(db)
    return replayingJournal(sqliteJournal(db, { clock }), [saga])
  }
  const process = killAt(point)
  const first = open()
  const runner = createRunner({
    journal: process.journal(first.journal),
    clock: process.clock(clock),
    sagas: [saga],
  })
  void runner.start(saga, null)
  await clock.advance(5000)
  const second = open()
  const next = createRunner({ journal: second.journal, clock, sagas: [saga] })
  const { setAside, elsewhere } = await next.recover()
  if ((await next.runs()).length === 0) await next.start(saga, null)
  await clock.advance(5000)
  const statuses = (await next.runs()).map(({ status }) => status)
  await next.shutdown()
  for (const db of databases) db.close()
  return {
    commits: process.commits,
    replayed: first.verify() + second.verify(),
    left: { rows: [...rows].sort(), statuses, setAside, elsewhere },
  }
}

describe('a run on the SQLite journal', () => {
  it('ends the same when its process dies before or after any commit, and is the same state however it is folded', async () => {
    const quiet = await dieAndRecover('quiet.db', null)
    expect(quiet.left).toEqual({ rows: ['a', 'b'], statuses: ['done'], setAside: [], elsewhere: [] })
    expect(quiet.commits).toBeGreaterThan(7)
    expect(quiet.replayed).toBeGreaterThan(7)
    for (const point of killPoints(quiet.commits)) {
      const { left } = await dieAndRecover(`${point.when}-${point.commit}.db`, point)
      expect(left, `killed ${point.when} commit ${point.commit}`).toEqual(quiet.left)
    }
  })
})
