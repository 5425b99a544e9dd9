import { describe, expect, it } from 'vitest'
import { initialTransition, transition } from 'xstate'
import { failure } from '../errors/failure.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import { step } from '../saga/step.js'
import { begin, decide, type MachineEvent } from './decide.js'
import { type AnySaga, defineSaga, type SagaSnapshot } from './define-saga.js'
import { pureMachine } from './pure-machine.js'

const saga: AnySaga = defineSaga({
  name: 's',
  version: 1,
  steps: {
    a: step({ run: () => 1, compensate: () => {}, retry: { attempts: 2 } }),
    b: step({ run: () => 2, compensate: () => {}, autoRetry: { attempts: 1 } }),
    c: step({ run: () => 3, pivot: true }),
    d: step({ run: () => 4 }),
  },
  facts: ({ outputs }) => ({ first: outputs['a'] ?? null }),
})

const done = (actorId: string, output: unknown = actorId): MachineEvent => ({
  type: `xstate.done.actor.${actorId}`,
  output,
  actorId,
})
const failed = (actorId: string, retryable = true): MachineEvent => ({
  type: `xstate.error.actor.${actorId}`,
  error: new HoldfastError('STEP_FAILED', 'no', { retryable }),
  actorId,
})

const walks: Readonly<Record<string, readonly MachineEvent[]>> = {
  'every step succeeds': [done('a'), done('b'), done('c'), done('d')],
  'a failure, a backoff and a checkpoint': [
    failed('a'),
    { type: 'BACKOFF_OVER' },
    { type: 'CHECKPOINT', step: 'a', value: { at: 3 } },
    done('a'),
  ],
  'a failure for good, an undo that fails, stuck, and on': [
    done('a'),
    done('b', failure(new HoldfastError('STEP_FAILED', 'no'))),
    failed('compensate', false),
    { type: 'RETRY' },
    done('compensate', null),
    { type: 'RETRY', automatic: true },
  ],
  'a discard': [
    done('a'),
    { type: 'DISCARD', options: { backup: 'keep' } },
    done('compensate'),
    done('compensate'),
  ],
  'a question, a cancel, and events that mean nothing': [
    { type: 'ASKED', ask: { kind: 'password', message: 'which?', secret: true } },
    { type: 'ANSWERED' },
    { type: 'CANCEL' },
    { type: 'CANCEL' },
    done('b'),
    done('compensate'),
    { type: 'CANCEL' },
  ],
}

/** What of a snapshot and its actions has a meaning, as plain data. */
function seen(
  snapshot: SagaSnapshot,
  actions: readonly { readonly type: string; readonly params?: unknown }[],
) {
  const { value, context, status } = snapshot
  return {
    value,
    context,
    status,
    actions: actions.map(({ type, params }) => {
      if (type === 'xstate.spawnChild') return 'start'
      return type === 'xstate.stopChild'
        ? 'stop'
        : type === 'start' || type === 'stop'
          ? type
          : { type, params }
    }),
  }
}

describe('a machine that is driven without actors', () => {
  for (const [name, events] of Object.entries(walks)) {
    it(`takes the very transitions of XState's own pure functions: ${name}`, () => {
      const pure = pureMachine(saga.machine)
      let [theirs, theirActions] = initialTransition(saga.machine, { some: 'input' })
      let ours = pure.begin({ some: 'input' })
      expect(seen(ours.snapshot, ours.actions)).toEqual(seen(theirs, theirActions))
      for (const event of events) {
        ;[theirs, theirActions] = transition(saga.machine, theirs, event)
        ours = pure.decide(ours.snapshot, event)
        expect(seen(ours.snapshot, ours.actions)).toEqual(seen(theirs, theirActions))
      }
    })
  }

  it('gives the actor that begins what the machine itself would have given it', () => {
    const [, actions] = initialTransition(saga.machine, 'input')
    const spawned = actions.find(({ type }) => type === 'xstate.spawnChild')
    const { parent: _, ...input } = Reflect.get(Object(spawned?.params), 'input')
    expect(begin(saga.machine, 'input').effects).toEqual([{ type: 'start', actor: 'a', input }])
  })

  it('gives the same snapshot back for an event that means nothing', () => {
    const { snapshot } = begin(saga.machine, null)
    expect(decide(saga.machine, snapshot, { type: 'ANSWERED' }).snapshot).not.toBe(snapshot)
    const nothing = decide(saga.machine, snapshot, { type: 'BACKOFF_OVER' })
    expect(nothing.snapshot).toBe(snapshot)
    expect(nothing.effects).toEqual([])
  })

  it('goes on from a state that was written down as from the state itself', () => {
    const { snapshot } = decide(saga.machine, begin(saga.machine, null).snapshot, done('a'))
    const { value, context } = JSON.parse(JSON.stringify(snapshot))
    const restored = pureMachine(saga.machine).restore({ value, context })
    const next = (from: SagaSnapshot) => {
      const { snapshot: after, effects } = decide(saga.machine, from, done('b'))
      return [after.value, after.context, after.status, effects]
    }
    expect(next(restored)).toEqual(next(snapshot))
  })
})
