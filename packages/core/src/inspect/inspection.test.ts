import {
  createInspector,
  type StatelyActorEvent,
  type StatelyInspectionEvent,
  type StatelySnapshotEvent,
} from '@statelyai/inspect'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type AnyStateMachine, createMachine, type InspectionEvent, type Observer } from 'xstate'
import {
  type AnySaga,
  chartOf,
  createRunner,
  defineSaga,
  failure,
  HoldfastError,
  type InspectionObserver,
  MemoryJournalStore,
  memoryJournal,
  type Runner,
  type RunnerOptions,
  step,
} from '../index.js'

const runners: Runner[] = []
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.shutdown({ deadline: 100 })
})

function runnerOf(saga: AnySaga, more: Partial<RunnerOptions>): Runner {
  const runner = createRunner({ journal: memoryJournal(), sagas: [saga], newId: () => 'r', ...more })
  runners.push(runner)
  return runner
}

/** A real inspector with its default options, and what its adapter is sent. */
function inspectorOf() {
  const sent: StatelyInspectionEvent[] = []
  const { inspect } = createInspector({ send: (event) => sent.push(event) })
  return {
    sent,
    inspect,
    // It sends each event in a timer of its own, which was set before this one.
    drained: () => new Promise((resolve) => setTimeout(resolve, 0)),
    actors: () => sent.filter((event): event is StatelyActorEvent => event.type === '@xstate.actor'),
    snapshots: () => sent.filter((event): event is StatelySnapshotEvent => event.type === '@xstate.snapshot'),
  }
}

/** Each event as a line. */
function linesOf(events: readonly InspectionEvent[]): readonly string[] {
  return events.map((event) => {
    const { sessionId } = event.actorRef
    switch (event.type) {
      case '@xstate.event':
        return `${sessionId} <- ${event.event.type} from ${event.sourceRef?.sessionId ?? 'outside'}`
      case '@xstate.snapshot':
        return [
          sessionId,
          event.snapshot.status,
          ...('value' in event.snapshot ? [event.snapshot.value] : []),
        ].join(' ')
      default:
        return `${sessionId} ${event.type}`
    }
  })
}

/** Every way between two states, in an order of its own: the inspector sorts the properties of a definition. */
function waysOf(machine: AnyStateMachine): readonly string[] {
  return chartOf(machine)
    .transitions.flatMap(({ from, to, events }) => events.map((event) => `${from} ${event} ${to}`))
    .sort()
}

/** Fails at its first try. */
function fragile(): AnySaga {
  let tries = 0
  return defineSaga({
    name: 'two-steps',
    version: 1,
    steps: {
      first: step({ run: () => ({ count: 3 }) }),
      second: step({
        run: async ({ saveCheckpoint }) => {
          await saveCheckpoint({ row: 7 })
          tries += 1
          return tries === 1 ? failure(new HoldfastError('DISK_FULL', 'The volume is full')) : 'stored'
        },
        compensate: () => {},
      }),
    },
    hooks: { 'tell-user': { run: () => {} } },
  })
}

describe('an inspected run', () => {
  it('is told in XState’s events, of itself and of each attempt and undo, in the order of its entries', async () => {
    const events: InspectionEvent[] = []
    const runner = runnerOf(fragile(), { inspect: (event) => events.push(event) })
    const run = await runner.start('two-steps', null)
    await run.outcome()
    await run.retry()
    await run.outcome()
    await runner.shutdown()
    expect(linesOf(events)).toEqual([
      'holdfast:r @xstate.actor',
      'holdfast:r <- xstate.init from outside',
      'holdfast:r active first',
      'holdfast:r:1:0 @xstate.actor',
      'holdfast:r:1:0 <- xstate.init from holdfast:r',
      'holdfast:r:1:0 active',
      'holdfast:r:1:0 <- xstate.promise.resolve from holdfast:r:1:0',
      'holdfast:r:1:0 done',
      'holdfast:r <- xstate.done.actor.first from holdfast:r:1:0',
      'holdfast:r:2:2 @xstate.actor',
      'holdfast:r:2:2 <- xstate.init from holdfast:r',
      'holdfast:r:2:2 active',
      'holdfast:r active second',
      'holdfast:r <- CHECKPOINT from holdfast:r:2:2',
      'holdfast:r active second',
      'holdfast:r:2:2 <- xstate.promise.reject from holdfast:r:2:2',
      'holdfast:r:2:2 error',
      'holdfast:r <- xstate.error.actor.second from holdfast:r:2:2',
      'holdfast:r:4:2 @xstate.actor',
      'holdfast:r:4:2 <- xstate.init from holdfast:r',
      'holdfast:r:4:2 active',
      'holdfast:r active compensating',
      'holdfast:r:4:2 <- xstate.promise.resolve from holdfast:r:4:2',
      'holdfast:r:4:2 done',
      'holdfast:r <- xstate.done.actor.compensate from holdfast:r:4:2',
      'holdfast:r active retryable',
      'holdfast:r <- RETRY from outside',
      'holdfast:r:6:1 @xstate.actor',
      'holdfast:r:6:1 <- xstate.init from holdfast:r',
      'holdfast:r:6:1 active',
      'holdfast:r active second',
      'holdfast:r <- CHECKPOINT from holdfast:r:6:1',
      'holdfast:r active second',
      'holdfast:r:6:1 <- xstate.promise.resolve from holdfast:r:6:1',
      'holdfast:r:6:1 done',
      'holdfast:r <- xstate.done.actor.second from holdfast:r:6:1',
      'holdfast:r done done',
      'holdfast:r <- hook.succeeded from outside',
      'holdfast:r done done',
    ])
    expect(events.every(({ rootId }) => rootId === 'holdfast:r')).toBe(true)
  })

  it('arrives at an inspector of @statelyai/inspect with a definition that draws every state it then has', async () => {
    const { inspect, drained, actors, snapshots, sent } = inspectorOf()
    const saga = fragile()
    const run = await runnerOf(saga, { inspect }).start(saga, null)
    await run.outcome()
    await drained()

    const [root, ...children] = actors()
    expect(root).toMatchObject({ name: 'two-steps', sessionId: 'holdfast:r', parentId: undefined })
    expect(children).toMatchObject([
      { name: 'first', parentId: 'holdfast:r', rootId: 'holdfast:r' },
      { name: 'second', parentId: 'holdfast:r', rootId: 'holdfast:r' },
      { name: 'compensate', parentId: 'holdfast:r', rootId: 'holdfast:r' },
    ])
    const definition: object = JSON.parse(root?.definition ?? '')
    const machine: AnyStateMachine = createMachine(definition)
    expect(waysOf(machine)).toEqual(waysOf(saga.machine))
    const shown = snapshots().filter(({ sessionId }) => sessionId === 'holdfast:r')
    const states = shown.map(({ snapshot }) => {
      // The inspector's type of a snapshot leaves its value open.
      const { value, context } = snapshot as { value?: string; context?: object }
      const resolved: unknown = machine.resolveState({ value: value ?? '', context }).value
      return resolved
    })
    expect(states).toEqual(['first', 'second', 'second', 'compensating', 'retryable'])
    expect(shown.at(-1)).toMatchObject({
      event: { type: 'xstate.done.actor.compensate' },
      snapshot: {
        status: 'active',
        value: 'retryable',
        context: { step: 'second', attempts: { first: 1, second: 1 }, error: { code: 'DISK_FULL' } },
      },
    })
    // An Error would arrive as {}.
    expect(sent).toContainEqual(
      expect.objectContaining({
        sourceId: 'holdfast:r:2:2',
        event: expect.objectContaining({ error: expect.objectContaining({ code: 'DISK_FULL' }) }),
      }),
    )
  })

  it('is plain JSON in every event, so that it can be sent anywhere', async () => {
    const events: InspectionEvent[] = []
    const run = await runnerOf(fragile(), { inspect: { next: (event) => events.push(event) } }).start(
      'two-steps',
      null,
    )
    await run.outcome()
    for (const { actorRef, ...event } of events) {
      const state: unknown = actorRef.getSnapshot()
      const told = { ...event, sourceRef: undefined, state }
      expect(JSON.parse(JSON.stringify(told))).toEqual(told)
    }
  })

  it('shows what was stopped when it is cancelled', async () => {
    const events: InspectionEvent[] = []
    const saga = defineSaga({ name: 'slow', version: 1, steps: { slow: step({ run: untilAborted }) } })
    const run = await runnerOf(saga, { inspect: (event) => events.push(event) }).start(saga, null)
    await run.cancel()
    expect(linesOf(events).slice(-4)).toEqual([
      'holdfast:r <- CANCEL from outside',
      'holdfast:r:1:0 <- xstate.stop from holdfast:r',
      'holdfast:r:1:0 stopped',
      'holdfast:r active retryable',
    ])
  })

  it('announces itself with its present state when it is recovered, under the same session ids', async () => {
    const store = new MemoryJournalStore()
    const saga = defineSaga({
      name: 'two-steps',
      version: 1,
      steps: { first: step({ run: () => 1 }), second: step({ run: untilAborted }) },
    })
    const dead = runnerOf(saga, { journal: memoryJournal({ store }) })
    const left = await dead.start(saga, null)
    await new Promise<void>((resolve) => left.events.on('step.started', () => resolve()))
    for (const [run, lease] of store.leases) store.leases.set(run, { ...lease, holder: {}, expiresAt: 0 })

    const { inspect, drained, actors, snapshots } = inspectorOf()
    const runner = runnerOf(saga, { journal: memoryJournal({ store }), inspect })
    expect((await runner.recover()).resumed).toHaveLength(1)
    await drained()
    expect(actors().map(({ sessionId }) => sessionId)).toEqual(['holdfast:r', 'holdfast:r:2:2'])
    expect(snapshots()[0]).toMatchObject({
      event: { type: 'xstate.init' },
      snapshot: { value: 'second', context: { finished: ['first'] } },
    })
  })

  it('announces itself when it is opened, and shows nothing at work where nothing is', async () => {
    const journal = memoryJournal()
    const saga = fragile()
    const first = runnerOf(saga, { journal })
    await (await first.start(saga, null)).outcome()
    const events: InspectionEvent[] = []
    await runnerOf(saga, { journal, inspect: (event) => events.push(event) }).open('r')
    expect(linesOf(events)).toEqual([
      'holdfast:r @xstate.actor',
      'holdfast:r <- xstate.init from outside',
      'holdfast:r active retryable',
    ])
  })

  it('stops when this process gives it up, and goes on when it is taken up again', async () => {
    const events: InspectionEvent[] = []
    const journal = memoryJournal()
    let isBroken = false
    const saga = fragile()
    const runner = runnerOf(saga, {
      journal: {
        ...journal,
        leaseDuration: journal.leaseDuration,
        commit: async (writes) => {
          if (isBroken) throw new HoldfastError('JOURNAL_FAILED', 'The disk at /Users/alice went away')
          return journal.commit(writes)
        },
        claim: (run) => journal.claim(run),
        renew: (leases) => journal.renew(leases),
        entries: (run) => journal.entries(run),
        runs: (filter) => journal.runs(filter),
        close: () => journal.close(),
      },
      inspect: (event) => events.push(event),
    })
    const run = await runner.start(saga, null)
    isBroken = true
    expect(await run.outcome()).toMatchObject({ status: 'suspended' })
    expect(linesOf(events).slice(-2)).toEqual(['holdfast:r:1:0 stopped', 'holdfast:r stopped first'])
    expect(events.at(-1)).toMatchObject({
      event: {
        type: 'holdfast.suspended',
        error: { code: 'JOURNAL_FAILED', message: 'The disk at … went away' },
      },
    })
    isBroken = false
    events.length = 0
    await run.retry()
    expect(linesOf(events).slice(0, 4)).toEqual([
      'holdfast:r:1:0 @xstate.actor',
      'holdfast:r:1:0 <- xstate.init from holdfast:r',
      'holdfast:r:1:0 active',
      'holdfast:r active first',
    ])
    await run.outcome()
  })
})

describe('an observer', () => {
  it('is what XState takes as one', () => {
    expectTypeOf<Observer<InspectionEvent>>().toExtend<InspectionObserver>()
    expectTypeOf<(event: InspectionEvent) => void>().toExtend<InspectionObserver>()
    expectTypeOf<InspectionObserver>().toExtend<NonNullable<RunnerOptions['inspect']>>()
    expectTypeOf(createInspector({ send: () => {} }).inspect).toExtend<InspectionObserver>()
  })

  it('that throws is told to the host, and the run goes on; so is a redaction', async () => {
    for (const inspect of [
      () => {
        throw new Error('a bug')
      },
      {
        observer: () => {},
        redact: () => {
          throw new Error('a bug')
        },
      },
    ]) {
      const told: unknown[] = []
      const saga = defineSaga({ name: 'one', version: 1, steps: { a: step({ run: () => null }) } })
      const run = await runnerOf(saga, { inspect, onListenerError: (error) => told.push(error) }).start(
        saga,
        null,
      )
      expect(await run.outcome()).toMatchObject({ status: 'done' })
      expect(told).toContainEqual(new Error('a bug'))
    }
  })

  it('sees what the redaction of the host returns, or everything where the host says so', async () => {
    const input = { who: 'Alice' }
    for (const [redact, shown] of [
      [undefined, { who: '[5 characters]' }],
      [() => 'hidden', 'hidden'],
      [false, input],
    ] as const) {
      const events: InspectionEvent[] = []
      const observer = (event: InspectionEvent): void => void events.push(event)
      const saga = fragile()
      const inspect = redact === undefined ? observer : { observer, redact }
      await runnerOf(saga, { inspect }).start(saga, input)
      expect(events[0]?.actorRef.getSnapshot()).toMatchObject({ context: { input: shown } })
    }
  })

  it('that is none is refused at once', () => {
    const options = { journal: memoryJournal(), sagas: [fragile()] }
    const made = (inspect: object) => () => createRunner({ ...options, inspect })
    expect(made({ nxt: () => {} })).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }))
    expect(made({ redact: false })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(made({ observer: () => {}, redact: true })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })
})

/** A step that ends only when it has to. */
function untilAborted({ signal }: { readonly signal: AbortSignal }): Promise<null> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new HoldfastError('CANCELLED', 'aborted')))
  })
}
