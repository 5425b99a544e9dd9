import { describe, expect, it } from 'vitest'
import {
  type AnySaga,
  createRunner,
  defineSaga,
  type Entry,
  failure,
  type JournalWrite,
  type JsonObject,
  memoryJournal,
  step,
} from '../../index.js'
import { foldEntries } from '../../runner/run-state.js'
import { VirtualClock } from '../virtual-clock.js'
import { type Fold, replayEntries } from './replay-entries.js'
import { replayingJournal } from './replaying-journal.js'

function sagaWith(facts: () => JsonObject = () => ({})): AnySaga {
  return defineSaga({
    name: 'three',
    version: 1,
    steps: {
      a: step({ run: () => 'a' }),
      b: step({
        run: ({ attempt }) => (attempt < 3 ? failure(new Error('not yet')) : 'b'),
        retry: { attempts: 2, delay: 1000 },
        autoRetry: { attempts: 1, delay: 1000 },
      }),
      c: step({ run: () => 'c' }),
    },
    facts,
  })
}

async function runOn(saga: AnySaga, journal = memoryJournal(), ways: Record<string, Fold> = {}) {
  const clock = new VirtualClock()
  const replaying = replayingJournal(journal, [saga], ways)
  const runner = createRunner({ journal: replaying.journal, sagas: [saga], clock })
  const run = await runner.start(saga, null)
  await clock.advance(10_000)
  const [header] = await journal.runs({ id: run.id })
  const entries = await journal.entries(run.id)
  return { replaying, header: header ?? expect.fail('no run'), entries, outcome: await run.outcome() }
}

describe('a replaying journal', () => {
  it('replays every entry of a run, and finds the same state each time', async () => {
    const ways: string[] = []
    const { replaying, entries, outcome } = await runOn(sagaWith(), memoryJournal(), {
      watched: (saga, run, prefix) => {
        ways.push(`${prefix.length}`)
        return foldEntries(saga, run, prefix)
      },
    })
    expect(outcome.status).toBe('done')
    expect(replaying.verify()).toBe(entries.length)
    expect(new Set(ways).size).toBe(entries.length)
  })

  it('finds out a saga whose facts depend on something that is not in the journal', async () => {
    let looked = 0
    const { replaying } = await runOn(sagaWith(() => ({ looked: ++looked })))
    expect(() => replaying.verify()).toThrow(
      expect.objectContaining({
        code: 'REPLAY_DIFFERS',
        facts: expect.objectContaining({ field: 'context.looked' }),
      }),
    )
  })

  it('finds out a way to fold that differs, and says where', async () => {
    const { header, entries } = await runOn(sagaWith())
    const forgetful: Fold = (saga, run, prefix) =>
      foldEntries(
        saga,
        run,
        prefix.map((entry) => ({ ...entry, at: 0 })),
      )
    expect(() => replayEntries(sagaWith(), header, entries, { forgetful })).toThrow(
      expect.objectContaining({
        code: 'REPLAY_DIFFERS',
        facts: { run: header.id, seq: 1, way: 'forgetful', field: 'updatedAt' },
      }),
    )
  })

  it('finds out a journal that does not give back what was written to it', async () => {
    const inner = memoryJournal()
    const swapped = {
      ...inner,
      commit: (writes: readonly JournalWrite[]) =>
        inner.commit(
          writes.map((write) =>
            write.kind === 'append' ? { ...write, entries: write.entries.map(changeOutput) } : write,
          ),
        ),
    }
    const { replaying } = await runOn(sagaWith(), swapped)
    expect(() => replaying.verify()).toThrow(
      expect.objectContaining({
        facts: expect.objectContaining({ way: 'beside its runner', field: 'status' }),
      }),
    )
  })
})

/** The first step's success becomes its failure on the way to the journal. */
function changeOutput(entry: Entry): Entry {
  const { body } = entry
  if (body.type !== 'step.succeeded' || body.step !== 'a') return entry
  return { ...entry, body: { type: 'cancel.requested' } }
}
