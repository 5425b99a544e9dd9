import { describe, expect, it } from 'vitest'
import { createRunner, defineSaga, failure, HoldfastError, memoryJournal, step } from '../index.js'

describe('a run', () => {
  it('runs its steps in order and ends done', async () => {
    const a = step({ run: () => ({ n: 1 }) })
    const b = step({ run: (context) => context.output(a).n + 1, pivot: true })
    const saga = defineSaga({ name: 'two', version: 1, steps: { a, b } })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    const run = await runner.start(saga, { x: 1 })
    const seen: string[] = []
    run.events.on('event', (event) => seen.push(event.type))
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { a: { n: 1 }, b: 2 } })
    expect(seen.filter((type) => type === 'run.ended')).toHaveLength(1)
  })

  it('parks when a step returns a failure, and a retry goes on from that step', async () => {
    let tries = 0
    const a = step({ run: () => 'a' })
    const b = step({ run: () => (++tries === 1 ? failure(new HoldfastError('DISK_FULL', 'full')) : 'b') })
    const saga = defineSaga({ name: 'two', version: 1, steps: { a, b } })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    const run = await runner.start(saga, null)
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'b',
      error: { code: 'DISK_FULL' },
      attempt: 1,
    })
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
  })
})
