import { afterEach, describe, expect, it, vi } from 'vitest'
import { dieWith } from '../../test/dead-process.js'
import {
  type AnySaga,
  type Clock,
  createRunner,
  defineSaga,
  type Journal,
  MemoryJournalStore,
  memoryJournal,
  type Run,
  step,
} from '../index.js'
import { VirtualClock } from '../testing/virtual-clock.js'

const leaseDuration = 30_000
let store: MemoryJournalStore
let clock: VirtualClock
afterEach(() => clock?.advance(0))

function processOn(saga: AnySaga) {
  return createRunner({ journal: memoryJournal({ store, clock, leaseDuration }), sagas: [saga], clock })
}

function fresh(): void {
  store = new MemoryJournalStore()
  clock = new VirtualClock()
}

describe('two processes', () => {
  it('that wait for the same parked run: the one that lost the race recovers it when the other dies', async () => {
    fresh()
    let attempts = 0
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: {
        a: step({
          run: () => {
            attempts += 1
            if (attempts === 1) throw new Error('no')
            return attempts === 2 ? new Promise(() => {}) : 'third'
          },
          autoRetry: { attempts: 5, delay: 1000, jitter: 0 },
        }),
      },
    })
    const first = processOn(saga)
    const run = await first.start(saga, null)
    await run.outcome()
    const second = processOn(saga)
    const [waiting] = (await second.recover()).resumed
    await clock.advance(1000)
    expect(attempts).toBe(2)
    dieWith(store)
    const { resumed } = await second.recover()
    expect(resumed.map(({ id }) => id)).toEqual([run.id])
    expect((await waiting?.outcome())?.status).toBe('done')
  })

  it('a process that slept past its lease starts nothing of a run that another has taken over', async () => {
    fresh()
    const ran: string[] = []
    const saga = (who: string) =>
      defineSaga({
        name: 's',
        version: 1,
        steps: {
          a: step({ run: () => 'a' }),
          b: step({ run: () => (ran.push(who), new Promise(() => {})) }),
        },
      })
    let slept = 0
    // The process stops in the middle of a commit, and wakes when its lease is long over.
    const sleepy: Clock = {
      now: () => clock.now() + slept,
      setTimeout: (callback, milliseconds) => clock.setTimeout(callback, milliseconds),
      clearTimeout: (handle) => clock.clearTimeout(handle),
    }
    const inner = memoryJournal({ store, clock, leaseDuration })
    const journal: Journal = {
      ...inner,
      commit: async (writes) => {
        const results = await inner.commit(writes)
        if (slept === 0 && writes.some(({ kind }) => kind === 'append')) {
          slept = 2 * leaseDuration
          dieWith(store)
          await processOn(saga('other')).recover()
          await clock.advance(0)
        }
        return results
      },
    }
    const first = saga('sleeper')
    const run = await createRunner({ journal, sagas: [first], clock: sleepy }).start(first, null)
    expect(await run.outcome()).toMatchObject({ status: 'suspended', error: { code: 'LEASE_LOST' } })
    expect(ran).toEqual(['other'])
  })

  it('a shutdown past its deadline leaves the lease of a step that is still at work', async () => {
    fresh()
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: { a: step({ run: () => new Promise(() => {}) }) },
    })
    const runner = processOn(saga)
    const run = await runner.start(saga, null)
    const stopping = runner.shutdown({ deadline: 1000 })
    await clock.advance(1000)
    await stopping
    const other = processOn(saga)
    const opened = await other.open(run.id)
    await expect(opened.retry()).rejects.toMatchObject({ code: 'LEASE_HELD' })
    await clock.advance(leaseDuration)
    await opened.retry()
    expect(opened.view.getSnapshot().state).toBe('a')
  })

  it('a run that the other one drives is suspended here, and not waited for without end', async () => {
    fresh()
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: { a: step({ run: () => new Promise(() => {}) }) },
    })
    const run = await processOn(saga).start(saga, null)
    const other = processOn(saga)
    const joined: Run = await other.start(saga, null)
    expect(joined.id).toBe(run.id)
    expect(await joined.outcome()).toMatchObject({ status: 'suspended', error: { code: 'RUN_SUSPENDED' } })
  })
})

describe('recovering', () => {
  it('goes through any number of runs, those that work and those that wait', async () => {
    fresh()
    let left = true
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: {
        a: step({
          run: ({ input }) => {
            if (typeof input === 'number' && input % 3 === 0 && left) throw new Error('no')
            return left ? new Promise(() => {}) : 'done'
          },
          autoRetry: { attempts: 1, delay: 60_000 },
        }),
      },
    })
    const first = processOn(saga)
    for (let index = 0; index < 160; index++) await first.start(saga, index)
    await clock.advance(0)
    dieWith(store)
    left = false
    const second = processOn(saga)
    const { resumed, setAside, elsewhere } = await second.recover()
    expect([resumed.length, setAside, elsewhere]).toEqual([160, [], []])
    await clock.advance(60_000)
    await vi.waitFor(async () => expect(await second.runs({ status: ['done'] })).toHaveLength(160))
    expect(await second.runs({ unattended: true })).toEqual([])
  })

  it('shows no question that nobody asks yet', async () => {
    fresh()
    const saga = (asks: boolean) =>
      defineSaga({
        name: 's',
        version: 1,
        steps: {
          a: step({
            run: ({ ask }) => (asks ? ask({ kind: 'password', message: 'which?' }) : new Promise(() => {})),
          }),
        },
      })
    const first = saga(true)
    const run = await processOn(first).start(first, null)
    await clock.advance(0)
    expect(run.view.getSnapshot()).toMatchObject({
      ask: { kind: 'password' },
      steps: [{ status: 'waiting' }],
    })
    dieWith(store)
    const [recovered] = (await processOn(saga(false)).recover()).resumed
    expect(recovered?.view.getSnapshot()).toMatchObject({ ask: null, steps: [{ status: 'working' }] })
  })
})

describe('compacting', () => {
  it('forgets runs that have ended, but not what waits and not the last one of its source that was done', async () => {
    fresh()
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: {
        a: step({
          run: ({ input }) => {
            if (input === 'bad') throw new Error('no')
            return 'receipt'
          },
        }),
      },
    })
    const runner = processOn(saga)
    const ids: string[] = []
    for (const input of ['phone', 'phone', 'bad', 'phone']) {
      const run = await runner.start(saga, input)
      await run.outcome()
      ids.push(run.id)
      await clock.advance(1000)
    }
    expect(await runner.compact({ olderThan: 3000 })).toBe(1)
    expect(await runner.compact()).toBe(1)
    expect((await runner.runs()).map(({ id }) => id)).toEqual([ids[2], ids[3]])
    expect(await runner.compact()).toBe(0)
    await expect(runner.history(ids[0] ?? '')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
  })
})
