import { afterEach, describe, expect, it } from 'vitest'
import {
  type AnySaga,
  createRunner,
  defineSaga,
  entryVersion,
  failure,
  HoldfastError,
  MemoryJournalStore,
  memoryJournal,
  type Runner,
  type RunnerOptions,
  reportText,
  step,
} from '../index.js'
import { VirtualClock } from '../testing/virtual-clock.js'

const runners: Runner[] = []
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.shutdown({ deadline: 100 })
})

function runnerOf(saga: AnySaga, more: Partial<RunnerOptions> = {}): Runner {
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga], newId: () => 'run-1', ...more })
  runners.push(runner)
  return runner
}

const start = 1_700_000_000_000

/** A saga whose second step takes its time, fails at its first attempt, and is undone. */
function slowAndFragile(clock: VirtualClock): AnySaga {
  let tries = 0
  return defineSaga({
    name: 'slow-and-fragile',
    version: 3,
    steps: {
      first: step({ run: () => clock.jump(2000) }),
      second: step({
        run: () => {
          clock.jump(500)
          tries += 1
          return tries === 1
            ? failure(new HoldfastError('DISK_FULL', 'No room in /Users/alice', { hint: 'Free some space.' }))
            : 7
        },
        compensate: () => clock.jump(250),
      }),
      third: step({ run: () => null }),
    },
  })
}

describe('a report', () => {
  it('tells when each attempt and each undo began, how long it took and how it ended', async () => {
    const clock = new VirtualClock(start)
    const runner = runnerOf(slowAndFragile(clock), { clock })
    const run = await runner.start('slow-and-fragile', null)
    await run.outcome()
    const parked = await runner.report(run.id)
    expect(parked.steps).toEqual([
      {
        name: 'first',
        status: 'done',
        startedAt: start,
        endedAt: start + 2000,
        milliseconds: 2000,
        attempts: [
          {
            what: 'run',
            attempt: 1,
            startedAt: start,
            endedAt: start + 2000,
            milliseconds: 2000,
            result: 'succeeded',
            code: null,
          },
        ],
      },
      expect.objectContaining({
        name: 'second',
        status: 'failed',
        milliseconds: 750,
        attempts: [
          expect.objectContaining({ what: 'run', milliseconds: 500, result: 'failed', code: 'DISK_FULL' }),
          expect.objectContaining({ what: 'undo', milliseconds: 250, result: 'succeeded', code: null }),
        ],
      }),
      { name: 'third', status: 'pending', startedAt: null, endedAt: null, milliseconds: 0, attempts: [] },
    ])
    expect(parked.state).toMatchObject({
      name: 'retryable',
      step: 'second',
      error: {
        code: 'DISK_FULL',
        meaning: 'The volume is full.',
        message: 'No room in …',
        hint: 'Free some space.',
        facts: {},
      },
    })
    await run.retry()
    await run.outcome()
    const [, second] = (await runner.report(run.id)).steps
    expect(second?.attempts.map(({ what, attempt, result }) => [what, attempt, result])).toEqual([
      ['run', 1, 'failed'],
      ['undo', 1, 'succeeded'],
      ['run', 2, 'succeeded'],
    ])
  })

  it('names the versions of Holdfast, of the entries and of the saga, and every entry with its time', async () => {
    const clock = new VirtualClock(start)
    const runner = runnerOf(slowAndFragile(clock), { clock })
    const run = await runner.start('slow-and-fragile', { path: '/Users/alice' })
    await run.outcome()
    const report = await runner.report(run.id)
    expect(report).toMatchObject({
      reportVersion: 1,
      madeAt: clock.now(),
      redaction: 'default',
      entryVersion,
      run: { id: 'run-1', saga: 'slow-and-fragile', version: 3, status: 'retryable', startedAt: start },
      problem: null,
    })
    const history = await runner.history(run.id)
    expect(report.entries.map(({ seq, at, body: { type } }) => ({ seq, at, type }))).toEqual(
      history.map(({ seq, at, body: { type } }) => ({ seq, at, type })),
    )
    expect(report.entries[0]?.body).toEqual({ type: 'run.started', input: { path: '[12 characters]' } })
    // The history stays as it was.
    expect(history[0]?.body).toEqual({ type: 'run.started', input: { path: '/Users/alice' } })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('tells of an attempt at work that it has not ended, and of one that was cancelled that it was stopped', async () => {
    const saga = defineSaga({
      name: 'endless',
      version: 1,
      steps: {
        wait: step({
          run: ({ signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(new Error('aborted')))
            }),
        }),
      },
    })
    const runner = runnerOf(saga)
    const run = await runner.start(saga, null)
    expect((await runner.report(run.id)).steps[0]?.attempts).toMatchObject([
      { endedAt: null, milliseconds: null, result: null },
    ])
    await run.cancel()
    expect((await runner.report(run.id)).steps[0]?.attempts).toMatchObject([
      { result: 'stopped', code: null },
    ])
  })

  it('names the steps of a run that an older version began as the present version does', async () => {
    const journal = memoryJournal()
    const full = failure(new HoldfastError('DISK_FULL', 'full'))
    const old = defineSaga({
      name: 'renamed',
      version: 1,
      steps: { fetch: step({ run: () => 1 }), store: step({ run: () => full }) },
    })
    await (await runnerOf(old, { journal }).start(old, null)).outcome()
    const present = defineSaga({
      name: 'renamed',
      version: 2,
      steps: { extract: step({ run: () => 1 }), store: step({ run: () => 2 }) },
      migrations: { 1: { steps: { fetch: 'extract' } } },
    })
    const runner = runnerOf(present, { journal })
    const steps = async () =>
      (await runner.report('run-1')).steps.map(({ name, attempts }) => [
        name,
        ...attempts.map(({ result }) => result),
      ])
    expect(await steps()).toEqual([
      ['extract', 'succeeded'],
      ['store', 'failed'],
    ])
    const run = await runner.open('run-1')
    await run.retry()
    await run.outcome()
    expect(await steps()).toEqual([
      ['extract', 'succeeded'],
      ['store', 'failed', 'succeeded'],
    ])
    expect((await runner.report('run-1')).entries.map(({ body: { type } }) => type)).toContain('run.migrated')
  })

  it('is made of a run whose saga this runner does not have, or whose entries are damaged, and says so', async () => {
    const store = new MemoryJournalStore()
    const clock = new VirtualClock(start)
    const first = runnerOf(slowAndFragile(clock), { clock, journal: memoryJournal({ store, clock }) })
    await (await first.start('slow-and-fragile', { path: '/Users/alice' })).outcome()

    const other = defineSaga({ name: 'other', version: 1, steps: { a: step({ run: () => null }) } })
    const foreign = await runnerOf(other, { journal: memoryJournal({ store }) }).report('run-1')
    expect(foreign).toMatchObject({ problem: { code: 'SAGA_UNKNOWN' }, state: null, steps: [] })
    expect(foreign.entries.map(({ body: { type } }) => type)).toContain('step.failed')

    store.runs.get('run-1')?.entries.splice(1, 1)
    const damaged = await runnerOf(slowAndFragile(clock), { journal: memoryJournal({ store }) }).report(
      'run-1',
    )
    expect(damaged).toMatchObject({
      run: { status: 'retryable' },
      problem: { code: 'JOURNAL_DAMAGED' },
      state: null,
    })
    for (const report of [foreign, damaged]) {
      expect(reportText(report)).toContain('Not all of this run can be told')
      expect(JSON.stringify(report)).not.toContain('alice')
    }
  })

  it('is refused of a run that there is none of, and with an option that there is none of', async () => {
    const runner = runnerOf(slowAndFragile(new VirtualClock()))
    await expect(runner.report('nope')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
    const run = await runner.start('slow-and-fragile', null)
    const misspelt: object = { redakt: false }
    await expect(runner.report(run.id, misspelt)).rejects.toMatchObject({
      code: 'OPTION_UNKNOWN',
      hint: "Did you mean 'redact'?",
    })
  })

  it('reads as text, with times from the beginning of the run', async () => {
    const clock = new VirtualClock(start)
    const runner = runnerOf(slowAndFragile(clock), { clock })
    await (await runner.start('slow-and-fragile', { path: '/Users/alice' }, { owner: 'Alice' })).outcome()
    const text = reportText(await runner.report('run-1'))
    expect(text.replace(/by Holdfast .*,/, 'by Holdfast,')).toBe(`Report on run run-1
made 2023-11-14T22:13:22.750Z by Holdfast, entries of version 1
Names, paths and other values of the user are left out; [12 characters] stands for a text of that length.

saga        slow-and-fragile, version 3
status      retryable, in step second
started     2023-11-14T22:13:20.000Z
last entry  2023-11-14T22:13:22.750Z
owner       [5 characters]
key         [46 characters]
resources   none

Error
  code      DISK_FULL: The volume is full.
  message   No room in …
  hint      Free some space.

Steps
  first: done, 1 attempt, 2.000 s at work
    attempt 1         +0.000 s  succeeded after 2.000 s
  second: failed, 1 attempt, 0.750 s at work
    attempt 1         +2.000 s  failed after 0.500 s: DISK_FULL
    undo 1            +2.500 s  succeeded after 0.250 s
  third: pending

Entries
     1      +0.000 s  run.started        {"input":{"path":"[12 characters]"}}
     2      +2.000 s  step.succeeded     first {"output":null}
     3      +2.500 s  step.failed        second DISK_FULL: No room in …
     4      +2.750 s  undo.succeeded     second
`)
  })
})
