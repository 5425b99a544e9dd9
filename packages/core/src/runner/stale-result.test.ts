import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createRunner, defineSaga, type Journal, memoryJournal, step } from '../index.js'

describe('an undo that ends while the run is being discarded', () => {
  it('does not count for the discard, which undoes the step for its own reason', async () => {
    const done: string[] = []
    let finish: () => void = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let begun: () => void = () => {}
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve
    })
    const saga = defineSaga({
      name: 's',
      version: 1,
      steps: {
        a: step({
          run: () => {
            throw new Error('no')
          },
          compensate: async ({ reason }) => {
            if (reason === 'failed') {
              begun()
              await finished
            } else await delay(20)
            done.push(reason)
          },
        }),
      },
    })
    const inner = memoryJournal()
    const journal: Journal = {
      ...inner,
      commit: async (writes) => {
        await delay(5)
        return inner.commit(writes)
      },
    }
    const runner = createRunner({ journal, sagas: [saga] })
    const run = await runner.start(saga, null)
    await hasBegun
    // The discard is asked for first, and written while the undo comes to its end.
    const discarding = run.discard()
    finish()
    expect(await discarding).toMatchObject({ status: 'discarded' })
    expect(done).toEqual(['failed', 'discarded'])
    await runner.shutdown()
  })
})
