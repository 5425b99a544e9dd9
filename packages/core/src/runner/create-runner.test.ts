import { afterEach, describe, expect, it } from 'vitest'
import { dieWith } from '../../test/dead-process.js'
import {
  type AnySaga,
  createRunner,
  defineSaga,
  failure,
  HoldfastError,
  type Journal,
  type JournalWrite,
  type Json,
  MemoryJournalStore,
  memoryJournal,
  type Run,
  type RunEvent,
  type Runner,
  step,
} from '../index.js'
import { type KillPoint, killAt, killPoints } from '../testing/kill-at.js'
import { VirtualClock } from '../testing/virtual-clock.js'

/** A promise and its resolvers. */
function deferred<Value = void>() {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

const runners: Runner[] = []
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.shutdown({ deadline: 100 })
})

function runnerOf(sagas: AnySaga[], more: Partial<Parameters<typeof createRunner>[0]> = {}): Runner {
  const runner = createRunner({ journal: memoryJournal(), sagas, ...more })
  runners.push(runner)
  return runner
}

function record(run: Run): RunEvent[] {
  const events: RunEvent[] = []
  run.events.on('event', (event) => events.push(event))
  return events
}

const types = (events: readonly RunEvent[]) => events.map(({ type }) => type)

describe('a run', () => {
  it('goes through its steps, each given the typed outputs of those before, and ends done', async () => {
    const a = step({ run: () => ({ n: 1 }) })
    const b = step({ run: (context) => context.output(a).n + 1, pivot: true })
    const saga = defineSaga({ name: 'two', version: 1, steps: { a, b } })
    const run = await runnerOf([saga]).start(saga, { x: 1 }, { owner: 'me' })
    const events = record(run)
    expect(await run.outcome()).toEqual({
      status: 'done',
      run: run.id,
      outputs: { a: { n: 1 }, b: 2 },
      facts: {},
    })
    expect(types(events)).toEqual(['step.succeeded', 'step.started', 'step.succeeded', 'run.ended'])
    expect(run.view.getSnapshot()).toMatchObject({ state: 'done', owner: 'me', progress: { overall: 1 } })
  })

  it('parks at the failed step; a retry re-enters it and no other', async () => {
    const ran: string[] = []
    let tries = 0
    const a = step({ run: () => void ran.push('a') })
    const b = step({
      run: () => {
        ran.push('b')
        return ++tries === 1 ? failure(new HoldfastError('DISK_FULL', 'full', { hint: 'make room' })) : 'b'
      },
      compensate: () => void ran.push('undo b'),
    })
    const saga = defineSaga({ name: 'two', version: 1, steps: { a, b } })
    const run = await runnerOf([saga]).start(saga, null)
    const parked = await run.outcome()
    expect(parked).toMatchObject({
      status: 'retryable',
      step: 'b',
      attempt: 1,
      error: { code: 'DISK_FULL', hint: 'make room' },
    })
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(ran).toEqual(['a', 'b', 'undo b', 'b'])
  })

  it('emits its terminal event once, after its state is durable', async () => {
    const journal = memoryJournal()
    const saga = defineSaga({ name: 'one', version: 1, steps: { a: step({ run: () => null }) } })
    const run = await runnerOf([saga], { journal }).start(saga, null)
    const durable: Promise<unknown>[] = []
    run.events.on('run.ended', () => durable.push(journal.runs({ id: run.id })))
    await run.outcome()
    expect(await Promise.all(durable)).toMatchObject([[{ status: 'done' }]])
  })

  it('goes on although a listener of the host throws', async () => {
    const told: unknown[] = []
    const saga = defineSaga({ name: 'one', version: 1, steps: { a: step({ run: () => null }) } })
    const run = await runnerOf([saga], { onListenerError: (error) => told.push(error) }).start(saga, null)
    run.events.on('step.succeeded', () => {
      throw new Error('a bug in the host')
    })
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(told).toEqual([new Error('a bug in the host')])
  })

  it('refuses an input, an output and a checkpoint that JSON cannot carry', async () => {
    const bad = step({ run: () => ({ when: new Date() }) })
    const saga = defineSaga({ name: 'bad', version: 1, steps: { bad } })
    const runner = runnerOf([saga])
    await expect(runner.start(saga, { f: () => {} })).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE' })
    const run = await runner.start(saga, null)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'NOT_SERIALIZABLE' } })
  })

  it('shows progress that never goes back', async () => {
    const seen: number[] = []
    const a = step({
      run: async ({ progress }) => {
        for (const done of [1, 5, 3, 8]) {
          progress({ done, total: 10, unit: 'items' })
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        return null
      },
    })
    const saga = defineSaga({ name: 'one', version: 1, steps: { a } })
    const run = await runnerOf([saga], { progressInterval: 1 }).start(saga, null)
    run.events.on('step.progress', ({ progress }) => seen.push(progress.done))
    await run.outcome()
    expect(seen).toEqual([...seen].sort((x, y) => x - y))
    expect(seen.length).toBeGreaterThan(1)
  })
})

describe('starting', () => {
  const gate = deferred()
  const slow = step({ run: () => gate.promise.then(() => null) })
  const saga = defineSaga({ name: 'slow', version: 1, steps: { slow }, resources: () => ['device:1'] })

  it('joins the run under way with the same key and input, and refuses the key with another input', async () => {
    const runner = runnerOf([saga])
    const [first, second] = await Promise.all([
      runner.start(saga, { n: 1 }, { key: 'k' }),
      runner.start(saga, { n: 1 }, { key: 'k' }),
    ])
    expect(second.id).toBe(first.id)
    await expect(runner.start(saga, { n: 2 }, { key: 'k' })).rejects.toMatchObject({
      code: 'RUN_UNDER_WAY',
      facts: { run: first.id },
    })
    await expect(runner.start(saga, { n: 3 }, { key: 'other' })).rejects.toMatchObject({
      code: 'LEASE_HELD',
      facts: { what: 'device:1' },
    })
  })

  it('joins nobody else’s run under a key that was given for both', async () => {
    const other = defineSaga({ name: 'other', version: 1, steps: { slow } })
    const runner = runnerOf([saga, other])
    const run = await runner.start(saga, null, { owner: 'alice', key: 'mine' })
    const refused = { code: 'RUN_UNDER_WAY', facts: { run: run.id } }
    await expect(runner.start(other, null, { owner: 'alice', key: 'mine' })).rejects.toMatchObject(refused)
    expect((await runner.start(saga, null, { owner: 'alice', key: 'mine' })).id).toBe(run.id)
    await expect(runner.start(other, null, { owner: 'bob', key: 'mine' })).rejects.toMatchObject(refused)
  })

  it('lists no runs by a condition that it does not know', async () => {
    const runner = runnerOf([saga])
    const misspelt: object = { onwer: 'alice' }
    await expect(runner.runs(misspelt)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' })
    expect(await runner.runs({ owner: '', unattended: true, limit: 1 })).toEqual([])
  })

  it('refuses an unknown saga, and anything after shutdown', async () => {
    const runner = runnerOf([saga])
    await expect(runner.start('nope', null)).rejects.toMatchObject({ code: 'SAGA_UNKNOWN' })
    await runner.shutdown()
    await expect(runner.start(saga, null)).rejects.toMatchObject({ code: 'RUNNER_CLOSED' })
  })
})

describe('cancelling', () => {
  it('waits until the step has really stopped before it undoes it, and resolves when the run rests', async () => {
    const order: string[] = []
    const started = deferred()
    const slow = step({
      run: async ({ signal }) => {
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        order.push('aborted')
        await new Promise((resolve) => setTimeout(resolve, 30))
        order.push('stopped')
        throw signal.reason
      },
      compensate: ({ reason }) => void order.push(`undone: ${reason}`),
    })
    const saga = defineSaga({ name: 'slow', version: 1, steps: { slow } })
    const run = await runnerOf([saga]).start(saga, null)
    await started.promise
    await run.cancel()
    expect(order).toEqual(['aborted', 'stopped', 'undone: cancelled'])
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'slow',
      error: { code: 'CANCELLED' },
    })
  })

  it('of a step without undo resolves only when the step has stopped, and a retry begins after that', async () => {
    const order: string[] = []
    const started = deferred()
    let attempt = 0
    const slow = step({
      run: async ({ signal }) => {
        if (++attempt > 1) return void order.push('second attempt')
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await new Promise((resolve) => setTimeout(resolve, 30))
        order.push('stopped')
        return undefined
      },
    })
    const saga = defineSaga({ name: 'slow', version: 1, steps: { slow } })
    const run = await runnerOf([saga]).start(saga, null)
    await started.promise
    const cancelled = run.cancel().then(() => order.push('cancelled'))
    await cancelled
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(order).toEqual(['stopped', 'cancelled', 'second attempt'])
  })

  it('does not cut an undo short', async () => {
    const undoing = deferred()
    const finish = deferred()
    const bad = step({
      run: () => failure(new Error('no')),
      compensate: async () => {
        undoing.resolve()
        await finish.promise
      },
    })
    const saga = defineSaga({ name: 'bad', version: 1, steps: { bad } })
    const run = await runnerOf([saga]).start(saga, null)
    await undoing.promise
    const cancelled = run.cancel()
    finish.resolve()
    await cancelled
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { message: 'no' } })
  })
})

describe('discarding', () => {
  it('hands its options to the undos and ends discarded', async () => {
    const seen: Json[] = []
    const a = step({
      run: () => 'made',
      compensate: ({ options, output }) => void seen.push([options, output]),
    })
    const b = step({ run: () => failure(new Error('no')) })
    const saga = defineSaga({ name: 'two', version: 1, steps: { a, b } })
    const run = await runnerOf([saga]).start(saga, null)
    await run.outcome()
    expect(await run.discard({ backup: 'delete' })).toMatchObject({ status: 'discarded' })
    expect(seen).toEqual([[{ backup: 'delete' }, 'made']])
    await expect(run.retry()).rejects.toMatchObject({ code: 'RUN_ENDED' })
  })

  it('of a working run aborts the step first', async () => {
    const started = deferred()
    const order: string[] = []
    const slow = step({
      run: async ({ signal }) => {
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        order.push('stopped')
        throw signal.reason
      },
      compensate: () => void order.push('undone'),
    })
    const saga = defineSaga({ name: 'slow', version: 1, steps: { slow } })
    const run = await runnerOf([saga]).start(saga, null)
    await started.promise
    expect(await run.discard()).toMatchObject({ status: 'discarded' })
    expect(order).toEqual(['stopped', 'undone'])
  })

  it('during the undo of a failure undoes again, for the new reason, and goes on to the steps before', async () => {
    const undoing = deferred()
    const finish = deferred()
    const order: string[] = []
    const a = step({ run: () => 'a', compensate: ({ reason }) => void order.push(`a: ${reason}`) })
    const b = step({
      run: () => failure(new Error('no')),
      compensate: async ({ reason }) => {
        undoing.resolve()
        await finish.promise
        order.push(`b: ${reason}`)
      },
    })
    const saga = defineSaga({ name: 'two', version: 1, steps: { a, b } })
    const run = await runnerOf([saga]).start(saga, null)
    await undoing.promise
    const discarded = run.discard()
    finish.resolve()
    expect(await discarded).toMatchObject({ status: 'discarded' })
    expect(order).toEqual(['b: failed', 'b: discarded', 'a: discarded'])
  })

  it('is refused past the pivot', async () => {
    const saga = defineSaga({
      name: 'p',
      version: 1,
      steps: { a: step({ run: () => null, pivot: true }), b: step({ run: () => failure(new Error('no')) }) },
    })
    const run = await runnerOf([saga]).start(saga, null)
    await run.outcome()
    await expect(run.discard()).rejects.toMatchObject({ code: 'RUN_PAST_PIVOT' })
  })
})

describe('asking', () => {
  const secret = 'correct horse battery staple'

  it('shows what it waits for, hands the answer to the step, and writes it nowhere', async () => {
    const store = new MemoryJournalStore()
    const got: Json[] = []
    const unlock = step({
      run: async ({ ask }) => {
        got.push(await ask({ kind: 'password', message: 'The backup’s password', secret: true }))
        return null
      },
    })
    const saga = defineSaga({ name: 'unlock', version: 1, steps: { unlock } })
    const run = await runnerOf([saga], { journal: memoryJournal({ store }) }).start(saga, null)
    const events = record(run)
    const asked = deferred()
    run.events.on('run.asked', () => asked.resolve())
    await asked.promise
    expect(run.view.getSnapshot().ask).toEqual({
      kind: 'password',
      message: 'The backup’s password',
      secret: true,
    })
    await expect(run.provide('passcode', '1')).rejects.toMatchObject({ code: 'NOTHING_ASKED' })
    await run.provide('password', secret)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(got).toEqual([secret])
    const everything = JSON.stringify([[...store.runs.values()], events, run.view.getSnapshot()])
    expect(everything).not.toContain(secret)
    expect(everything).toContain('run.answered')
  })

  it('shows the question of a process that died only when the step has asked again', async () => {
    const store = new MemoryJournalStore()
    const gate = deferred()
    const unlock = (before: Promise<void>) =>
      defineSaga({
        name: 'unlock',
        version: 1,
        steps: {
          unlock: step({
            run: async ({ ask }) => {
              await before
              return ask({ kind: 'password', message: 'The backup’s password', secret: true })
            },
          }),
        },
      })
    const first = unlock(Promise.resolve())
    const dead = await createRunner({ journal: memoryJournal({ store }), sagas: [first] }).start(first, null)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(dead.view.getSnapshot().ask).toMatchObject({ kind: 'password' })
    dieWith(store)
    const runner = runnerOf([unlock(gate.promise)], { journal: memoryJournal({ store }) })
    const [run] = (await runner.recover()).resumed
    if (run === undefined) throw new Error('the run was not resumed')
    expect(run.view.getSnapshot().ask).toBeNull()
    const asked = deferred()
    run.events.on('run.asked', () => asked.resolve())
    gate.resolve()
    await asked.promise
    expect(run.view.getSnapshot().ask).toMatchObject({ kind: 'password' })
    await run.provide('password', secret)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
  })

  it('takes the answer that was given elsewhere, and shows the question no more', async () => {
    const tapped = deferred()
    const shown: (string | null)[] = []
    const trust = step({
      run: async ({ ask }) => {
        const elsewhere = tapped.promise.then(() => 'tapped')
        const answers = [await ask({ kind: 'trust', message: 'Tap Trust', elsewhere })]
        shown.push(run.view.getSnapshot().ask?.kind ?? null)
        return [...answers, await ask({ kind: 'passcode', message: 'Enter it' })]
      },
    })
    const saga = defineSaga({ name: 'trust', version: 1, steps: { trust } })
    const store = new MemoryJournalStore()
    const run = await runnerOf([saga], { journal: memoryJournal({ store }) }).start(saga, null)
    run.events.on('run.asked', ({ ask }) => {
      shown.push(ask.kind)
      if (ask.kind === 'trust') tapped.resolve()
      else void run.provide('passcode', 'entered')
    })
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(shown).toEqual(['trust', null, 'passcode'])
    expect(JSON.stringify([...store.runs.values()]).match(/run\.answered/g)).toHaveLength(2)
  })

  it('fails as the answer from elsewhere fails', async () => {
    const trust = step({
      run: async ({ ask }) => {
        const elsewhere = Promise.reject(new HoldfastError('TRUST_DENIED', 'No'))
        return ask({ kind: 'trust', message: 'Tap Trust', elsewhere })
      },
    })
    const saga = defineSaga({ name: 'trust', version: 1, steps: { trust } })
    const run = await runnerOf([saga]).start(saga, null)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'TRUST_DENIED' } })
    expect(run.view.getSnapshot().ask).toBeNull()
  })

  it('stands the timeout and the stall limit still', async () => {
    const clock = new VirtualClock()
    const slow = step({
      timeout: 1000,
      stall: 500,
      run: async ({ ask }) => ask({ kind: 'trust', message: 'Tap Trust' }),
    })
    const saga = defineSaga({ name: 'slow', version: 1, steps: { slow } })
    const run = await runnerOf([saga], { clock, journal: memoryJournal({ clock }) }).start(saga, null)
    await clock.advance(3_600_000)
    expect(run.view.getSnapshot()).toMatchObject({ state: 'slow', ask: { kind: 'trust' } })
    await run.provide('trust', true)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
  })
})

describe('limits', () => {
  const hang = (more: { timeout?: number; stall?: number }, activity?: number) => {
    const clock = new VirtualClock()
    const slow = step({
      ...more,
      run: ({ signal, activity: alive }) =>
        new Promise<null>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
          const beat = () => {
            alive()
            if (activity !== undefined) clock.setTimeout(beat, activity)
          }
          beat()
        }),
    })
    return { clock, saga: defineSaga({ name: 'slow', version: 1, steps: { slow } }) }
  }

  it('a step past its timeout fails with STEP_TIMED_OUT', async () => {
    const { clock, saga } = hang({ timeout: 60_000 }, 1000)
    const run = await runnerOf([saga], { clock, journal: memoryJournal({ clock }) }).start(saga, null)
    await clock.advance(59_000)
    expect(run.view.getSnapshot().state).toBe('slow')
    await clock.advance(2000)
    expect(await run.outcome()).toMatchObject({ error: { code: 'STEP_TIMED_OUT' } })
  })

  it('a silent step fails with STEP_STALLED, an active one does not', async () => {
    const silent = hang({ stall: 5000 })
    const one = await runnerOf([silent.saga], {
      clock: silent.clock,
      journal: memoryJournal({ clock: silent.clock }),
    }).start(silent.saga, null)
    await silent.clock.advance(6000)
    expect(await one.outcome()).toMatchObject({ error: { code: 'STEP_STALLED' } })
    const active = hang({ stall: 5000 }, 4000)
    const two = await runnerOf([active.saga], {
      clock: active.clock,
      journal: memoryJournal({ clock: active.clock }),
    }).start(active.saga, null)
    await active.clock.advance(60_000)
    expect(two.view.getSnapshot().state).toBe('slow')
  })

  it('losing a resource fails the step that needs it, and no other', async () => {
    const step1 = (needs: string[]) =>
      step({
        needs,
        run: ({ signal }) =>
          new Promise<null>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      })
    const phone = defineSaga({ name: 'phone', version: 1, steps: { a: step1(['device']) } })
    const files = defineSaga({ name: 'files', version: 1, steps: { a: step1([]) } })
    const runner = runnerOf([phone, files])
    const [one, two] = [await runner.start(phone, null), await runner.start(files, null)]
    await new Promise((resolve) => setTimeout(resolve, 5))
    runner.lose('device')
    expect(await one.outcome()).toMatchObject({ status: 'retryable', error: { code: 'RESOURCE_LOST' } })
    expect(two.view.getSnapshot().state).toBe('a')
  })
})

describe('time', () => {
  it('a parked run goes on by itself while its policy allows, and then waits for somebody', async () => {
    const clock = new VirtualClock()
    let tries = 0
    const bad = step({
      run: () => failure(new Error(`try ${++tries}`)),
      autoRetry: { attempts: 2, delay: 60_000, jitter: 0 },
    })
    const saga = defineSaga({ name: 'bad', version: 1, steps: { bad } })
    const run = await runnerOf([saga], { clock, journal: memoryJournal({ clock }) }).start(saga, null)
    await clock.advance(0)
    const parked = await run.outcome()
    expect(parked).toMatchObject({ status: 'retryable', wakeAt: clock.now() + 60_000 })
    await clock.advance(60_000)
    expect(tries).toBe(2)
    await clock.advance(59_000)
    expect(tries).toBe(2)
    await clock.advance(1000)
    expect(tries).toBe(3)
    await clock.advance(10 * 86_400_000)
    expect(tries).toBe(3)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', wakeAt: null })
  })

  it('a deadline beyond 24.8 days is kept', async () => {
    const clock = new VirtualClock()
    let tries = 0
    const month = 30 * 86_400_000
    const bad = step({
      run: () => failure(new Error(`try ${++tries}`)),
      retry: { attempts: 2, delay: month, maxDelay: month, jitter: 0 },
    })
    const saga = defineSaga({ name: 'bad', version: 1, steps: { bad } })
    await runnerOf([saga], { clock, journal: memoryJournal({ clock, leaseDuration: 2 * month }) }).start(
      saga,
      null,
    )
    await clock.advance(month - 1)
    expect(tries).toBe(1)
    await clock.advance(1)
    expect(tries).toBe(2)
  })
})

describe('recovery', () => {
  /** A saga that fails, undoes, backs off, parks and goes on by itself before it is done; `applied` is its library. */
  function eventful() {
    const applied = new Set<string>()
    let tries = 0
    const a = step({
      run: async ({ saveCheckpoint }) => {
        await saveCheckpoint(1)
        applied.add('a')
        return 'a'
      },
    })
    const b = step({
      run: () => {
        applied.add('b')
        return ++tries < 3 ? failure(new Error('not yet')) : 'b'
      },
      compensate: () => void applied.delete('b'),
      retry: { attempts: 2, delay: 1000 },
      autoRetry: { attempts: 10, delay: 5000 },
    })
    const c = step({
      run: () => {
        applied.add('c')
        return 'c'
      },
      pivot: true,
    })
    return { applied, saga: defineSaga({ name: 'abc', version: 1, steps: { a, b, c } }) }
  }

  it('after a kill before or after any commit, the run ends as if there had been none', async () => {
    const undisturbed = killAt()
    const clock = new VirtualClock()
    const { saga } = eventful()
    const journal = undisturbed.journal(memoryJournal({ clock }))
    await createRunner({ journal, sagas: [saga], clock }).start(saga, null)
    await clock.advance(60_000)
    expect(undisturbed.commits).toBeGreaterThan(6)
    for (const point of killPoints(undisturbed.commits)) await killAndRecover(point)
  })

  async function killAndRecover(point: KillPoint): Promise<void> {
    const store = new MemoryJournalStore()
    const clock = new VirtualClock()
    const { saga, applied } = eventful()
    const journal = () => memoryJournal({ store, clock })
    const process = killAt(point)
    const first = createRunner({
      journal: process.journal(journal()),
      sagas: [saga],
      clock: process.clock(clock),
    })
    void first.start(saga, null)
    await clock.advance(60_000)
    const second = createRunner({ journal: journal(), sagas: [saga], clock })
    await second.recover()
    // Killed before its first entry, there is no run yet; killed after its last, it has ended.
    if ((await second.runs()).length === 0) await second.start(saga, null)
    await clock.advance(60_000)
    const claim = `killed ${point.when} commit ${point.commit}`
    expect(process.isDead, claim).toBe(true)
    expect(await second.runs(), claim).toMatchObject([{ status: 'done' }])
    expect([...applied].sort(), claim).toEqual(['a', 'b', 'c'])
    await second.shutdown()
  }

  it('a run that cannot be recovered does not keep the others from it', async () => {
    const store = new MemoryJournalStore()
    const clock = new VirtualClock()
    const never = step({ run: () => new Promise<null>(() => {}) })
    const old = defineSaga({
      name: 'old',
      version: 1,
      steps: { a: step({ run: () => new Promise<null>(() => {}) }) },
    })
    const kept = defineSaga({ name: 'kept', version: 1, steps: { never } })
    const first = createRunner({ journal: memoryJournal({ store, clock }), sagas: [old, kept], clock })
    const gone = await first.start(old, 1)
    const damaged = await first.start(kept, 2)
    const good = await first.start(kept, 3)
    store.runs
      .get(damaged.id)
      ?.entries.splice(0, 1, JSON.stringify({ seq: 2, at: 1, body: { type: 'run.started', input: 0 } }))
    dieWith(store)
    const newer = defineSaga({ name: 'old', version: 2, steps: { a: step({ run: () => null }) } })
    const second = createRunner({ journal: memoryJournal({ store, clock }), sagas: [newer, kept], clock })
    const recovery = await second.recover()
    expect(recovery.resumed.map(({ id }) => id)).toEqual([good.id])
    expect(recovery.setAside.map(({ run, error }) => [run, error.code])).toEqual([
      [gone.id, 'SAGA_UNKNOWN'],
      [damaged.id, 'JOURNAL_DAMAGED'],
    ])
  })

  it('hands a step that a dead process left its last checkpoint, and a retry of it is not refused', async () => {
    const store = new MemoryJournalStore()
    const found: Json[] = []
    const saga = (hang: boolean) =>
      defineSaga({
        name: 's',
        version: 1,
        steps: {
          a: step({
            run: async ({ checkpoint, saveCheckpoint }) => {
              found.push(checkpoint)
              await saveCheckpoint({ saved: found.length })
              if (hang) await new Promise(() => {})
              return null
            },
          }),
        },
      })
    const first = saga(true)
    const { id } = await createRunner({ journal: memoryJournal({ store }), sagas: [first] }).start(
      first,
      null,
    )
    await new Promise((resolve) => setTimeout(resolve, 5))
    dieWith(store)
    const run = await runnerOf([saga(false)], { journal: memoryJournal({ store }) }).open(id)
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
    expect(found).toEqual([null, { saved: 1 }])
  })

  it('leaves a run alone that another living runner drives', async () => {
    const store = new MemoryJournalStore()
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: { a: step({ run: () => new Promise<null>(() => {}) }) },
    })
    const run = await runnerOf([saga], { journal: memoryJournal({ store }) }).start(saga, null)
    const other = runnerOf([saga], { journal: memoryJournal({ store }) })
    expect((await other.recover()).elsewhere).toEqual([run.id])
    await expect((await other.open(run.id)).retry()).rejects.toMatchObject({ code: 'LEASE_HELD' })
  })

  it('a runner whose run was taken over writes nothing more and says so', async () => {
    const store = new MemoryJournalStore()
    const clock = new VirtualClock()
    const gate = deferred()
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: { a: step({ run: () => gate.promise.then(() => 'old') }) },
    })
    const run = await runnerOf([saga], { journal: memoryJournal({ store, clock }), clock }).start(saga, null)
    const lease = store.leases.get(run.id)
    if (lease !== undefined) store.leases.set(run.id, { ...lease, expiresAt: 0 })
    const other = memoryJournal({ store, clock })
    await other.claim([run.id])
    gate.resolve()
    expect(await run.outcome()).toMatchObject({ status: 'suspended', error: { code: 'LEASE_LOST' } })
    expect(await other.entries(run.id)).toHaveLength(1)
  })

  it('looks whether the lease is still its own before it begins anything in the last moments of it', async () => {
    const clock = new VirtualClock()
    const inner = memoryJournal({ clock, leaseDuration: 30_000 })
    const order: string[] = []
    const journal: Journal = {
      ...inner,
      commit: async (writes) => {
        const results = await inner.commit(writes)
        // The process was stopped, or the machine slept, while the commit was flushed.
        clock.jump(29_999)
        return results
      },
      renew: async (leases) => {
        order.push('looks')
        return inner.renew(leases)
      },
    }
    const a = step({ run: () => void order.push('a') })
    const b = step({ run: () => void order.push('b') })
    const saga = defineSaga({ name: 's', version: 1, steps: { a, b } })
    const run = await runnerOf([saga], { journal, clock }).start(saga, null)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(order).toEqual(['looks', 'a', 'looks', 'b'])
  })

  it('a journal that fails suspends the run, and a retry goes on when it works again', async () => {
    const inner = memoryJournal()
    let broken = false
    let ran = 0
    const journal = {
      ...inner,
      commit: async (writes: readonly JournalWrite[]) => {
        if (broken) throw new HoldfastError('DISK_FULL', 'full')
        return inner.commit(writes)
      },
    }
    const a = step({
      run: () => {
        ran += 1
        broken = ran === 1
        return 'a'
      },
    })
    const saga = defineSaga({ name: 's', version: 1, steps: { a, b: step({ run: () => 'b' }) } })
    const run = await runnerOf([saga], { journal }).start(saga, null)
    expect(await run.outcome()).toMatchObject({ status: 'suspended', error: { code: 'DISK_FULL' } })
    broken = false
    await run.retry()
    // The result of the first attempt was never durable, so the step ran again.
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { a: 'a', b: 'b' } })
    expect(ran).toBe(2)
  })
})

describe('hooks', () => {
  it('run after done, are retried, and never change the outcome', async () => {
    const clock = new VirtualClock()
    let tries = 0
    const a = step({ run: () => 7 })
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: { a },
      hooks: {
        tell: {
          run: ({ output }) => (++tries < 3 ? Promise.reject(new Error('mail is down')) : output(a)),
          retry: { attempts: 5, delay: 100 },
        },
        hopeless: { run: () => Promise.reject(new Error('never')), retry: { attempts: 2, delay: 100 } },
      },
    })
    const journal = memoryJournal({ clock })
    const run = await runnerOf([saga], { clock, journal }).start(saga, null)
    const events = record(run)
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    await clock.advance(10_000)
    expect(types(events).filter((type) => type.startsWith('hook'))).toEqual([
      'hook.failed',
      'hook.failed',
      'hook.succeeded',
      'hook.failed',
      'hook.failed',
    ])
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(await journal.runs({ unattended: true })).toEqual([])
  })

  it('are run one after the other, each once where nothing fails', async () => {
    const ran: string[] = []
    const hook = (name: string) => ({
      run: async () => {
        ran.push(name)
        await new Promise((resolve) => setTimeout(resolve, 5))
        ran.push(`${name} is over`)
      },
    })
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: { a: step({ run: () => null }) },
      hooks: { link: hook('link'), tell: hook('tell'), tidy: hook('tidy') },
    })
    const runner = runnerOf([saga])
    await (await runner.start(saga, null)).outcome()
    await runner.shutdown()
    expect(ran).toEqual(['link', 'link is over', 'tell', 'tell is over', 'tidy', 'tidy is over'])
  })

  it('that a crash left are run by recover', async () => {
    const store = new MemoryJournalStore()
    const clock = new VirtualClock()
    const ran: string[] = []
    const saga = (hook: () => unknown) =>
      defineSaga({
        name: 's',
        version: 1,
        steps: { a: step({ run: () => null }) },
        hooks: { tell: { run: hook } },
      })
    const dead = saga(() => new Promise(() => {}))
    const run = await createRunner({ journal: memoryJournal({ store, clock }), sagas: [dead], clock }).start(
      dead,
      null,
    )
    await run.outcome()
    dieWith(store)
    const second = runnerOf([saga(() => void ran.push('told'))], {
      journal: memoryJournal({ store, clock }),
      clock,
    })
    await second.recover()
    await clock.advance(10)
    expect(ran).toEqual(['told'])
  })
})

describe('shutdown', () => {
  it('parks what runs, and leaves what does not stop in time to recover()', async () => {
    const store = new MemoryJournalStore()
    const polite = defineSaga({
      name: 'polite',
      version: 1,
      steps: {
        a: step({
          run: ({ signal }) =>
            new Promise<null>((_, no) => signal.addEventListener('abort', () => no(signal.reason))),
        }),
      },
    })
    const deaf = defineSaga({
      name: 'deaf',
      version: 1,
      steps: { a: step({ run: () => new Promise<null>(() => {}) }) },
    })
    const runner = createRunner({ journal: memoryJournal({ store }), sagas: [polite, deaf] })
    const one = await runner.start(polite, null)
    const two = await runner.start(deaf, null)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await runner.shutdown({ deadline: 50 })
    expect(await one.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
    expect(two.view.getSnapshot().suspended).toMatchObject({ code: 'RUN_SUSPENDED' })
  })
})

describe('a group commit', () => {
  it('holds the writes of runs that finish a step in the same tick', async () => {
    const inner = memoryJournal()
    const groups: number[] = []
    const journal = {
      ...inner,
      commit: (writes: readonly JournalWrite[]) => {
        groups.push(writes.length)
        return inner.commit(writes)
      },
    }
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: { a: step({ run: () => 1 }), b: step({ run: () => 2 }) },
    })
    const runner = runnerOf([saga], { journal })
    const runs = await Promise.all(Array.from({ length: 20 }, (_, n) => runner.start(saga, n)))
    for (const run of runs) expect((await run.outcome()).status).toBe('done')
    expect(groups).toEqual([20, 20, 20])
  })
})
