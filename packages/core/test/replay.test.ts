import { describe, expect, it } from 'vitest'
import {
  createRunner,
  type Entry,
  MemoryJournalStore,
  memoryJournal,
  type Outcome,
  type Run,
} from '../src/index.js'
import { type KillPoint, killAt, killPoints, replayingJournal, VirtualClock } from '../src/testing/index.js'
import { type Scenario, scenarios, type World } from './scenarios.js'

/** The outside of all processes of a scenario. */
function outside(scenario: Scenario) {
  const world: World = { applied: new Set(), isRepaired: false }
  return {
    scenario,
    world,
    saga: scenario.saga(world),
    store: new MemoryJournalStore(),
    clock: new VirtualClock(),
  }
}

/**
 * The life of one process: it recovers, or starts the run when there is none; its host reacts for as long as it does anything.
 * Every entry that it writes is replayed. Null when it died.
 */
async function live(
  { scenario, world, saga, store, clock }: ReturnType<typeof outside>,
  point: KillPoint | null,
) {
  const process = killAt(point)
  const replaying = replayingJournal(memoryJournal({ store, clock }), [saga])
  const runner = createRunner({
    journal: process.journal(replaying.journal),
    clock: process.clock(clock),
    sagas: [saga],
  })
  const opened = (async (): Promise<Run> => {
    const { setAside } = await runner.recover()
    expect(setAside).toEqual([])
    const [known] = await runner.runs()
    return known === undefined ? runner.start(saga, null) : runner.open(known.id)
  })()
  let run: Run | null = null
  void opened.then((opening) => (run = opening))
  const refused: unknown[] = []
  for (let turn = 0; turn < 20; turn++) {
    await clock.advance(15_000)
    const reaction = run === null ? null : (scenario.host?.(run, world) ?? null)
    if (process.isDead || reaction === null) break
    void reaction.catch((error: unknown) => refused.push(error))
  }
  replaying.verify()
  expect(refused).toEqual([])
  if (process.isDead) return null
  const outcome = await (await opened).outcome()
  await runner.shutdown()
  return { outcome, replayed: replaying.verify(), commits: process.commits }
}

/** What must be the same however often the processes died; the time at which a run wakes and its id are its own. */
function lasting(outcome: Outcome, world: World) {
  return { ...outcome, run: '', wakeAt: null, applied: [...world.applied].sort() }
}

const words = (entries: readonly Entry[]): readonly string[] =>
  entries.map(({ body }) => ('step' in body ? `${body.type} ${body.step}` : body.type))

describe.each(scenarios)('$name', (scenario) => {
  it('is the same state after every entry, however it is folded', async () => {
    const { outcome, replayed, commits } = (await live(outside(scenario), null)) ?? expect.fail('it died')
    expect(outcome.status).toBe(scenario.ends)
    expect(replayed).toBeGreaterThan(2)
    expect(commits).toBeGreaterThanOrEqual(replayed)
  })

  it('ends the same when a process dies before or after any commit', async () => {
    const quiet = outside(scenario)
    const { outcome, commits } = (await live(quiet, null)) ?? expect.fail('it died')
    for (const point of killPoints(commits)) {
      const struck = outside(scenario)
      expect(await live(struck, point)).toBeNull()
      const again = (await live(struck, null)) ?? expect.fail('it died')
      const claim = `killed ${point.when} commit ${point.commit}`
      expect(lasting(again.outcome, struck.world), claim).toEqual(lasting(outcome, quiet.world))
    }
  })

  it(`ends the same, by the same entries, when its state is thrown away after every ${scenario.leastLife === undefined ? 'entry' : 'few entries'}`, async () => {
    const quiet = outside(scenario)
    const { outcome } = (await live(quiet, null)) ?? expect.fail('it died')
    const struck = outside(scenario)
    let lives = 1
    let last = await live(struck, { commit: scenario.leastLife ?? 1, when: 'after' })
    for (; last === null; lives++)
      last = await live(struck, { commit: scenario.leastLife ?? 1, when: 'after' })
    expect(lives).toBeGreaterThan(2)
    expect(lasting(last.outcome, struck.world)).toEqual(lasting(outcome, quiet.world))
    if (scenario.leastLife !== undefined) return
    const [one, other] = await Promise.all(
      [quiet, struck].map(async ({ store }) => {
        const journal = memoryJournal({ store })
        const [run] = await journal.runs()
        return words(await journal.entries(run?.id ?? ''))
      }),
    )
    expect(other).toEqual(one)
  })
})
