import { describe, expect, it } from 'vitest'
import { dieWith } from '../../test/dead-process.js'
import {
  createRunner,
  defineSaga,
  type Json,
  MemoryJournalStore,
  type Migration,
  memoryJournal,
  type Saga,
  step,
} from '../index.js'

const never = () => new Promise<null>(() => {})

/** A process on the store that starts a run of the saga, lets it come as far as it can, and dies. */
async function leave(store: MemoryJournalStore, saga: Saga, input: Json = null): Promise<string> {
  const runner = createRunner({ journal: memoryJournal({ store }), sagas: [saga], snapshotEvery: 3 })
  const { id } = await runner.start(saga, input)
  await new Promise((resolve) => setTimeout(resolve, 5))
  dieWith(store)
  return id
}

/** Another process on the store that recovers. */
async function recover(store: MemoryJournalStore, saga: Saga) {
  const journal = memoryJournal({ store })
  const runner = createRunner({ journal, sagas: [saga], snapshotEvery: 3 })
  const { resumed, setAside } = await runner.recover()
  const outcomes = await Promise.all(resumed.map((run) => run.outcome()))
  return { journal, outcomes, errors: setAside.map(({ error }) => error) }
}

describe('a run that was left', () => {
  const saga = (hang: boolean) =>
    defineSaga({
      name: 's',
      version: 1,
      steps: {
        a: step({
          run: async ({ saveCheckpoint }) => {
            for (let at = 1; at <= 8; at++) await saveCheckpoint(at)
            return 'a'
          },
        }),
        b: step({ run: ({ checkpoint }) => (hang ? never() : { checkpoint }) }),
      },
    })

  it('is restored from its snapshot and the entries since, to the state that all entries give', async () => {
    const store = new MemoryJournalStore()
    const id = await leave(store, saga(true))
    const { snapshot, entries } = await memoryJournal({ store }).load(id)
    expect(snapshot?.seq).toBe(9)
    expect(entries).toHaveLength(1)
    const { outcomes } = await recover(store, saga(false))
    expect(outcomes).toMatchObject([{ status: 'done', outputs: { a: 'a', b: { checkpoint: null } } }])
  })

  it('is restored from its entries alone when the snapshot is of a shape that this version does not know', async () => {
    const store = new MemoryJournalStore()
    const id = await leave(store, saga(true))
    const kept = store.runs.get(id)
    if (kept !== undefined) kept.snapshot = JSON.stringify({ seq: 9, state: { version: 99 } })
    expect((await recover(store, saga(false))).outcomes).toMatchObject([{ status: 'done' }])
  })
})

describe('a run of an older version', () => {
  const old = defineSaga({
    name: 's',
    version: 1,
    steps: {
      fetch: step({ run: () => 'C:\\backup' }),
      check: step({ run: () => 'checked' }),
      store: step({ run: never }),
    },
  })
  const ran: string[] = []
  const present = (migrations: Readonly<Record<number, Migration>>) =>
    defineSaga({
      name: 's',
      version: 2,
      steps: {
        extract: step({ run: () => void ran.push('extract') }),
        scan: step({ run: () => void ran.push('scan') }),
        store: step({ run: ({ input }) => void ran.push(`store ${JSON.stringify(input)}`) }),
      },
      migrations,
    })
  const migration: Migration = {
    steps: { fetch: 'extract', check: null },
    input: (input) => ({ was: input }),
    outputs: { extract: (path) => ({ path }) },
    added: { scan: { after: 'extract', output: () => ({ found: 0 }) } },
  }

  it('goes on in the words of the present one, and stays there', async () => {
    ran.length = 0
    const store = new MemoryJournalStore()
    const id = await leave(store, old, 7)
    const { outcomes, journal } = await recover(store, present({ 1: migration }))
    // It had not come further than `extract`, so far as its entries show: `check` is gone, and `scan` is run.
    expect(outcomes).toMatchObject([
      { status: 'done', outputs: { extract: { path: 'C:\\backup' }, scan: null, store: null } },
    ])
    expect(ran).toEqual(['scan', 'store {"was":7}'])
    const { header } = await journal.load(id)
    expect(header.version).toBe(2)
    const bodies = (await journal.entries(id)).map(({ body }) => body)
    expect(bodies.slice(0, 4)).toEqual([
      { type: 'run.started', input: 7 },
      { type: 'step.succeeded', step: 'fetch', output: 'C:\\backup' },
      { type: 'step.succeeded', step: 'check', output: 'checked' },
      { type: 'run.migrated', from: 1, to: 2 },
    ])
    // Without its snapshot it is the fold of both stretches, each in its own words.
    const kept = store.runs.get(id)
    if (kept !== undefined) kept.snapshot = null
    const again = createRunner({ journal, sagas: [present({ 1: migration })] })
    expect(await (await again.open(id)).outcome()).toMatchObject({
      status: 'done',
      outputs: { extract: { path: 'C:\\backup' } },
    })
  })

  it('has an added step behind it when it has come further', async () => {
    ran.length = 0
    const store = new MemoryJournalStore()
    const failing = defineSaga({
      name: 's',
      version: 1,
      steps: {
        fetch: step({ run: () => 'path' }),
        store: step({
          run: () => {
            throw new Error('no')
          },
        }),
      },
    })
    const id = await leave(store, failing)
    const saga = present({ 1: { ...migration, steps: { fetch: 'extract' } } })
    const runner = createRunner({ journal: memoryJournal({ store }), sagas: [saga] })
    const run = await runner.open(id)
    expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'store' })
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { scan: { found: 0 } } })
    expect(ran).toEqual(['store {"was":null}'])
  })

  it('is set aside when nothing says how it goes on, when the words do not fit, and when it is newer; nothing is changed', async () => {
    for (const [saga, code] of [
      [present({}), 'SAGA_UNKNOWN'],
      [present({ 1: { steps: { check: null } } }), 'RUN_MIGRATION_FAILED'],
    ] as const) {
      const store = new MemoryJournalStore()
      const id = await leave(store, old)
      const before = JSON.stringify(store.runs.get(id))
      expect((await recover(store, saga)).errors.map((error) => error.code)).toEqual([code])
      expect(JSON.stringify(store.runs.get(id))).toBe(before)
    }
    const store = new MemoryJournalStore()
    await leave(store, defineSaga({ name: 's', version: 3, steps: { a: step({ run: never }) } }))
    const { errors } = await recover(store, present({ 1: migration }))
    expect(errors).toMatchObject([{ code: 'SAGA_UNKNOWN', hint: expect.stringContaining('Update the app') }])
  })

  it('with a migration that names steps which there are not is refused where the saga is defined', () => {
    const define = (migrations: Readonly<Record<number, Migration>>) => () => present(migrations)
    expect(define({ 2: {} })).toThrow('a version before 2')
    expect(define({ 1: { added: { scan: { after: 'fetch', output: () => null } } } })).toThrow("step 'fetch'")
  })
})
