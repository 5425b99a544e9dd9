import { describe, expect, it } from 'vitest'
import { createActor, SimulatedClock, waitFor } from 'xstate'
import { begin, decide, defineSaga, failure, HoldfastError, type SagaSnapshot, step } from '../index.js'

const report = { code: 'X', message: 'no', hint: null, retryable: true, facts: {} }
const policy = { attempts: 100, backoff: 'constant', delay: 1000, deadline: 3500 } as const
const start = 1_700_000_000_000

/** A saga of one step, driven purely; times are milliseconds since the step was started. */
function driven(more: Partial<Parameters<typeof step>[0]>) {
  const saga = defineSaga({ name: 's', version: 1, steps: { a: step({ run: () => null, ...more }) } })
  let snapshot: SagaSnapshot = begin(saga.machine, null).snapshot
  let startedAt = start
  let waits: number | null = null
  return {
    get state(): string {
      return snapshot.value
    },
    get context() {
      return snapshot.context
    },
    get waits(): number | null {
      return waits
    },
    event(at: number, event: Parameters<typeof decide>[2]): void {
      const decision = decide(saga.machine, snapshot, { ...event, at: start + at, startedAt })
      snapshot = decision.snapshot
      waits = null
      for (const effect of decision.effects) {
        if (effect.type === 'start') startedAt = start + at
        if (effect.type === 'schedule') waits = effect.delay
      }
    },
  }
}

const failed = { type: 'xstate.error.actor.a', error: report, actorId: 'a' } as const
const undoFailed = { type: 'xstate.error.actor.compensate', error: report, actorId: 'compensate' } as const
const pauseOver = { type: 'BACKOFF_OVER' } as const
const autoRetry = { type: 'RETRY', automatic: true } as const

describe('the deadline of a retry policy', () => {
  it('ends the tries when the next pause would end after it, counting from when the first try began', () => {
    const run = driven({ retry: policy })
    run.event(1000, failed)
    expect([run.state, run.waits]).toEqual(['a', 1000])
    run.event(2000, pauseOver)
    run.event(2500, failed)
    expect([run.state, run.waits]).toEqual(['a', 1000])
    run.event(3500, pauseOver)
    run.event(3501, failed)
    expect([run.state, run.waits]).toEqual(['retryable', null])
    expect(run.context).toMatchObject({ attempt: 3, error: { code: 'X' } })
  })

  it('begins no try after it when nobody was there to end the pause in time', () => {
    const run = driven({ retry: policy, compensate: () => {} })
    run.event(100, failed)
    run.event(3501, pauseOver)
    expect(run.state).toBe('compensating')
    expect(run.context).toMatchObject({ attempt: 1, waiting: false, error: { code: 'X' } })
  })

  it('counts anew after a retry by hand, which may also end a pause that lasted too long', () => {
    const run = driven({ retry: policy })
    run.event(3000, failed)
    expect(run.state).toBe('retryable')
    run.event(90_000, { type: 'RETRY' })
    run.event(90_100, failed)
    expect([run.state, run.waits]).toEqual(['a', 1000])
    run.event(200_000, { type: 'RETRY' })
    expect(run.context).toMatchObject({ waiting: false, tries: 2 })
  })

  it('is neither put off nor brought nearer by a wall clock that is set back', () => {
    const run = driven({ retry: policy })
    const year = 365 * 86_400_000
    run.event(1000, failed)
    run.event(2000, pauseOver)
    run.event(2000 - year, failed)
    run.event(3000 - year, pauseOver)
    expect(run.state).toBe('a')
    run.event(3501 - year, failed)
    expect(run.state).toBe('retryable')
  })

  it('of an undo leaves the run stuck, with what the undo failed with, and RETRY gives it all its time again', () => {
    const run = driven({ compensate: () => {}, compensateRetry: policy })
    run.event(10, failed)
    run.event(1000, { ...undoFailed, error: { ...report, code: 'UNDO' } })
    expect([run.state, run.waits]).toEqual(['compensating', 1000])
    run.event(9000, pauseOver)
    expect(run.state).toBe('stuck')
    expect(run.context.error).toMatchObject({ code: 'UNDO' })
    run.event(20_000, { type: 'RETRY' })
    run.event(20_100, undoFailed)
    expect([run.state, run.waits]).toEqual(['compensating', 1000])
    run.event(21_100, pauseOver)
    run.event(22_600, undoFailed)
    expect(run.state).toBe('stuck')
  })

  it('of automatic retries counts from when the run parked, and then the run waits for somebody', () => {
    const run = driven({ autoRetry: policy })
    run.event(50_000, failed)
    expect([run.state, run.waits]).toEqual(['retryable', 1000])
    run.event(51_000, autoRetry)
    run.event(52_000, failed)
    expect(run.waits).toBe(1000)
    run.event(53_000, autoRetry)
    run.event(53_400, failed)
    expect([run.state, run.waits]).toEqual(['retryable', null])
    run.event(80_000, { type: 'RETRY' })
    run.event(80_100, failed)
    expect(run.waits).toBe(1000)
    run.event(90_000, autoRetry)
    expect([run.state, run.waits]).toEqual(['retryable', null])
  })

  it('is refused for hooks, and where it is no length of time', () => {
    const a = step({ run: () => null })
    const tell = { run: () => {}, retry: { attempts: 2, deadline: 10 } }
    expect(() => defineSaga({ name: 's', version: 1, steps: { a }, hooks: { tell } })).toThrow(
      expect.objectContaining({ code: 'SAGA_INVALID' }),
    )
    expect(() => step({ run: () => null, retry: { attempts: 2, deadline: 0 } })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })

  it('counts the pauses when nobody tells the time, as under createActor', async () => {
    const clock = new SimulatedClock()
    let tries = 0
    const run = () => failure(new HoldfastError('X', `try ${++tries}`))
    const saga = defineSaga({ name: 's', version: 1, steps: { a: step({ run, retry: policy }) } })
    const actor = createActor(saga.machine, { clock }).start()
    for (const count of [1, 2, 3]) {
      await waitFor(actor, ({ context }) => context.waiting && context.tries === count)
      clock.increment(1000)
    }
    await waitFor(actor, (snapshot) => snapshot.matches('retryable'))
    expect(tries).toBe(4)
  })
})
