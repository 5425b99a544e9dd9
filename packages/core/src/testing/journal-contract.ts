import assert from 'node:assert/strict'
import { isHoldfastError } from '../errors/holdfast-error.js'
import type { Entry, EntryBody } from '../journal/entry.js'
import type {
  ClaimResult,
  Journal,
  JournalWrite,
  RunIdentity,
  RunSummary,
  WriteResult,
} from '../journal/journal.js'
import type { ContractCase } from './contract-case.js'

/** What a suite needs of the journal under test. */
export interface JournalUnderTest {
  /** A journal on fresh data. */
  readonly journal: Journal
  /** Another journal on the same data, as another process would open it; null when the first one's process shall count as dead. */
  reopen(): Promise<Journal>
  /** Lets leases of the first journal run out. */
  expireLeases(): Promise<void>
  cleanUp(): Promise<void>
}

const working: RunSummary = { status: 'working', step: 'a', error: null, open: true, wakeAt: null }
const parked: RunSummary = {
  status: 'retryable',
  step: 'a',
  error: { code: 'X', message: 'x', hint: null, retryable: true, facts: {} },
  open: false,
  wakeAt: null,
}
const done: RunSummary = { status: 'done', step: 'a', error: null, open: false, wakeAt: null }

function identity(id: string, more: Partial<RunIdentity> = {}): RunIdentity {
  return { id, saga: 's', version: 1, key: `key-${id}`, owner: 'o', resources: [], startedAt: 1000, ...more }
}

function begin(run: RunIdentity): JournalWrite {
  return {
    kind: 'begin',
    run,
    entries: [entry(1, { type: 'run.started', input: { text: 'ü' } })],
    summary: working,
  }
}

function entry(seq: number, body: EntryBody): Entry {
  return { seq, at: 1000 + seq, body }
}

function append(
  run: string,
  generation: number,
  seq: number,
  summary: RunSummary = working,
  release = false,
): Extract<JournalWrite, { kind: 'append' }> {
  const body: EntryBody = { type: 'step.checkpoint', step: 'a', value: seq }
  return { kind: 'append', run, generation, entries: [entry(seq, body)], summary, release }
}

async function claimOne(journal: Journal, run: string): Promise<ClaimResult> {
  const [claimed, ...others] = await journal.claim([run])
  assert.ok(claimed !== undefined && others.length === 0)
  return claimed
}

function generationOf(result: WriteResult | ClaimResult | undefined): number {
  assert.ok(result?.ok, `refused: ${JSON.stringify(result)}`)
  return result.generation
}

/** Every claim that a {@link Journal} has to keep. `setup` is called for each of them. */
export function journalContract(setup: () => Promise<JournalUnderTest>): readonly ContractCase[] {
  const claim = (name: string, test: (under: JournalUnderTest) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const under = await setup()
      try {
        await test(under)
      } finally {
        await under.cleanUp()
      }
    },
  })

  return [
    claim(
      'entries come back in order and unchanged, also to another process',
      async ({ journal, reopen }) => {
        const [started] = await journal.commit([begin(identity('r'))])
        const generation = generationOf(started)
        await journal.commit([append('r', generation, 2), append('r', generation, 3)])
        const expected = [
          entry(1, { type: 'run.started', input: { text: 'ü' } }),
          entry(2, { type: 'step.checkpoint', step: 'a', value: 2 }),
          entry(3, { type: 'step.checkpoint', step: 'a', value: 3 }),
        ]
        assert.deepEqual(await journal.entries('r'), expected)
        assert.deepEqual(await (await reopen()).entries('r'), expected)
      },
    ),

    claim('a list of runs shows identity, state and the time of the last entry', async ({ journal }) => {
      const [started] = await journal.commit([begin(identity('r', { resources: ['device:1'] }))])
      await journal.commit([append('r', generationOf(started), 2, parked, true)])
      assert.deepEqual(await journal.runs(), [
        { ...identity('r', { resources: ['device:1'] }), ...parked, updatedAt: 1002, entries: 2 },
      ])
    }),

    claim('runs are filtered by id, status, saga, key, owner and what is left to do', async ({ journal }) => {
      const [a] = await journal.commit([begin(identity('a', { owner: 'p', startedAt: 1 }))])
      await journal.commit([begin(identity('b', { saga: 't', startedAt: 2 }))])
      await journal.commit([append('a', generationOf(a), 2, done, true)])
      const ids = async (filter: Parameters<Journal['runs']>[0]) =>
        (await journal.runs(filter)).map(({ id }) => id)
      assert.deepEqual(await ids({}), ['a', 'b'])
      assert.deepEqual(await ids({ id: 'b' }), ['b'])
      assert.deepEqual(await ids({ status: ['done', 'stuck'] }), ['a'])
      assert.deepEqual(await ids({ saga: 't' }), ['b'])
      assert.deepEqual(await ids({ key: 'key-a' }), ['a'])
      assert.deepEqual(await ids({ owner: 'p', status: ['working'] }), [])
      assert.deepEqual(await ids({ unattended: true }), ['b'])
    }),

    claim('a parked run that will wake by itself is listed as unattended', async ({ journal }) => {
      const [a] = await journal.commit([begin(identity('a'))])
      await journal.commit([append('a', generationOf(a), 2, { ...parked, wakeAt: 99 }, true)])
      assert.deepEqual(
        (await journal.runs({ unattended: true })).map(({ id, wakeAt }) => [id, wakeAt]),
        [['a', 99]],
      )
    }),

    claim('two runs under way never share a key', async ({ journal }) => {
      const results = await journal.commit([
        begin(identity('a', { key: 'k' })),
        begin(identity('b', { key: 'k' })),
      ])
      assert.equal(results[0]?.ok, true)
      assert.deepEqual(results[1], { ok: false, problem: 'held', by: 'a', what: 'key:k' })
      assert.equal((await journal.runs()).length, 1)
    }),

    claim('a parked run keeps its key, an ended one gives it back', async ({ journal }) => {
      const [a] = await journal.commit([begin(identity('a', { key: 'k' }))])
      const generation = generationOf(a)
      await journal.commit([append('a', generation, 2, parked, true)])
      const [refused] = await journal.commit([begin(identity('b', { key: 'k' }))])
      assert.equal(refused?.ok, false)
      const again = generationOf(await claimOne(journal, 'a'))
      await journal.commit([append('a', again, 3, done, true)])
      const [taken] = await journal.commit([begin(identity('c', { key: 'k' }))])
      assert.equal(taken?.ok, true)
    }),

    claim('a resource belongs to one run while it works, and is free when it rests', async ({ journal }) => {
      const [a] = await journal.commit([begin(identity('a', { resources: ['device:1', 'library:x'] }))])
      const other = identity('b', { resources: ['library:x'] })
      const [refused] = await journal.commit([begin(other)])
      assert.deepEqual(refused, { ok: false, problem: 'held', by: 'a', what: 'library:x' })
      await journal.commit([append('a', generationOf(a), 2, parked, true)])
      const [taken] = await journal.commit([begin(other)])
      assert.equal(taken?.ok, true)
      assert.deepEqual(await claimOne(journal, 'a'), {
        ok: false,
        problem: 'held',
        by: 'b',
        what: 'library:x',
      })
    }),

    claim('a refused write leaves the others of its group alone', async ({ journal }) => {
      const [a] = await journal.commit([begin(identity('a'))])
      const generation = generationOf(a)
      const results = await journal.commit([
        append('a', generation + 7, 2),
        append('a', generation, 2),
        { kind: 'release', run: 'nobody', generation: 1 },
        begin(identity('b')),
      ])
      assert.deepEqual(
        results.map(({ ok }) => ok),
        [false, true, false, true],
      )
      assert.equal((await journal.entries('a')).length, 2)
    }),

    claim('a living holder keeps its run', async ({ journal, reopen }) => {
      await journal.commit([begin(identity('a'))])
      const other = await reopen()
      assert.deepEqual(await claimOne(other, 'a'), { ok: false, problem: 'held', by: 'a', what: 'run:a' })
    }),

    claim(
      'a run whose holder let its lease expire can be taken over, and the old holder writes nothing more',
      async (under) => {
        const { journal } = under
        const [a] = await journal.commit([begin(identity('a'))])
        const old = generationOf(a)
        const other = await under.reopen()
        await under.expireLeases()
        const generation = generationOf(await claimOne(other, 'a'))
        assert.ok(generation > old)
        const [stale] = await journal.commit([append('a', old, 2)])
        assert.deepEqual(stale, { ok: false, problem: 'stale' })
        assert.deepEqual(await journal.renew([{ run: 'a', generation: old }]), [false])
        const [fresh] = await other.commit([append('a', generation, 2)])
        assert.equal(fresh?.ok, true)
        assert.equal((await other.entries('a')).length, 2)
      },
    ),

    claim('a renewed lease lasts on', async ({ journal }) => {
      const [a] = await journal.commit([begin(identity('a'))])
      assert.deepEqual(await journal.renew([{ run: 'a', generation: generationOf(a) }]), [true])
    }),

    claim('closing gives up leases and resources', async ({ journal, reopen }) => {
      await journal.commit([begin(identity('a', { resources: ['device:1'] }))])
      const other = await reopen()
      await journal.close()
      const generation = generationOf(await claimOne(other, 'a'))
      assert.ok(generation > 1)
    }),

    claim('closing keeps the leases of runs that are still at work', async ({ journal, reopen }) => {
      await journal.commit([begin(identity('a', { resources: ['device:1'] })), begin(identity('b'))])
      const other = await reopen()
      await journal.close(['a'])
      assert.equal((await claimOne(other, 'a')).ok, false)
      assert.equal((await claimOne(other, 'b')).ok, true)
    }),

    claim('several runs are claimed at once, each on its own', async ({ journal, reopen }) => {
      const [a] = await journal.commit([begin(identity('a')), begin(identity('b')), begin(identity('c'))])
      const other = await reopen()
      await journal.commit([
        { kind: 'release', run: 'a', generation: generationOf(a) },
        { kind: 'release', run: 'c', generation: 1 },
      ])
      const claimed = await other.claim(['c', 'b', 'nobody', 'a'])
      assert.deepEqual(
        claimed.map((result) => (result.ok ? result.generation : result.problem)),
        [2, 'held', 'unreadable', 2],
      )
      const [first] = claimed
      assert.ok(first?.ok)
      assert.deepEqual(first.record, await other.load('c'))
    }),

    claim(
      'a snapshot stands for the entries up to it, and takes the place of an older one',
      async (under) => {
        const { journal } = under
        const [a] = await journal.commit([begin(identity('a'))])
        const generation = generationOf(a)
        assert.equal((await journal.load('a')).snapshot, null)
        const withSnapshot = (seq: number, snapshot: string): JournalWrite => ({
          ...append('a', generation, seq),
          snapshot: { snapshot },
        })
        await journal.commit([withSnapshot(2, 'old')])
        await journal.commit([append('a', generation, 3), withSnapshot(4, 'new'), append('a', generation, 5)])
        const { snapshot, entries, header } = await (await under.reopen()).load('a')
        assert.deepEqual(snapshot, { seq: 4, state: { snapshot: 'new' } })
        assert.deepEqual(
          entries.map(({ seq }) => seq),
          [5],
        )
        assert.equal(header.entries, 5)
        // What happened stays told.
        assert.equal((await journal.entries('a')).length, 5)
      },
    ),

    claim('a run goes on under the version that an append names', async ({ journal }) => {
      const [a] = await journal.commit([begin(identity('a'))])
      await journal.commit([{ ...append('a', generationOf(a), 2), version: 2 }])
      assert.equal((await journal.load('a')).header.version, 2)
    }),

    claim('runs are listed page by page, in the order in which they began', async ({ journal }) => {
      const ids = ['d', 'a', 'c', 'b', 'e']
      await journal.commit(ids.map((id) => begin(identity(id, { startedAt: 5 }))))
      const page = async (after?: string) =>
        (await journal.runs({ limit: 2, ...(after === undefined ? {} : { after }) })).map(({ id }) => id)
      assert.deepEqual([await page(), await page('a'), await page('b')], [['d', 'a'], ['c', 'b'], ['e']])
      assert.deepEqual(await page('e'), [])
    }),

    claim(
      'compaction forgets what has ended, but never the last run of a key that was done',
      async (under) => {
        const { journal } = under
        const run = async (id: string, key: string, summary: RunSummary | null): Promise<void> => {
          const [begun] = await journal.commit([begin(identity(id, { key }))])
          if (summary !== null) await journal.commit([append(id, generationOf(begun), 2, summary, true)])
        }
        await run('done-first', 'k', done)
        await run('done-last', 'k', done)
        await run('discarded', 'k', { ...done, status: 'discarded' })
        await run('owes-a-hook', 'h', { ...done, open: true })
        await run('done-after-it', 'h', done)
        await run('parked', 'p', parked)
        await run('at-work', 'w', null)
        const left = async () => (await journal.runs()).map(({ id }) => id)

        assert.equal(await journal.compact({ finishedBefore: 1002, limit: 10 }), 0)
        assert.equal((await left()).length, 7)
        assert.equal(await journal.compact({ finishedBefore: 1003, limit: 1 }), 1)
        assert.equal(await journal.compact({ finishedBefore: 1003, limit: 10 }), 1)
        assert.equal(await journal.compact({ finishedBefore: 1003, limit: 10 }), 0)
        assert.deepEqual(await left(), ['done-last', 'owes-a-hook', 'done-after-it', 'parked', 'at-work'])
        await assert.rejects(journal.entries('done-first'), { code: 'RUN_UNKNOWN' })
        assert.equal((await journal.entries('done-last')).length, 2)
      },
    ),

    claim('a run that is not there is RUN_UNKNOWN', async ({ journal }) => {
      for (const call of [() => journal.entries('nobody'), () => journal.load('nobody')]) {
        await assert.rejects(call, (error) => isHoldfastError(error) && error.code === 'RUN_UNKNOWN')
      }
      const claimed = await claimOne(journal, 'nobody')
      assert.ok(!claimed.ok && claimed.problem === 'unreadable' && claimed.error.code === 'RUN_UNKNOWN')
    }),
  ]
}
