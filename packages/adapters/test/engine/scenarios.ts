import type { AnySaga, RunViewSnapshot } from '@holdfast/core'
import type { OutsideWorld } from './outside-world.js'
import { type Behaviour, type StepName, sagaIn, shortly } from './sagas.js'

/** What a host does with a run at a moment; all but the first two are requests to the run. */
export type Wish =
  | 'wait'
  | 'leave'
  | 'retry'
  | 'cancel'
  | 'discard'
  | 'answer'
  | 'repair, then retry'
  /** Past the pivot a run cannot be discarded; asking for it must be refused. */
  | 'be refused a discard, then retry'

/** A saga, a host that decides by what the run shows alone, and what must come of both, however often the process dies. */
export interface Scenario {
  readonly name: string
  readonly saga: (world: OutsideWorld) => AnySaga
  readonly host: (view: RunViewSnapshot) => Wish
  /** Every effect but those of hooks, in order. */
  readonly effects: readonly string[]
  readonly ends: 'done' | 'discarded'
  /** What is there in the outside world in the end. */
  readonly things: readonly string[]
}

const all: readonly string[] = ['a', 'b', 'c', 'd', 'hook link', 'hook tell']

function scenario(
  name: string,
  behaviours: Partial<Record<StepName, Behaviour>>,
  effects: readonly string[],
  more: { readonly wish?: (view: RunViewSnapshot) => Wish | null; readonly discarded?: boolean } = {},
): Scenario {
  return {
    name,
    saga: (world) => sagaIn(world, name, behaviours),
    host: (view) => more.wish?.(view) ?? (isOver(view) ? 'leave' : 'wait'),
    effects,
    ends: more.discarded === true ? 'discarded' : 'done',
    things: more.discarded === true ? [] : all,
  }
}

/** Whether nothing more happens by itself. */
function isOver({ state, retryAt }: RunViewSnapshot): boolean {
  return (
    state === 'done' || state === 'discarded' || ((isParked(state) || state === 'stuck') && retryAt === null)
  )
}

function isParked(state: string): boolean {
  return state === 'retryable'
}

const retryWhenParked = ({ state, retryAt }: RunViewSnapshot): Wish | null =>
  isParked(state) && retryAt === null ? 'retry' : null
const retryWhenStuck = ({ state }: RunViewSnapshot): Wish | null =>
  state === 'stuck' ? 'repair, then retry' : null

/** Everything that a run can go through, one scenario each. */
export const scenarios: readonly Scenario[] = [
  scenario('straight', { b: { parts: 3 } }, ['step a 1', 'step b 1', 'step c 1', 'step d 1']),

  scenario('retried', { b: { fails: [1, 2], parts: 1, retry: { attempts: 3, ...shortly } } }, [
    'step a 1',
    'step b 1',
    'step b 2',
    'step b 3',
    'step c 1',
    'step d 1',
  ]),

  scenario(
    'parked',
    {
      b: {
        fails: [1, 2],
        failsForGood: [3],
        retry: { attempts: 2, ...shortly },
        autoRetry: { attempts: 3, ...shortly },
      },
    },
    [
      'step a 1',
      'step b 1',
      'step b 2',
      'undo b failed 1',
      'step b 3',
      'undo b failed 1',
      'step b 4',
      'step c 1',
      'step d 1',
    ],
    { wish: retryWhenParked },
  ),

  scenario(
    'cancelled',
    { b: { waits: [1], parts: 1 } },
    ['step a 1', 'step b 1', 'undo b cancelled 1', 'step b 2', 'step c 1', 'step d 1'],
    {
      wish: (view) => (view.state === 'b' && view.attempt === 1 ? 'cancel' : retryWhenParked(view)),
    },
  ),

  scenario(
    'discarded',
    { b: { undoFails: [1, 2] }, c: { fails: [1] } },
    [
      'step a 1',
      'step b 1',
      'step c 1',
      'undo c failed 1',
      'undo c discarded 1',
      'undo b discarded 1',
      'undo b discarded 2',
      'undo b discarded 3',
      'undo a discarded 1',
    ],
    { discarded: true, wish: ({ state }) => (isParked(state) ? 'discard' : null) },
  ),

  scenario(
    'discarded-at-work',
    { b: { waits: [1] } },
    ['step a 1', 'step b 1', 'undo b discarded 1', 'undo a discarded 1'],
    { discarded: true, wish: ({ state }) => (state === 'b' ? 'discard' : null) },
  ),

  scenario(
    'discarded-in-an-undo',
    { b: { fails: [1] } },
    ['step a 1', 'step b 1', 'undo b failed 1', 'undo b discarded 1', 'undo a discarded 1'],
    {
      discarded: true,
      wish: ({ state, undo }) =>
        isParked(state) || (state === 'compensating' && undo?.reason === 'failed') ? 'discard' : null,
    },
  ),

  scenario(
    'stuck',
    { b: { fails: [1], undoFails: 'broken' } },
    [
      'step a 1',
      'step b 1',
      'undo b failed 1',
      'undo b failed 2',
      'undo b failed 1',
      'step b 2',
      'step c 1',
      'step d 1',
    ],
    { wish: (view) => retryWhenStuck(view) ?? retryWhenParked(view) },
  ),

  scenario(
    'stuck-discarding',
    { b: { undoFails: 'broken' }, c: { failsForGood: [1] } },
    [
      'step a 1',
      'step b 1',
      'step c 1',
      'undo c failed 1',
      'undo c discarded 1',
      'undo b discarded 1',
      'undo b discarded 2',
      'undo b discarded 1',
      'undo a discarded 1',
    ],
    {
      discarded: true,
      wish: (view) => retryWhenStuck(view) ?? (isParked(view.state) ? 'discard' : null),
    },
  ),

  scenario('asking', { b: { asks: true, parts: 1 } }, ['step a 1', 'step b 1', 'step c 1', 'step d 1'], {
    wish: ({ ask }) => (ask === null ? null : 'answer'),
  }),

  scenario(
    'unverified',
    { c: { unproven: true } },
    [
      'step a 1',
      'step b 1',
      'step c 1',
      'undo c unverified 1',
      'undo b unverified 1',
      'step b 2',
      'step c 2',
      'step d 1',
    ],
    { wish: ({ state }) => (isParked(state) ? 'repair, then retry' : null) },
  ),

  scenario(
    'past-the-pivot',
    { d: { fails: [1, 2], retry: { attempts: 2, ...shortly } } },
    ['step a 1', 'step b 1', 'step c 1', 'step d 1', 'step d 2', 'step d 3'],
    { wish: ({ state }) => (isParked(state) ? 'be refused a discard, then retry' : null) },
  ),
]

/** The scenario of this name. */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`there is no scenario '${name}'`)
  return found
}
