import { afterEach, describe, expect, it } from 'vitest'
import { dieWith } from '../../test/dead-process.js'
import {
  createRunner,
  defineSaga,
  failure,
  MemoryJournalStore,
  memoryJournal,
  type Run,
  type Runner,
  type StepContext,
  step,
} from '../index.js'
import { VirtualClock } from '../testing/virtual-clock.js'

const minute = 60_000
const hour = 60 * minute
const year = 365 * 24 * hour

const runners: Runner[] = []
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.shutdown({ deadline: 10 })
})

/** Processes on one journal that run a saga of one step, one after the other; the step does what `work` does at that moment. */
function processes(options: Partial<Parameters<typeof step>[0]>) {
  const store = new MemoryJournalStore()
  const clock = new VirtualClock()
  const under = {
    store,
    clock,
    tries: [] as number[],
    work: (_context: StepContext): unknown => failure(new Error('no')),
    /** Starts the run in a first process. */
    start: () => newRunner().start('s', null),
    /** Kills whatever process there is, and recovers the run in another one. */
    restart: async (): Promise<Run> => {
      dieWith(store)
      const [run] = (await newRunner().recover()).resumed
      if (run === undefined) throw new Error('there was nothing to recover')
      await clock.advance(0)
      return run
    },
  }
  const a = step({
    ...options,
    run: (context) => {
      under.tries.push(clock.now())
      return under.work(context)
    },
  })
  const newRunner = (): Runner => {
    const saga = defineSaga({ name: 's', version: 1, steps: { a } })
    const runner = createRunner({ journal: memoryJournal({ store, clock }), sagas: [saga], clock })
    runners.push(runner)
    return runner
  }
  return under
}

/** Work that lasts until it is told to end. */
const forever = ({ signal }: StepContext): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

const state = (run: Run) => run.view.getSnapshot()

describe('a backoff', () => {
  const retry = { attempts: 2, delay: 10 * minute, maxDelay: 10 * minute, jitter: 0 }

  it('whose process dies in the middle of it ends at the moment at which it would have ended', async () => {
    const under = processes({ retry })
    await under.start()
    await under.clock.advance(4 * minute)
    await under.restart()
    await under.clock.advance(6 * minute - 1)
    expect(under.tries).toHaveLength(1)
    await under.clock.advance(1)
    expect(under.tries).toHaveLength(2)
  })

  it.each(['while a process waits', 'before a restart'])(
    'waits no longer than it was to when the clock is set back %s',
    async (when) => {
      const under = processes({ retry })
      await under.start()
      await under.clock.advance(minute)
      under.clock.jump(-year)
      if (when === 'before a restart') await under.restart()
      await under.clock.advance(10 * minute)
      expect(under.tries).toHaveLength(2)
    },
  )

  it('ends within a minute when the machine slept through its end on a system whose timers sleep too', async () => {
    const under = processes({ retry })
    await under.start()
    await under.clock.advance(10)
    under.clock.jump(hour)
    await under.clock.advance(minute)
    expect(under.tries).toHaveLength(2)
  })

  it('that is over ends at once when the host says that the machine woke', async () => {
    const under = processes({ retry })
    await under.start()
    await under.clock.advance(10)
    under.clock.jump(hour)
    await under.clock.advance(0)
    expect(under.tries).toHaveLength(1)
    runners[0]?.wake()
    await under.clock.advance(0)
    expect(under.tries).toHaveLength(2)
  })

  it('that nobody was there to end before the deadline of its policy is the last', async () => {
    const under = processes({ retry: { ...retry, attempts: 9, deadline: 30 * minute } })
    await under.start()
    await under.clock.advance(11 * minute)
    expect(under.tries).toHaveLength(2)
    dieWith(under.store)
    for (const runner of runners.splice(0)) await runner.shutdown({ deadline: 10 })
    under.clock.jump(hour)
    const run = await under.restart()
    expect(await run.outcome()).toMatchObject({ status: 'retryable', attempt: 2, wakeAt: null })
    expect(under.tries).toHaveLength(2)
  })

  it('is not begun when it would end after that deadline', async () => {
    const under = processes({ retry: { ...retry, attempts: 9, deadline: 25 * minute } })
    const run = await under.start()
    await under.clock.advance(20 * minute)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', attempt: 3 })
  })
})

describe('an automatic retry', () => {
  it('of a parked run is not put off by a clock that was set back while no process ran', async () => {
    const under = processes({ autoRetry: { attempts: 1, delay: hour, maxDelay: hour, jitter: 0 } })
    await under.start()
    await under.clock.advance(minute)
    under.clock.jump(-year)
    await under.restart()
    await under.clock.advance(hour)
    expect(under.tries).toHaveLength(2)
  })
})

describe('a timeout', () => {
  const timedOut = { status: 'retryable', error: { code: 'STEP_TIMED_OUT' } }

  it('goes on after a crash from what the attempt had used at its last checkpoint; the time without a process is free', async () => {
    const under = processes({ timeout: 10 * minute })
    under.work = async (context) => {
      if (under.tries.length > 1) return forever(context)
      under.clock.setTimeout(() => void context.saveCheckpoint('far'), 6 * minute)
      return forever(context)
    }
    await under.start()
    await under.clock.advance(7 * minute)
    dieWith(under.store)
    under.clock.jump(hour)
    const run = await under.restart()
    await under.clock.advance(4 * minute - 2000)
    expect(state(run).state).toBe('a')
    await under.clock.advance(4000)
    expect(await run.outcome()).toMatchObject(timedOut)
    expect(JSON.stringify([...under.store.runs])).toContain(`used\\":${6 * minute}`)
  })

  it('gives every attempt all of it, whatever the one before had used', async () => {
    const under = processes({ timeout: minute, retry: { attempts: 2, delay: 1000, jitter: 0 } })
    under.work = async (context) => {
      await context.saveCheckpoint(under.tries.length)
      return forever(context)
    }
    const run = await under.start()
    await under.clock.advance(minute + 1000)
    expect(under.tries).toHaveLength(2)
    await under.clock.advance(minute - 1)
    expect(state(run).state).toBe('a')
    await under.clock.advance(1)
    expect(await run.outcome()).toMatchObject(timedOut)
  })

  it('stands still while a human is asked, also over a crash in the middle of asking', async () => {
    const under = processes({ timeout: 10 * minute, stall: 9 * minute })
    const work = async (before: number, { clock } = under) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, before))
    }
    under.work = async (context) => {
      if (under.tries.length === 1) await work(6 * minute)
      await context.ask({ kind: 'trust', message: 'Tap Trust' })
      return forever(context)
    }
    await under.start()
    await under.clock.advance(6 * minute)
    await under.clock.advance(2 * hour)
    dieWith(under.store)
    await under.clock.advance(hour)
    const run = await under.restart()
    await under.clock.advance(5 * hour)
    expect(state(run)).toMatchObject({ state: 'a', ask: { kind: 'trust' } })
    await run.provide('trust', true)
    await under.clock.advance(4 * minute - 1)
    expect(state(run)).toMatchObject({ state: 'a', ask: null })
    await under.clock.advance(1)
    expect(await run.outcome()).toMatchObject(timedOut)
  })

  it('and a stall limit do not end a step because the machine slept, or the clock was set', async () => {
    for (const disturb of [
      (clock: VirtualClock) => clock.sleep(9 * hour),
      async (clock: VirtualClock) => clock.jump(9 * hour),
      async (clock: VirtualClock) => clock.jump(-year),
    ]) {
      const under = processes({ timeout: 10 * minute, stall: 5 * minute })
      under.work = forever
      const run = await under.start()
      await under.clock.advance(4 * minute)
      await disturb(under.clock)
      await under.clock.advance(30_000)
      expect(state(run).state).toBe('a')
      await under.clock.advance(minute)
      expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'STEP_STALLED' } })
    }
  })
})

describe('what a run asked for', () => {
  it('is no longer shown when a process that took it over finished without asking again', async () => {
    const under = processes({})
    under.work = ({ ask }) => ask({ kind: 'trust', message: 'Tap Trust' })
    await under.start()
    await under.clock.advance(0)
    under.work = () => null
    const run = await under.restart()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(state(run).ask).toBeNull()
  })
})

describe('progress', () => {
  it('is told as ever after the clock was set back', async () => {
    const under = processes({})
    under.work = async (context) => {
      under.clock.setTimeout(() => context.progress({ done: 1, total: 2, unit: 'items' }), minute)
      return forever(context)
    }
    const run = await under.start()
    const told: number[] = []
    run.events.on('step.progress', ({ progress }) => told.push(progress.done))
    under.clock.jump(-year)
    await under.clock.advance(minute + 1000)
    expect(told).toEqual([1])
  })
})
