import type { RunEvent } from '@holdfast/core'
import type { Device, Storage } from '@holdfast/core/import'
import { Gate } from '@holdfast/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SyntheticBackup } from '../../src/testing/index.js'
import { expectLibraryToEqualTruth } from '../compare-with-truth.js'
import { type Workshop, workshopWithBackup } from '../import-workshop.js'

const isLong = process.env['HOLDFAST_LONG'] === '1'

describe('an app that does other things meanwhile', () => {
  let workshop: Workshop
  let backup: SyntheticBackup
  let files: string
  beforeEach(async () => {
    ;({ workshop, backup, files } = await workshopWithBackup({ seed: 71, attachments: 12 }))
  })
  afterEach(() => workshop.cleanUp())

  /** Stands still at the nth batch until its gate is opened, or the signal of the attempt aborts. */
  const standingStill =
    (n: number, gate: Gate, written: unknown[]) =>
    (storage: Storage): Storage => ({
      ...storage,
      write: async (id, batch, options) => {
        if (written.length === n - 1) await Promise.race([gate.pass(), rejectedBy(options.signal)])
        await storage.write(id, batch, options)
        written.push(batch.cursor)
      },
    })
  const expectAllStored = (app: ReturnType<Workshop['openApp']>): void =>
    expectLibraryToEqualTruth(app.db, files, backup.truth)

  const expectAllToBeOf = async (app: ReturnType<Workshop['openApp']>, owner: string): Promise<void> => {
    expect((await app.storage.imports()).map((each) => each.owner)).toEqual([owner])
    const owners = app.db.prepare('SELECT owner FROM messages UNION SELECT owner FROM attachments').all()
    expect(owners).toEqual([{ owner }])
  }

  it('5: a run that is cancelled in its third batch and started again at once is one run, and nobody writes twice', async () => {
    const gate = new Gate()
    const written: unknown[] = []
    const app = workshop.openApp({ batchSize: 20, storage: standingStill(3, gate, written) })
    const run = await app.import({ path: backup.path })
    await gate.reached
    const [, again] = await Promise.all([run.cancel(), app.import({ path: backup.path })])
    expect(again.id).toBe(run.id)
    expect(await again.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
    expect(written).toHaveLength(2)
    gate.open()
    await again.retry()
    expect((await again.outcome()).status).toBe('done')
    expect(new Set(written.map((cursor) => JSON.stringify(cursor))).size).toBe(written.length)
    expectAllStored(app)
  })

  it('6: starting twice at the same moment is one run, in this window and in another one', async () => {
    let acquired = 0
    const gate = new Gate()
    const device = (real: Device): Device => ({
      ...real,
      acquire: async (context) => {
        acquired += 1
        await gate.pass()
        return real.acquire(context)
      },
    })
    const app = workshop.openApp({ device })
    const [one, other] = await Promise.all([
      app.import({ path: backup.path }),
      app.import({ path: backup.path }),
    ])
    const second = workshop.openApp({ device })
    const elsewhere = await second.import({ path: backup.path })
    expect([other.id, elsewhere.id]).toEqual([one.id, one.id])
    expect(await elsewhere.outcome()).toMatchObject({
      status: 'suspended',
      error: { code: 'RUN_SUSPENDED' },
    })
    gate.open()
    expect((await one.outcome()).status).toBe('done')
    expect(acquired).toBe(1)
    expect(await app.storage.imports()).toHaveLength(1)
    expectAllStored(app)
  })

  it('7: a window that is reloaded in the middle finds the run, sees it go on, and hears of its end once', async () => {
    const gate = new Gate()
    const app = workshop.openApp({ batchSize: 20, storage: standingStill(4, gate, []) })
    const first = await app.import({ path: backup.path })
    const stop = first.view.subscribe(() => undefined)
    await gate.reached
    stop()
    // The new window knows nothing but what it can ask for.
    const [header] = await app.runner.runs()
    if (header === undefined) throw new Error('there is no run')
    const run = await app.runner.open(header.id)
    const seen = run.view.getSnapshot()
    expect(seen).toMatchObject({ run: first.id, state: 'store' })
    expect(seen.progress.overall).toBeGreaterThan(0)
    const told: RunEvent['type'][] = []
    run.events.on('event', ({ type }) => told.push(type))
    gate.open()
    expect((await run.outcome()).status).toBe('done')
    expect(run.view.getSnapshot()).toMatchObject({ state: 'done', progress: { overall: 1 } })
    expect(told.filter((type) => type === 'run.ended')).toHaveLength(1)
    expectAllStored(app)
  })

  it('13: what was started by one user is theirs, although another one logs in meanwhile', async () => {
    let current = 'anna'
    const gate = new Gate()
    const app = workshop.openApp({ batchSize: 20, storage: standingStill(2, gate, []) })
    const run = await app.import({ path: backup.path }, current)
    await gate.reached
    current = 'ben'
    await run.cancel()
    await app.close()
    // The next process is Ben's, from its start.
    const next = workshop.openApp({ batchSize: 20 })
    await next.runner.recover()
    const again = await next.runner.open(run.id)
    await again.retry()
    expect((await again.outcome()).status).toBe('done')
    await expectAllToBeOf(next, 'anna')
    expect(current).toBe('ben')
  })

  it.each([
    { claim: 'with half of it stored', batch: 3 },
    { claim: 'before anything of it is stored', batch: 1 },
  ])(
    '14: what is parked $claim goes to its owner under the id that they have by the time of the retry',
    async ({ batch }) => {
      const gate = new Gate()
      const app = workshop.openApp({ batchSize: 20, storage: standingStill(batch, gate, []) })
      const run = await app.import({ path: backup.path }, 'guest')
      await gate.reached
      await run.cancel()
      await app.close()
      // Days later, in another process, the guest signs in.
      const next = workshop.openApp({ batchSize: 20 })
      await next.runner.recover()
      const under = await next.runner.runs({ owner: 'guest', status: ['working', 'retryable', 'stuck'] })
      expect(under.map(({ id }) => id)).toEqual([run.id])
      await next.library.remapOwner({ from: 'guest', to: 'anna', runs: [run.id] })
      const again = await next.runner.open(run.id)
      await again.retry()
      expect((await again.outcome()).status).toBe('done')
      await expectAllToBeOf(next, 'anna')
      expectAllStored(next)
    },
  )

  it('23: of a very large backup never more than a batch is under way, progress only grows, and a cancel lets one batch end', async () => {
    const messages = isLong ? 600_000 : 8_000
    const large = await workshop.makeBackup({ seed: 72, messages, attachments: 20, truth: false })
    let batches = 0
    let underWay = 0
    let largest = 0
    let onTenth: () => void = () => undefined
    const tenth = new Promise<void>((resolve) => {
      onTenth = resolve
    })
    const app = workshop.openApp({
      batchSize: 500,
      storage: (storage) => ({
        ...storage,
        write: async (id, batch, options) => {
          batches += 1
          underWay += batch.records.length
          largest = Math.max(largest, underWay)
          if (batches === 10) onTenth()
          try {
            await storage.write(id, batch, options)
          } finally {
            underWay -= batch.records.length
          }
        },
      }),
    })
    const run = await app.import({ path: large.path })
    const overall: number[] = []
    run.view.subscribe(() => overall.push(run.view.getSnapshot().progress.overall))
    await tenth
    const cancelling = run.cancel()
    const cancelledAt = batches
    await cancelling
    expect(batches).toBeLessThanOrEqual(cancelledAt + 1)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
    const until = overall.length
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
    expect(largest).toBeLessThanOrEqual(500)
    // A retry enters the step again, and its bar with it; on each way there is no step back.
    for (const way of [overall.slice(0, until), overall.slice(until)]) {
      expect(way).toEqual([...way].sort((a, b) => a - b))
    }
    const [counted] = (await app.storage.imports()).map(({ receipt }) => receipt?.counts.messages.stored)
    expect(counted).toBe(large.counts.messages)
  }, 1_800_000)
})

/** Rejects with the reason of the signal as soon as it aborts. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
