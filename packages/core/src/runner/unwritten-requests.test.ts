import { describe, expect, it } from 'vitest'
import {
  createRunner,
  defineSaga,
  type EntryBody,
  failure,
  HoldfastError,
  type Journal,
  memoryJournal,
  type Run,
  step,
} from '../index.js'

/** A journal that cannot write entries of one kind, once it is told which. */
function stubborn(): { readonly journal: Journal; refuse(type: EntryBody['type']): void } {
  const inner = memoryJournal()
  let refused: string | null = null
  return {
    refuse: (type) => {
      refused = type
    },
    journal: {
      ...inner,
      commit: async (writes) => {
        const isRefused = writes.some(
          (write) => write.kind === 'append' && write.entries.some(({ body }) => body.type === refused),
        )
        if (!isRefused) return inner.commit(writes)
        refused = null
        throw new HoldfastError('JOURNAL_FAILED', 'no')
      },
    },
  }
}

const parking = defineSaga({
  name: 'p',
  version: 1,
  resources: () => ['device:1'],
  steps: {
    a: step({
      run: () => failure(new HoldfastError('STEP_FAILED', 'x')),
      compensate: () => {},
      autoRetry: { attempts: 3, delay: 60_000 },
    }),
  },
})

describe('a request that the journal cannot write is refused with why', () => {
  it.each([
    ['discard.requested', (run: Run) => run.discard()],
    ['retry.requested', (run: Run) => run.retry()],
    ['cancel.requested', (run: Run) => run.cancel()],
  ] as const)('%s of a parked run, which has its resources no more', async (type, ask) => {
    const { journal, refuse } = stubborn()
    const runner = createRunner({ journal, sagas: [parking] })
    const run = await runner.start(parking, 1)
    await run.outcome()
    refuse(type)
    await expect(ask(run)).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
    const other = await runner.start(parking, 2)
    expect(await other.outcome()).toMatchObject({ status: 'retryable' })
    expect((await journal.entries(run.id)).map(({ body }) => body.type)).not.toContain(type)
    await runner.shutdown()
  })

  it.each([
    ['cancel.requested', (run: Run) => run.cancel()],
    ['run.answered', (run: Run) => run.provide('word', 1)],
  ] as const)('%s of a run at work', async (type, ask) => {
    const asking = defineSaga({
      name: 'a',
      version: 1,
      steps: { a: step({ run: (context) => context.ask({ kind: 'word', message: 'Which?' }) }) },
    })
    const { journal, refuse } = stubborn()
    const runner = createRunner({ journal, sagas: [asking] })
    const run = await runner.start(asking, null)
    const isAsked = (): boolean => run.view.getSnapshot().ask !== null
    if (!isAsked()) await new Promise<void>((resolve) => run.view.subscribe(() => isAsked() && resolve()))
    refuse(type)
    await expect(ask(run)).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
    expect(await run.outcome()).toMatchObject({ status: 'suspended', error: { code: 'JOURNAL_FAILED' } })
    await runner.shutdown()
  })
})

it('of two answers to one question the first counts, and the next question is asked', async () => {
  const answers: unknown[] = []
  const twice = defineSaga({
    name: 't',
    version: 1,
    steps: {
      a: step({
        run: async ({ ask }) => {
          for (let n = 0; n < 2; n++) answers.push(await ask({ kind: 'word', message: 'Which?' }))
          return null
        },
      }),
    },
  })
  const runner = createRunner({ journal: memoryJournal(), sagas: [twice] })
  const run = await runner.start(twice, null)
  const asked = async (count: number): Promise<void> => {
    const isAsked = (): boolean => run.view.getSnapshot().ask !== null && answers.length === count
    if (!isAsked()) await new Promise<void>((resolve) => run.view.subscribe(() => isAsked() && resolve()))
  }
  await asked(0)
  await Promise.all([run.provide('word', 'first'), run.provide('word', 'second')])
  await asked(1)
  await run.provide('word', 'third')
  expect(await run.outcome()).toMatchObject({ status: 'done' })
  expect(answers).toEqual(['first', 'third'])
  await runner.shutdown()
})

it('a cancel while the step that failed is being undone keeps the run from going on by itself', async () => {
  let undone = (): void => {}
  const undoing = new Promise<void>((resolve) => {
    undone = resolve
  })
  let tries = 0
  const saga = defineSaga({
    name: 'c',
    version: 1,
    steps: {
      a: step({
        run: () => {
          tries++
          return failure(new HoldfastError('STEP_FAILED', 'x'))
        },
        compensate: () => undoing,
        autoRetry: { attempts: 3, delay: 1 },
      }),
    },
  })
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
  const run = await runner.start(saga, null)
  await new Promise<void>((resolve) => run.events.once('step.failed', () => resolve()))
  const cancelled = run.cancel()
  undone()
  await cancelled
  expect(await run.outcome()).toMatchObject({ status: 'retryable', wakeAt: null })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(tries).toBe(1)
  await runner.shutdown()
})

it('a question that is answered elsewhere just as the run is cancelled keeps nobody waiting', async () => {
  for (let hops = 0; hops < 12; hops++) {
    let answer = (_: number): void => {}
    const elsewhere = new Promise<number>((resolve) => {
      answer = resolve
    })
    const saga = defineSaga({
      name: 'e',
      version: 1,
      steps: { a: step({ run: ({ ask }) => ask({ kind: 'code', message: 'Enter it', elsewhere }) }) },
    })
    const runner = createRunner({ journal: memoryJournal(), sagas: [saga] })
    const run = await runner.start(saga, null)
    await new Promise(setImmediate)
    const cancelled = run.cancel()
    for (let hop = 0; hop < hops; hop++) await Promise.resolve()
    answer(1)
    await cancelled
    await runner.shutdown()
  }
})
