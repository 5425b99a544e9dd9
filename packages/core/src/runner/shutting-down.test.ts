import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { dieWith } from '../../test/dead-process.js'
import {
  createRunner,
  defineSaga,
  failure,
  HoldfastError,
  MemoryJournalStore,
  memoryJournal,
  type Runner,
  type StepContext,
  step,
} from '../index.js'
import { VirtualClock } from '../testing/virtual-clock.js'

let store: MemoryJournalStore
let clock: VirtualClock
/** What the step did. */
let log: string[]
beforeEach(() => {
  store = new MemoryJournalStore()
  clock = new VirtualClock()
  log = []
})

/** A step that ends when it is aborted. */
async function untilAborted({ signal }: Pick<StepContext, 'signal'>): Promise<null> {
  log.push('began')
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  log.push('ended')
  return null
}
const working = defineSaga({ name: 'w', version: 1, steps: { a: step({ run: untilAborted }) } })

let fails = true
const failing = defineSaga({
  name: 'f',
  version: 1,
  steps: {
    a: step({
      run: () => {
        log.push('tried')
        return fails ? failure(new HoldfastError('STEP_FAILED', 'no')) : null
      },
      autoRetry: { attempts: 5, delay: 1000 },
    }),
  },
})

function newRunner(): Runner {
  return createRunner({ journal: memoryJournal({ store, clock }), sagas: [working, failing], clock })
}

describe('once a runner is being shut down', () => {
  it.each([0, 1, 2, 3, 5, 8])(
    'what was just being started (%i turns before) has stopped when that is over',
    async (hops) => {
      const runner = newRunner()
      const started = runner.start(working, null).then(
        () => 'started',
        (error: unknown) => error,
      )
      for (let hop = 0; hop < hops; hop++) await Promise.resolve()
      await runner.shutdown()
      const done = [...log]
      await nextTurn()
      expect(log).toEqual(done)
      expect(log.filter((word) => word === 'began')).toHaveLength(log.length / 2)
      await started
    },
  )

  it('no run is gone on with', async () => {
    const runner = newRunner()
    const run = await runner.start(failing, null)
    await run.outcome()
    const stopping = runner.shutdown()
    await expect(run.retry()).rejects.toMatchObject({ code: 'RUNNER_CLOSED' })
    await stopping
    await expect(run.discard()).rejects.toMatchObject({ code: 'RUNNER_CLOSED' })
    await expect(runner.start(failing, null)).rejects.toMatchObject({ code: 'RUNNER_CLOSED' })
    expect(log).toEqual(['tried'])
  })

  it('no automatic retry begins, and the next runner has it', async () => {
    const runner = newRunner()
    await (await runner.start(failing, null)).outcome()
    const other = await runner.start(working, null)
    const stopping = runner.shutdown()
    await clock.advance(1000)
    await stopping
    expect(log.filter((word) => word === 'tried')).toHaveLength(1)
    expect(await other.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
    fails = false
    const { resumed } = await newRunner().recover()
    await clock.advance(1000)
    expect(await Promise.all(resumed.map((run) => run.outcome()))).toMatchObject([{ status: 'done' }])
    fails = true
  })

  it('what a recovery has taken over and not begun is left as it was', async () => {
    const first = newRunner()
    const started = await Promise.all([1, 2, 3].map((n) => first.start(working, n)))
    dieWith(store)
    log = []
    const second = newRunner()
    const recovery = second.recover()
    await second.shutdown()
    await recovery
    const begun = log.filter((word) => word === 'began').length
    expect(log.filter((word) => word === 'ended')).toHaveLength(begun)
    const third = newRunner()
    expect((await third.recover()).resumed).toHaveLength(started.length - begun)
    await third.shutdown()
  })

  it('whoever asks a second time waits for the same end', async () => {
    const runner = newRunner()
    await runner.start(working, null)
    const [first, second] = [runner.shutdown(), runner.shutdown()]
    await second
    expect(log).toEqual(['began', 'ended'])
    await first
  })

  it('a hook that pauses before its next try is left to the next recovery', async () => {
    const hooked = defineSaga({
      name: 'h',
      version: 1,
      steps: { a: step({ run: () => null }) },
      hooks: {
        tell: {
          run: () => {
            log.push('told')
            throw new Error('not yet')
          },
          retry: { attempts: 9, delay: 60_000 },
        },
      },
    })
    const runner = createRunner({ journal: memoryJournal({ store, clock }), sagas: [hooked], clock })
    const run = await runner.start(hooked, null)
    await run.outcome()
    await nextTurn()
    await runner.shutdown()
    expect(log).toEqual(['told'])
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    const next = createRunner({ journal: memoryJournal({ store, clock }), sagas: [hooked], clock })
    expect((await next.recover()).resumed).toHaveLength(1)
    await next.shutdown()
  })
})
