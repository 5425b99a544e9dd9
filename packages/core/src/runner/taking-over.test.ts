import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { dieWith } from '../../test/dead-process.js'
import {
  type AnySaga,
  type Clock,
  createRunner,
  defineSaga,
  HoldfastError,
  type Journal,
  MemoryJournalStore,
  memoryJournal,
  type Run,
  step,
  systemClock,
} from '../index.js'
import { VirtualClock } from '../testing/virtual-clock.js'

const leaseDuration = 30_000
let store: MemoryJournalStore
let clock: VirtualClock
beforeEach(() => {
  store = new MemoryJournalStore()
  clock = new VirtualClock()
})

const oneStep = (run: (input: unknown) => unknown): AnySaga =>
  defineSaga({ name: 's', version: 1, steps: { a: step({ run: ({ input }) => run(input) }) } })

const endless = oneStep(() => new Promise(() => {}))

/** Starts runs and leaves them as a process does that is killed. */
async function leave(runs: number): Promise<readonly string[]> {
  const first = createRunner({ journal: journalOf(), sagas: [endless], clock })
  const ids: string[] = []
  for (let n = 0; n < runs; n++) ids.push((await first.start(endless, n)).id)
  dieWith(store)
  return ids
}

function journalOf(changes: Partial<Journal> = {}): Journal {
  return { ...memoryJournal({ store, clock, leaseDuration }), ...changes }
}

/** A promise that resolves with `'ok'` when `end` is called. */
function ending(): { readonly ended: Promise<string>; readonly end: () => void } {
  let end = (): void => {}
  const ended = new Promise<string>((resolve) => {
    end = () => resolve('ok')
  })
  return { ended, end }
}

describe('a lease that is given back', () => {
  it('is not told to be lost, when leases are renewed before its run has heard that it ended', async () => {
    const { ended, end } = ending()
    const saga = oneStep(() => ended)
    const inner = journalOf()
    let ends = false
    let isCommitted = false
    const runner = createRunner({
      journal: {
        ...inner,
        commit: async (writes) => {
          const results = await inner.commit(writes)
          isCommitted = ends
          return results
        },
        ready: async () => {
          await nextTurn()
          if (!isCommitted) return
          // Between two parts of the answers to what has just been committed.
          ends = false
          isCommitted = false
          await clock.advance(leaseDuration / 3)
        },
      },
      sagas: [saga],
      clock,
    })
    const runs = await Promise.all(Array.from({ length: 40 }, (_, n) => runner.start(saga, n)))
    await nextTurn()
    ends = true
    end()
    const outcomes = await Promise.all(runs.map((run) => run.outcome()))
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'done'))
  })

  it('stays while the next step looks at it, so that a cancel meanwhile parks the run', async () => {
    let slept = 0
    const sleepy: Clock = {
      now: () => clock.now() + slept,
      setTimeout: (callback, milliseconds) => clock.setTimeout(callback, milliseconds),
      clearTimeout: (handle) => clock.clearTimeout(handle),
    }
    let working = 0
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: {
        a: step({
          run: () => {
            slept = leaseDuration * 0.8
            return 'a'
          },
        }),
        b: step({
          run: async () => {
            working++
            await delay(50)
            working--
            return 'b'
          },
        }),
      },
    })
    const inner = journalOf()
    const looked = ending()
    const cancelled = ending()
    const journal: Journal = {
      ...inner,
      renew: async (leases) => {
        looked.end()
        await cancelled.ended
        return inner.renew(leases)
      },
      commit: async (writes) => {
        const results = await inner.commit(writes)
        const isCancel = writes.some(
          (write) => write.kind === 'append' && write.entries[0]?.body.type === 'cancel.requested',
        )
        if (!isCancel) return results
        cancelled.end()
        for (let turn = 0; turn < 5; turn++) await nextTurn()
        return results
      },
    }
    const run = await createRunner({ journal, sagas: [saga], clock: sleepy }).start(saga, null)
    await looked.ended
    await run.cancel()
    expect(working).toBe(0)
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'b',
      error: { code: 'CANCELLED' },
    })
  })
})

describe('a run that was just taken over', () => {
  const slow = (): { readonly saga: AnySaga; readonly working: () => number } => {
    let working = 0
    const saga = oneStep(async () => {
      working++
      await delay(100)
      working--
      return 'ok'
    })
    return { saga, working: () => working }
  }
  const heirOf = (saga: AnySaga) =>
    createRunner({
      journal: { ...memoryJournal({ store }), ready: () => nextTurn() },
      sagas: [saga],
      clock: systemClock,
    })

  it('has no step at work any more when its cancel resolves', async () => {
    await leave(400)
    const { saga, working } = slow()
    const { resumed } = await heirOf(saga).recover()
    await Promise.all(resumed.map((run) => run.cancel()))
    expect([resumed.length, working()]).toEqual([400, 0])
  })

  it('has no step at work any more when a shutdown resolves', async () => {
    await leave(400)
    const { saga, working } = slow()
    const heir = heirOf(saga)
    await heir.recover()
    await heir.shutdown()
    expect(working()).toBe(0)
  })

  it('begins nothing when it is cancelled before its turn has come', async () => {
    await leave(100)
    const began: unknown[] = []
    const saga = oneStep((n) => (began.push(n), 'ok'))
    const heir = createRunner({ journal: journalOf(), sagas: [saga], clock })
    const { resumed } = await heir.recover()
    const last = resumed.at(-1) ?? expect.fail('nothing was resumed')
    await last.cancel()
    expect(last.view.getSnapshot().state).toBe('retryable')
    await Promise.all(resumed.slice(0, -1).map((run) => run.outcome()))
    expect(began).toEqual(Array.from({ length: 99 }, (_, n) => n))
    // A lease that were still held would let nobody else take it over.
    expect(await heir.runs({ id: last.id })).toMatchObject([{ status: 'retryable', open: false }])
    await last.retry()
    expect(await last.outcome()).toMatchObject({ status: 'done' })
  })

  it('tries its step once when its lease was lost, and taken again, before its turn had come', async () => {
    await leave(100)
    const began: unknown[] = []
    const { ended, end } = ending()
    const saga = oneStep((n) => (began.push(n), ended))
    const inner = journalOf()
    let turn: Promise<unknown> = Promise.resolve()
    let letTurn = (): void => {}
    const journal: Journal = {
      ...inner,
      ready: async () => void (await turn),
      // When all are taken over, turns are held back: none but the first ones begin.
      runs: async (filter) => {
        const page = await inner.runs(filter)
        if (page.length > 0) return page
        const held = ending()
        turn = held.ended
        letTurn = held.end
        return page
      },
    }
    const { resumed } = await createRunner({ journal, sagas: [saga], clock }).recover()
    const last = resumed.at(-1) ?? expect.fail('nothing was resumed')
    dieWith(store)
    await clock.advance(leaseDuration / 3)
    expect(await last.outcome()).toMatchObject({ status: 'suspended', error: { code: 'LEASE_LOST' } })
    await last.retry()
    await clock.advance(0)
    expect(began.filter((n) => n === 99)).toEqual([99])

    letTurn()
    await clock.advance(0)
    end()
    expect(await last.outcome()).toMatchObject({ status: 'done' })
    expect(began.filter((n) => n === 99)).toEqual([99])
  })

  it('is left alone by a recovery that comes to it after the host has had it go on', async () => {
    const [id = ''] = await leave(1)
    const { ended, end } = ending()
    let began = 0
    const saga = oneStep(() => {
      began++
      return ended
    })
    const inner = journalOf()
    const retrying: Promise<void>[] = []
    let isClaimed = false
    const heir = createRunner({
      journal: {
        ...inner,
        claim: async (runs) => {
          const claims = await inner.claim(runs)
          isClaimed = true
          return claims
        },
        ready: async () => {
          await nextTurn()
          if (!isClaimed || retrying.length > 0) return
          // Claimed for the recovery, which has not come to it yet.
          retrying.push(run.retry())
          for (let turn = 0; turn < 5; turn++) await nextTurn()
        },
      },
      sagas: [saga],
      clock,
    })
    const run: Run = await heir.open(id)
    await heir.recover()
    await Promise.all(retrying)
    await nextTurn()
    end()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(began).toBe(1)
  })
})

describe('a run whose migration cannot be written', () => {
  const migrating = defineSaga({
    name: 's',
    version: 2,
    steps: { a: step({ run: () => 'ok' }) },
    migrations: { 1: {} },
  })
  const onFullDisk = () => {
    const inner = journalOf()
    let isFull = true
    const journal: Journal = {
      ...inner,
      commit: async (writes) => {
        if (isFull) throw new HoldfastError('DISK_FULL', 'The disk is full')
        return inner.commit(writes)
      },
    }
    const makeRoom = (): void => {
      isFull = false
    }
    return { runner: createRunner({ journal, sagas: [migrating], clock }), makeRoom }
  }

  it('is suspended after a recovery, and goes on when there is room', async () => {
    await leave(1)
    const { runner, makeRoom } = onFullDisk()
    const [run] = (await runner.recover()).resumed
    expect(await run?.outcome()).toMatchObject({ status: 'suspended', error: { code: 'DISK_FULL' } })
    makeRoom()
    await run?.retry()
    expect(await run?.outcome()).toMatchObject({ status: 'done' })
  })

  it('refuses a retry with what was in the way', async () => {
    const [id = ''] = await leave(1)
    const { runner, makeRoom } = onFullDisk()
    const run = await runner.open(id)
    await expect(run.retry()).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(await run.outcome()).toMatchObject({ status: 'suspended', error: { code: 'DISK_FULL' } })
    makeRoom()
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
  })
})

it('a handle may be taken apart, and wrapped as frameworks wrap what they watch', async () => {
  const saga = oneStep(() => 'ok')
  const run = await createRunner({ journal: journalOf(), sagas: [saga], clock }).start(saga, 1)
  const { outcome } = run
  const wrapped = new Proxy(run, {})
  expect([await outcome(), await wrapped.outcome(), wrapped.view.getSnapshot().state]).toMatchObject([
    { status: 'done' },
    { status: 'done' },
    'done',
  ])
})
