import { describe, expect, it } from 'vitest'
import { assign, createMachine } from 'xstate'
import { type AnySaga, defineSaga, type ErrorReport, step } from '../../index.js'
import type { SagaContext } from '../../machine/saga-context.js'
import { enter } from '../../machine/step-state.js'
import { walkSaga } from './walk-saga.js'

const archive = defineSaga({
  name: 'archive',
  version: 1,
  steps: {
    collect: step({ run: () => 'files', compensate: () => {} }),
    store: step({
      run: () => 'rows',
      compensate: () => {},
      retry: { attempts: 2 },
      autoRetry: { attempts: 1 },
    }),
    verify: step({ run: () => 'proof', pivot: true }),
    cleanup: step({ run: () => null }),
  },
  facts: ({ outputs }) => ({ collected: outputs['collect'] ?? null }),
})

type State = Record<string, unknown> & {
  readonly on?: object
  readonly entry?: unknown
  readonly invoke?: object
}

/** The archive with a machine whose states were changed behind its back. */
function mutant(change: (states: Record<string, State>) => Record<string, State>): AnySaga {
  const { config, implementations } = archive.machine
  // The machine's own configuration; what is done to it here is exactly what its types would forbid.
  const states = change(config.states as unknown as Record<string, State>)
  return {
    definition: archive.definition,
    machine: createMachine({ ...config, states: { ...config.states, ...states } } as never).provide(
      implementations as never,
    ),
  }
}

/** A transition that enters a step as the machine's own do. */
const into = (name: string): object => ({
  target: name,
  actions: assign(({ context }) => enter(context as SagaContext, name)),
})

/** One of its states, with transitions of a mutant's own. */
const on = (state: State | undefined, transitions: object): State => ({
  ...state,
  on: { ...state?.on, ...transitions },
})

function brokenBy(saga: AnySaga): { readonly invariant: unknown; readonly message: string } {
  try {
    walkSaga(saga)
  } catch (error) {
    const { facts, message } = error as { facts: ErrorReport['facts']; message: string }
    return { invariant: facts['invariant'], message }
  }
  throw new Error('the walk found nothing')
}

describe('a walk', () => {
  it('says how much it has walked, and comes by every state of the machine', () => {
    // Built anew as the mutants below are, but unchanged.
    const report = walkSaga(mutant((states) => states))
    expect(Object.keys(report.statesOf).sort()).toEqual(Object.keys(archive.machine.states).sort())
    expect(report.states).toBeGreaterThan(200)
    expect(report.paths).toBeGreaterThan(report.states)
    expect(report.transitions).toBeGreaterThan(report.paths)
    expect(report.depth).toBeGreaterThan(8)
  })

  it('of one step that cannot be undone takes the paths that can be counted by hand', () => {
    const saga = defineSaga({ name: 'one', version: 1, steps: { only: step({ run: () => null }) } })
    const report = walkSaga(saga, { asks: [], checkpoints: { only: [] }, errors: [] })
    // It works; is cancelled, and parked; is done, or done after a retry; is discarded, from working or parked.
    expect(report.statesOf).toEqual({ only: 2, retryable: 1, done: 1, discarded: 2 })
  })

  it('checks the invariants of a host, and shows the shortest path that breaks one', () => {
    const walk = () =>
      walkSaga(archive, {
        invariants: [
          {
            name: 'cleanup never fails',
            holds: ({ event }) => event?.type !== 'cleanup fails with STEP_FAILED',
          },
        ],
      })
    expect(walk).toThrow(
      expect.objectContaining({
        code: 'INVARIANT_BROKEN',
        message: [
          "Saga 'archive' breaks the invariant 'cleanup never fails':",
          '1. it is started -> collect',
          '2. collect succeeds with "output of collect" -> store',
          '3. store succeeds with "output of store" -> verify',
          '4. verify succeeds with "output of verify" -> cleanup',
          '5. cleanup fails with STEP_FAILED -> retryable',
        ].join('\n'),
      }),
    )
  })

  it('gives up a walk without an end, and refuses options that it does not know', () => {
    expect(() => walkSaga(archive, { limit: 50 })).toThrow(expect.objectContaining({ code: 'WALK_TOO_LONG' }))
    const counting = mutant(({ store }) => ({
      store: on(store, {
        ASKED: {
          actions: assign(({ context }) => ({ input: Number((context as { input: unknown }).input) + 1 })),
        },
      }),
    }))
    expect(() => walkSaga(counting, { limit: 300 })).toThrow(
      expect.objectContaining({ code: 'WALK_TOO_LONG' }),
    )
    expect(() => walkSaga(archive, { invariant: [] } as never)).toThrow(
      expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
    )
  })

  it.each<[string, string, (states: Record<string, State>) => Record<string, State>]>([
    [
      'another way into cleanup',
      'a step begins when those before it have finished and it has not, with their outputs and its last checkpoint',
      ({ store }) => ({ store: on(store, { ASKED: into('cleanup') }) }),
    ],
    [
      'a way into cleanup that does not enter it',
      'a run that does not rest has its actor at work, or waits for the backoff timer',
      ({ store }) => ({ store: on(store, { ASKED: { target: 'cleanup' } }) }),
    ],
    [
      'a way past the last step',
      'a run is done when all of its steps have finished, and not before',
      ({ verify }) => ({ verify: on(verify, { CANCEL: { target: 'done' } }) }),
    ],
    [
      'a way back from done',
      'the machine has ended exactly when the run is done or discarded, and fails never',
      () => ({ done: { on: { RETRY: { target: 'cleanup' } } } }),
    ],
    [
      'a discard that undoes nothing',
      'a run is discarded only when every step that has an undo and had begun is undone',
      ({ retryable }) => ({ retryable: on(retryable, { DISCARD: { target: 'discarded' } }) }),
    ],
    [
      'a discard past the pivot',
      'past the pivot nothing is undone and no run is discarded',
      ({ cleanup }) => ({ cleanup: on(cleanup, { DISCARD: { target: 'discarded' } }) }),
    ],
    [
      'a retry that begins at the beginning',
      'a step begins when those before it have finished and it has not, with their outputs and its last checkpoint',
      ({ retryable }) => ({ retryable: on(retryable, { RETRY: into('collect') }) }),
    ],
    [
      'a retry that means nothing',
      'a retry of a parked run re-enters the step that it is parked at, or the first one that was wrong',
      ({ retryable }) => ({ retryable: on(retryable, { RETRY: {} }) }),
    ],
    [
      'a cancel that forgets the outputs',
      'the outputs of finished steps are kept as they were; others are there only for their undo',
      ({ store }) => ({ store: on(store, { CANCEL: { actions: assign({ outputs: {} }) } }) }),
    ],
    [
      'a step whose backoff timer is never cancelled',
      'a run that does not rest has its actor at work, or waits for the backoff timer',
      ({ store }) => ({ store: { ...store, exit: [] } }),
    ],
    [
      'an automatic retry that is never cancelled',
      'no timer outlives the state that it was set in',
      ({ retryable }) => ({ retryable: { ...retryable, exit: [] } }),
    ],
    [
      'a question that outlives its step',
      'only a step at work asks',
      ({ retryable }) => ({
        retryable: {
          ...retryable,
          entry: assign({ ask: { kind: 'trust', message: 'Tap Trust', secret: false } }),
        },
      }),
    ],
    [
      'a parked run that does not say why',
      'a parked run says which step failed, why, and at which attempt',
      ({ retryable }) => ({ retryable: { ...retryable, entry: assign({ error: null }) } }),
    ],
    [
      'a state that nobody knows',
      'a state is a step or one of the engine’s',
      ({ collect }) => ({ collect: on(collect, { CANCEL: { target: 'limbo' } }), limbo: {} }),
    ],
    [
      'facts that are not told anew',
      'the saga’s facts are those of what is known',
      ({ store }) => ({ store: on(store, { ASKED: { actions: assign({ collected: 'nothing' }) } }) }),
    ],
    [
      'a guard that throws',
      'the machine does not throw',
      ({ stuck }) => ({
        stuck: on(stuck, {
          RETRY: {
            target: 'compensating',
            guard: () => {
              throw new Error('a bug')
            },
          },
        }),
      }),
    ],
    [
      'something in its context that JSON cannot carry',
      'all that is known is plain JSON',
      ({ store }) => ({ store: on(store, { ASKED: { actions: assign({ input: new Date(0) }) } }) }),
    ],
  ])('catches a machine with %s', (_, invariant, change) => {
    expect(brokenBy(mutant(change)).invariant).toBe(invariant)
  })
})
