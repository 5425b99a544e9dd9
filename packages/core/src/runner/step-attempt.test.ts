import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { defineSaga, HoldfastError, step, systemClock } from '../index.js'
import type { StepContext } from '../saga/step.js'
import { StepAttempt } from './step-attempt.js'

const facts = {
  run: 'r',
  owner: '',
  step: 'a',
  attempt: 1,
  input: null,
  checkpoint: null,
  output: () => {
    throw new Error('no step came before')
  },
}
const reports = {
  progress: () => {},
  checkpoint: async () => {},
  asked: async () => {},
  answered: async () => {},
}

/** Gives attempts of a step that does this. */
function attemptsOf(run: (context: StepContext) => unknown): () => StepAttempt {
  const [only] = defineSaga({ name: 's', version: 1, steps: { a: step({ run }) } }).definition.steps
  if (only === undefined) throw new Error('the saga has a step')
  return () => new StepAttempt(only, facts, reports, systemClock)
}

describe('the context of an attempt', () => {
  it('has one signal, however it is passed on', async () => {
    const seen: AbortSignal[] = []
    const attempt = attemptsOf(async (context) => {
      await Promise.resolve()
      const { signal } = context
      const derived: StepContext = Object.create(context)
      seen.push(signal, { ...context }.signal, derived.signal, context.signal)
      attempt.end(new HoldfastError('CANCELLED', 'enough'))
    })()
    expect(await attempt.result).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
    expect(new Set(seen).size).toBe(1)
    expect(seen[0]?.aborted).toBe(true)
  })

  it('leaves nothing of an attempt behind that only a full collection frees', async () => {
    setFlagsFromString('--expose-gc')
    // The flag brings `gc` to contexts that are made after it.
    const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void
    const begin = attemptsOf(() => 'ok')
    const attempts = async (count: number): Promise<void> => {
      for (let each = 0; each < count; each++) {
        await begin().result
        collect({ type: 'minor' })
      }
    }
    await attempts(300)
    collect()
    const before = process.memoryUsage().heapUsed
    await attempts(1000)
    // A layout of its own for each context would keep half a kilobyte of each.
    expect((process.memoryUsage().heapUsed - before) / 1000).toBeLessThan(250)
  })
})
