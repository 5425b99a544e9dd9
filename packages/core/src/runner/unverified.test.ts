import { describe, expect, it } from 'vitest'
import {
  createRunner,
  defineSaga,
  failure,
  HoldfastError,
  memoryJournal,
  type Step,
  step,
  type UndoContext,
} from '../index.js'
import { VirtualClock } from '../testing/virtual-clock.js'

const wrong = new HoldfastError('VERIFY_FAILED', 'it differs')

/** A saga whose verification fails as often as it is told to; `undone` notes every undo, `ran` every attempt. */
function workshop(failures: readonly HoldfastError[], more: { readonly undoFails?: () => boolean } = {}) {
  const ran: string[] = []
  const undone: string[] = []
  const left = [...failures]
  const noting =
    (name: string, fails: () => boolean = () => false) =>
    ({ reason, output, checkpoint }: UndoContext) => {
      undone.push(`${name} ${reason} ${JSON.stringify({ output, checkpoint })}`)
      if (fails()) throw new Error('the undo fails')
    }
  const working = (name: string) =>
    step({
      run: async ({ attempt, checkpoint, saveCheckpoint }) => {
        ran.push(`${name} ${attempt} ${JSON.stringify(checkpoint)}`)
        await saveCheckpoint(name)
        return name.toUpperCase()
      },
      compensate: noting(name, name === 'store' ? more.undoFails : undefined),
      compensateRetry: { attempts: 1 },
    })
  const extract = working('extract')
  const store = working('store')
  const index = working('index')
  const verify = step({
    run: () => {
      ran.push('verify')
      const error = left.shift()
      return error === undefined ? 'receipt' : failure(error)
    },
    verifies: { from: store, codes: ['VERIFY_FAILED'] },
    pivot: true,
  })
  const saga = defineSaga({ name: 's', version: 1, steps: { extract, store, index, verify } })
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
  return { ran, undone, saga, runner }
}

describe('a step that proves the work of earlier ones', () => {
  it('has them undone from the last one back when it finds them wrong, and a retry begins at the first', async () => {
    const { ran, undone, saga, runner } = workshop([wrong])
    const run = await runner.start(saga, null)
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'verify',
      error: { code: 'VERIFY_FAILED' },
    })
    expect(undone).toEqual([
      'index unverified {"output":"INDEX","checkpoint":"index"}',
      'store unverified {"output":"STORE","checkpoint":"store"}',
    ])
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(ran).toEqual([
      'extract 1 null',
      'store 1 null',
      'index 1 null',
      'verify',
      // Afresh: without the checkpoint of what was undone.
      'store 2 null',
      'index 2 null',
      'verify',
    ])
  })

  it('leaves them alone when it fails for another reason', async () => {
    const { ran, undone, saga, runner } = workshop([new HoldfastError('STORE_FAILED', 'the disk')])
    const run = await runner.start(saga, null)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'verify' })
    await run.retry()
    await run.outcome()
    expect(undone).toEqual([])
    expect(ran.slice(3)).toEqual(['verify', 'verify'])
  })

  it('that is discarded half-way through that undo has all of it undone', async () => {
    let broken = true
    const { undone, saga, runner } = workshop([wrong], { undoFails: () => broken })
    const run = await runner.start(saga, null)
    expect(await run.outcome()).toMatchObject({ status: 'stuck', step: 'store', sideEffects: ['store'] })
    broken = false
    expect(await run.discard()).toMatchObject({ status: 'discarded' })
    expect(undone.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'index unverified',
      'store unverified',
      'store discarded',
      'extract discarded',
    ])
  })

  it('that is stuck in that undo resumes it, and then rests for a retry', async () => {
    let broken = true
    const { ran, saga, runner } = workshop([wrong], { undoFails: () => broken })
    const run = await runner.start(saga, null)
    await run.outcome()
    broken = false
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'verify' })
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done' })
    expect(ran.slice(4)).toEqual(['store 2 null', 'index 2 null', 'verify'])
  })

  it('that finds them wrong again and again is retried by itself only as often as its policy allows', async () => {
    const clock = new VirtualClock()
    let verified = 0
    const store = step({ run: () => 'stored', compensate: () => {} })
    const verify = step({
      run: () => {
        verified += 1
        return failure(wrong)
      },
      verifies: { from: store, codes: ['VERIFY_FAILED'] },
      autoRetry: { attempts: 2, delay: 1000 },
    })
    const saga = defineSaga({ name: 's', version: 1, steps: { store, verify } })
    const run = await createRunner({ journal: memoryJournal({ clock }), sagas: [saga], clock }).start(
      saga,
      null,
    )
    await clock.advance(60_000)
    expect(verified).toBe(3)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'verify', wakeAt: null })
    await run.retry()
    await clock.advance(60_000)
    expect(verified).toBe(6)
  })

  it('must come after them', () => {
    const later = step({ run: () => null })
    const define = (steps: Readonly<Record<string, Step>>) => () =>
      defineSaga({ name: 's', version: 1, steps })
    const verify = step({ run: () => null, verifies: { from: later, codes: ['VERIFY_FAILED'] } })
    expect(define({ verify, later })).toThrow('not before it')
    expect(define({ verify })).toThrow('not before it')
  })
})
