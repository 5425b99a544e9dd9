import { describe, expect, it } from 'vitest'
import { createActor, fromPromise, SimulatedClock, waitFor } from 'xstate'
import { begin, decide, defineSaga, failure, HoldfastError, step } from '../index.js'

const nothing = step({ run: () => null })

function archive(overrides: { store?: () => unknown; verify?: () => unknown } = {}) {
  const undone: string[] = []
  const collect = step({ run: () => ({ files: 3 }), compensate: () => void undone.push('collect') })
  const store = step({
    run: overrides.store ?? (() => 'stored'),
    compensate: () => void undone.push('store'),
  })
  const verify = step({ run: overrides.verify ?? (() => 'proof'), pivot: true })
  const saga = defineSaga({
    name: 'archive',
    version: 1,
    steps: { collect, store, verify, cleanup: step({ run: () => null }) },
    facts: ({ outputs }) => ({ collected: outputs['collect'] ?? null }),
  })
  return { saga, undone }
}

describe('a saga’s machine under createActor, without runner and journal', () => {
  it('passes through its steps to done', async () => {
    const { saga } = archive()
    const actor = createActor(saga.machine)
    const seen: string[] = []
    actor.subscribe((snapshot) => seen.push(snapshot.value))
    actor.start()
    await waitFor(actor, (snapshot) => snapshot.status === 'done')
    expect([...new Set(seen)]).toEqual(['collect', 'store', 'verify', 'cleanup', 'done'])
  })

  it('a host’s failing actor ends in retryable, with the facts of the steps before', async () => {
    const { saga, undone } = archive()
    const machine = saga.machine.provide({
      actors: {
        store: fromPromise(async () => {
          throw new HoldfastError('DISK_FULL', 'no space')
        }),
      },
    })
    const actor = createActor(machine).start()
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(context).toMatchObject({
      step: 'store',
      attempt: 1,
      error: { code: 'DISK_FULL' },
      collected: { files: 3 },
    })
    expect(undone).toEqual(['store'])
  })

  it.each([
    ['thrown', () => Promise.reject(new Error('no'))],
    ['returned as { ok: false }', () => failure(new Error('no'))],
    ['returned as { success: false }', () => ({ success: false, error: new Error('no') })],
  ])('a failure %s goes the same way', async (_, store) => {
    const { saga, undone } = archive({ store })
    const actor = createActor(saga.machine).start()
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(context.error).toMatchObject({ code: 'STEP_FAILED', message: 'no' })
    expect(context.finished).toEqual(['collect'])
    expect(undone).toEqual(['store'])
  })

  it('RETRY re-enters the failed step only', async () => {
    let tries = 0
    const { saga } = archive({
      store: () => {
        if (++tries === 1) throw new Error('once')
        return 'stored'
      },
    })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    actor.send({ type: 'RETRY' })
    const { context } = await waitFor(actor, (snapshot) => snapshot.status === 'done')
    expect(tries).toBe(2)
    expect(context.finished).toEqual(['collect', 'store', 'verify', 'cleanup'])
  })

  it('DISCARD undoes every finished step in reverse order', async () => {
    const { saga, undone } = archive({ verify: () => Promise.reject(new Error('no')) })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    actor.send({ type: 'DISCARD' })
    const { value } = await waitFor(actor, (snapshot) => snapshot.status === 'done')
    expect(value).toBe('discarded')
    expect(undone).toEqual(['store', 'collect'])
  })

  it('DISCARD of a parked run undoes the failed step once more, because now nothing of it may stay', async () => {
    const undone: string[] = []
    const undo = ({ step: name, reason }: { step: string; reason: string }) =>
      void undone.push(`${name} ${reason}`)
    const a = step({ run: () => 'a', compensate: undo })
    const b = step({ run: () => failure(new Error('no')), compensate: undo })
    const saga = defineSaga({ name: 'two', version: 1, steps: { a, b } })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(undone).toEqual(['b failed'])
    actor.send({ type: 'DISCARD' })
    await waitFor(actor, (snapshot) => snapshot.matches('discarded'))
    expect(undone).toEqual(['b failed', 'b discarded', 'a discarded'])
  })

  it('CANCEL aborts the step’s signal, undoes the step and parks', async () => {
    let aborted = false
    const slow = step({
      run: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject((aborted = true)))),
    })
    const saga = defineSaga({ name: 'slow', version: 1, steps: { slow } })
    const actor = createActor(saga.machine).start()
    actor.send({ type: 'CANCEL' })
    expect(actor.getSnapshot().value).toBe('retryable')
    expect(actor.getSnapshot().context.error).toMatchObject({ code: 'CANCELLED' })
    await Promise.resolve()
    expect(aborted).toBe(true)
  })

  it('past the pivot there is only forward: DISCARD changes nothing, RETRY finishes', async () => {
    let tries = 0
    const saga = defineSaga({
      name: 'pivot',
      version: 1,
      steps: {
        store: step({
          run: () => 'stored',
          compensate: () => Promise.reject(new Error('must not be undone')),
        }),
        verify: step({ run: () => 'proof', pivot: true }),
        cleanup: step({ run: () => (++tries === 1 ? failure(new Error('busy')) : null) }),
      },
    })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    actor.send({ type: 'DISCARD' })
    expect(actor.getSnapshot().value).toBe('retryable')
    actor.send({ type: 'RETRY' })
    await waitFor(actor, (snapshot) => snapshot.matches('done'))
  })

  it('a step’s own retries wait with a growing backoff, then the run parks', async () => {
    const clock = new SimulatedClock()
    let tries = 0
    const flaky = step({
      run: () => Promise.reject(new Error(`try ${++tries}`)),
      retry: { attempts: 3, delay: 1000 },
    })
    const saga = defineSaga({ name: 'flaky', version: 1, steps: { flaky } })
    const actor = createActor(saga.machine, { clock }).start()
    const failures = (count: number) =>
      waitFor(actor, ({ context }) => context.waiting && context.tries === count)
    await failures(1)
    clock.increment(999)
    expect(tries).toBe(1)
    clock.increment(1)
    await failures(2)
    clock.increment(1999)
    expect(tries).toBe(2)
    clock.increment(1)
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(context).toMatchObject({ attempt: 3, error: { message: 'try 3' } })
  })

  it('an error that says retryable: false is not retried by itself', async () => {
    let tries = 0
    const hopeless = step({
      run: () => {
        tries += 1
        throw new HoldfastError('BACKUP_ENCRYPTED', 'locked', { retryable: false })
      },
      retry: { attempts: 5, delay: 1 },
      autoRetry: { attempts: 5, delay: 1 },
    })
    const saga = defineSaga({ name: 'hopeless', version: 1, steps: { hopeless } })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(tries).toBe(1)
  })

  it('an undo that keeps failing leaves the run stuck, and RETRY resumes the undo', async () => {
    let fails = true
    const saga = defineSaga({
      name: 'stubborn',
      version: 1,
      steps: {
        store: step({
          run: () => failure(new Error('no')),
          compensate: () => {
            if (fails) throw new Error('cannot undo')
          },
          compensateRetry: { attempts: 2, delay: 1 },
        }),
      },
    })
    const actor = createActor(saga.machine).start()
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('stuck'))
    expect(context.undo).toMatchObject({ reason: 'failed', queue: ['store'], tries: 2 })
    fails = false
    actor.send({ type: 'RETRY' })
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
  })

  it('a discard that is stuck goes on where it is stuck, with what it is now given, and undoes nothing twice', async () => {
    const undone: string[] = []
    let fails = true
    const a = step({
      run: () => 'a',
      compensate: ({ options }) => {
        if (fails) throw new Error('cannot undo')
        undone.push(`a ${JSON.stringify(options)}`)
      },
      compensateRetry: { attempts: 1 },
    })
    const b = step({ run: () => 'b', compensate: () => void undone.push('b') })
    const c = step({ run: () => failure(new Error('no')) })
    const saga = defineSaga({ name: 'stubborn', version: 1, steps: { a, b, c } })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    actor.send({ type: 'DISCARD', options: { backup: 'keep' } })
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('stuck'))
    expect(context.undo?.queue).toEqual(['a'])
    fails = false
    actor.send({ type: 'DISCARD', options: { backup: 'delete' } })
    await waitFor(actor, (snapshot) => snapshot.matches('discarded'))
    expect(undone).toEqual(['b', 'a {"backup":"delete"}'])
  })

  it('an undo that was stuck is resumed with the error of its step, which is also why the run is parked then', async () => {
    const seen: unknown[] = []
    let fails = true
    const store = step({
      run: () => failure(new HoldfastError('VERIFY_FAILED', 'differs')),
      compensate: ({ error }) => {
        seen.push(error?.code)
        if (fails) throw new HoldfastError('DISK_FULL', 'full')
      },
      compensateRetry: { attempts: 1 },
    })
    const actor = createActor(defineSaga({ name: 'stubborn', version: 1, steps: { store } }).machine).start()
    const stuck = await waitFor(actor, (snapshot) => snapshot.matches('stuck'))
    expect(stuck.context.error).toMatchObject({ code: 'DISK_FULL' })
    fails = false
    actor.send({ type: 'RETRY' })
    const parked = await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(parked.context.error).toMatchObject({ code: 'VERIFY_FAILED' })
    expect(seen).toEqual(['VERIFY_FAILED', 'VERIFY_FAILED'])
  })

  it('a discard is over at once when all that had an undo was found wrong, and undone, before', async () => {
    const undone: string[] = []
    const store = step({ run: () => 'rows', compensate: ({ reason }) => void undone.push(reason) })
    const verify = step({
      run: () => failure(new HoldfastError('VERIFY_FAILED', 'differs')),
      verifies: { from: store, codes: ['VERIFY_FAILED'] },
    })
    const saga = defineSaga({ name: 'proven', version: 1, steps: { store, verify } })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    const states: string[] = []
    actor.subscribe(({ value }) => states.push(value))
    actor.send({ type: 'DISCARD' })
    await waitFor(actor, (snapshot) => snapshot.matches('discarded'))
    expect([states, undone]).toEqual([['discarded'], ['unverified']])
  })

  it('a step that asked and found the answer elsewhere leaves no question behind', () => {
    const { machine } = defineSaga({ name: 'asking', version: 1, steps: { a: step({ run: () => 'a' }) } })
    const ask = { kind: 'trust', message: 'Tap Trust', secret: false }
    const asked = decide(machine, begin(machine, null).snapshot, { type: 'ASKED', ask }).snapshot
    expect(asked.context.ask).toEqual(ask)
    const { snapshot } = decide(machine, asked, { type: 'xstate.done.actor.a', output: 'a', actorId: 'a' })
    expect([snapshot.value, snapshot.context.ask]).toEqual(['done', null])
  })

  it('an attempt finds the last checkpoint of the one before', async () => {
    const found: unknown[] = []
    const store = step({
      run: async ({ checkpoint, saveCheckpoint }) => {
        found.push(checkpoint)
        await saveCheckpoint({ row: found.length * 10 })
        if (found.length < 3) throw new Error('again')
        return null
      },
      retry: { attempts: 3, delay: 1 },
    })
    const saga = defineSaga({ name: 'resuming', version: 1, steps: { store } })
    const actor = createActor(saga.machine).start()
    await waitFor(actor, (snapshot) => snapshot.status === 'done')
    expect(found).toEqual([null, { row: 10 }, { row: 20 }])
  })
})

describe('defineSaga', () => {
  const pivot = step({ run: () => null, pivot: true })
  it.each([
    ['a misspelt option', { name: 'x', version: 1, step: {} }, 'OPTION_UNKNOWN'],
    ['no steps', { name: 'x', version: 1, steps: {} }, 'SAGA_INVALID'],
    [
      'a step named like a state of the engine',
      { name: 'x', version: 1, steps: { retryable: nothing } },
      'SAGA_INVALID',
    ],
    [
      'a step named like something that every object has',
      { name: 'x', version: 1, steps: { constructor: nothing } },
      'SAGA_INVALID',
    ],
    ['a step name with a dot', { name: 'x', version: 1, steps: { 'a.b': nothing } }, 'SAGA_INVALID'],
    [
      'one step under two names',
      { name: 'x', version: 1, steps: { a: nothing, b: nothing } },
      'SAGA_INVALID',
    ],
    [
      'a version that is no whole number',
      { name: 'x', version: 1.5, steps: { a: nothing } },
      'OPTION_INVALID',
    ],
    [
      'an undo behind the pivot',
      {
        name: 'x',
        version: 1,
        steps: {
          a: step({ run: () => null, pivot: true }),
          b: step({ run: () => null, compensate: () => {} }),
        },
      },
      'SAGA_INVALID',
    ],
    [
      'a step behind the pivot that verifies the pivot',
      {
        name: 'x',
        version: 1,
        steps: { a: pivot, b: step({ run: () => null, verifies: { from: pivot, codes: ['WRONG'] } }) },
      },
      'SAGA_INVALID',
    ],
  ])('refuses %s', (_, options, code) => {
    expect(() => defineSaga(options as never)).toThrow(expect.objectContaining({ code }))
  })

  it('names the nearest option in the hint', () => {
    expect(() => step({ run: () => null, compensat: () => {} } as never)).toThrow(
      expect.objectContaining({ hint: "Did you mean 'compensate'?" }),
    )
  })
})
