import { afterEach, describe, expect, it } from 'vitest'
import {
  createRunner,
  defineSaga,
  failure,
  HoldfastError,
  type Journal,
  MemoryJournalStore,
  memoryJournal,
  type Run,
  type Runner,
  type StartOptions,
  step,
} from '../index.js'
import { VirtualClock } from '../testing/virtual-clock.js'

const runners: Runner[] = []
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.shutdown({ deadline: 10 })
})

/** Processes on one journal; each run works until the test ends it by its name, which is its input. */
function processes() {
  const store = new MemoryJournalStore()
  const clock = new VirtualClock()
  const ends = new Map<string, (result: unknown) => void>()
  const begun: string[] = []
  let endHooks: () => void = () => {}
  const hook = new Promise<void>((resolve) => {
    endHooks = resolve
  })
  const a = step({
    run: ({ input, signal }) =>
      new Promise<unknown>((resolve, reject) => {
        const { name } = input as { name: string }
        begun.push(name)
        ends.set(name, resolve)
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  })
  const saga = defineSaga({
    name: 's',
    version: 1,
    steps: { a },
    resources: (input) => (input as { needs: string[] }).needs,
  })
  const hooked = defineSaga({
    name: 'hooked',
    version: 1,
    steps: { b: step({ run: a.definition.run }) },
    hooks: { tell: { run: () => hook } },
  })
  let broken: string | null = null
  const newRunner = (): Runner => {
    const inner = memoryJournal({ store, clock })
    const journal: Journal = {
      ...inner,
      commit: async (writes) => {
        if (broken !== null && JSON.stringify(writes).includes(`"name":"${broken}"`)) {
          throw new HoldfastError('DISK_FULL', 'full')
        }
        return inner.commit(writes)
      },
    }
    const runner = createRunner({ journal, sagas: [saga, hooked], clock })
    runners.push(runner)
    return runner
  }
  return {
    store,
    clock,
    begun,
    endHooks,
    newRunner,
    /** From now on the journal fails when it is to write the beginning of the run of this name. */
    failToBegin: (name: string) => {
      broken = name
    },
    start: (
      runner: Runner,
      name: string,
      options: StartOptions & { needs?: string[]; saga?: string } = {},
    ) => {
      const { needs = [], saga: which = 's', ...rest } = options
      return runner.start(which, { name, needs }, { key: 'k', ...rest })
    },
    /** Ends the work of a run, and lets happen what follows. */
    end: async (name: string, result: unknown = null): Promise<void> => {
      ends.get(name)?.(result)
      await clock.advance(0)
    },
  }
}

const queue = { whenUnderWay: 'queue' } as const

describe('starting with a key that is under way', () => {
  it('is refused with the run’s id where the host wants no second start, also with the same input', async () => {
    const { newRunner, start, begun, end } = processes()
    const runner = newRunner()
    const first = await start(runner, 'one')
    await expect(start(runner, 'one', { whenUnderWay: 'reject' })).rejects.toMatchObject({
      code: 'RUN_UNDER_WAY',
      facts: { run: first.id },
      hint: expect.stringContaining(first.id),
    })
    expect(await runner.runs()).toHaveLength(1)
    await end('one')
    expect((await start(runner, 'one', { whenUnderWay: 'reject' })).id).not.toBe(first.id)
    expect(begun).toEqual(['one', 'one'])
  })

  it('waits in the queue until the run has ended, not only until it is parked, and then begins another', async () => {
    const { newRunner, start, begun, end, clock } = processes()
    const runner = newRunner()
    const first = await start(runner, 'one')
    const second = start(runner, 'one', queue)
    await end('one', failure(new Error('no')))
    await clock.advance(600_000)
    expect(begun).toEqual(['one'])
    await first.discard()
    expect((await second).id).not.toBe(first.id)
    await clock.advance(0)
    expect(begun).toEqual(['one', 'one'])
  })

  it('begins those that queue in the order in which they came, and others past them', async () => {
    const { newRunner, start, begun, end } = processes()
    const runner = newRunner()
    await start(runner, 'one', { needs: ['device:1'] })
    const queued = [
      start(runner, 'two', { ...queue, key: 'two', needs: ['device:1'] }),
      start(runner, 'three', { ...queue, key: 'three', needs: ['device:1', 'device:2'] }),
      start(runner, 'four', { ...queue, key: 'four', needs: ['device:2'] }),
      start(runner, 'five', { ...queue, key: 'five' }),
    ]
    await end('nobody')
    // Four needs something that three waits for, and came later; five needs nothing.
    expect(begun).toEqual(['one', 'five'])
    await end('one')
    expect(begun).toEqual(['one', 'five', 'two'])
    await end('two')
    await end('three')
    expect(begun).toEqual(['one', 'five', 'two', 'three', 'four'])
    const runs = await Promise.all(queued)
    expect(new Set(runs.map(({ id }: Run) => id)).size).toBe(4)
  })

  it('waits for a resource until its run rests, and without a timer while this process drives that run', async () => {
    const { newRunner, start, begun, end, clock } = processes()
    const runner = newRunner()
    await start(runner, 'one', { needs: ['device:1'] })
    const before = clock.pending
    void start(runner, 'two', { ...queue, key: 'two', needs: ['device:1'] })
    await clock.advance(0)
    expect(clock.pending).toBe(before)
    await end('one', failure(new Error('no')))
    expect(begun).toEqual(['one', 'two'])
  })

  it('begins when the run is done, although its hooks are still at work', async () => {
    const { newRunner, start, begun, end, endHooks } = processes()
    const runner = newRunner()
    await start(runner, 'one', { saga: 'hooked' })
    const second = start(runner, 'two', queue)
    await end('one')
    expect(begun).toEqual(['one', 'two'])
    endHooks()
    await second
  })

  it('looks again when the lease of another process could have ended', async () => {
    const { newRunner, start, begun, end, clock } = processes()
    await start(newRunner(), 'one')
    const second = start(newRunner(), 'two', queue)
    await end('one')
    await clock.advance(29_000)
    expect(begun).toEqual(['one'])
    await clock.advance(1000)
    expect(begun).toEqual(['one', 'two'])
    await second
  })

  it('looks again when the host says that the machine woke', async () => {
    const { newRunner, start, begun, end, clock } = processes()
    const [one, two] = [newRunner(), newRunner()]
    await start(one, 'one')
    const second = start(two, 'two', queue)
    await end('one')
    expect(begun).toEqual(['one'])
    two.wake()
    await second
    await clock.advance(0)
    expect(begun).toEqual(['one', 'two'])
  })
})

describe('a start that waits in the queue', () => {
  it('is given up by its signal, writes nothing, and lets the next one come', async () => {
    const { newRunner, start, begun, end, clock } = processes()
    const runner = newRunner()
    await start(runner, 'one')
    const giveUp = new AbortController()
    const second = start(runner, 'two', { ...queue, signal: giveUp.signal })
    const third = start(runner, 'three', queue)
    await clock.advance(0)
    giveUp.abort(new Error('the window was closed'))
    await expect(second).rejects.toMatchObject({
      code: 'START_GIVEN_UP',
      cause: new Error('the window was closed'),
    })
    await end('one')
    await third
    await clock.advance(0)
    expect(begun).toEqual(['one', 'three'])
    expect(await runner.runs()).toHaveLength(2)
  })

  it('whose signal has been given already does not even begin', async () => {
    const { newRunner, start } = processes()
    const runner = newRunner()
    await expect(start(runner, 'one', { ...queue, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'START_GIVEN_UP',
    })
    expect(await runner.runs()).toEqual([])
  })

  it('is refused when the runner is shut down', async () => {
    const { newRunner, start, begun, end } = processes()
    const runner = newRunner()
    await start(runner, 'one')
    const waiting = [start(runner, 'two', queue), start(runner, 'three', queue)].map((promise) =>
      promise.catch((error: unknown) => error),
    )
    await end('nobody')
    await runner.shutdown({ deadline: 10 })
    expect(await Promise.all(waiting)).toMatchObject([{ code: 'RUNNER_CLOSED' }, { code: 'RUNNER_CLOSED' }])
    await end('one')
    expect(begun).toEqual(['one'])
  })

  it('fails with what the journal fails with, and the next one is tried', async () => {
    const { newRunner, start, begun, end, clock, failToBegin } = processes()
    const runner = newRunner()
    await start(runner, 'one')
    const second = start(runner, 'two', queue).catch((error: unknown) => error)
    const third = start(runner, 'three', queue)
    await clock.advance(0)
    failToBegin('two')
    await end('one')
    expect(await second).toMatchObject({ code: 'DISK_FULL' })
    await third
    expect(begun).toEqual(['one', 'three'])
  })

  it.each([
    [{ whenUnderWay: 'wait' }, 'whenUnderWay'],
    [{ whenUnderWay: 'join', signal: new AbortController().signal }, 'signal'],
    [{ signal: new AbortController().signal }, 'signal'],
    [{ whenUnderWay: 'queue', signal: {} }, 'signal'],
  ])('is refused at once with options that make no sense: %o', async (options, option) => {
    const { newRunner, start } = processes()
    await expect(start(newRunner(), 'one', options as StartOptions)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      facts: { option },
    })
  })
})
