import { fromTransition } from 'xstate'
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph'
import { HoldfastError } from '../../errors/holdfast-error.js'
import { canonicalJson, type Json } from '../../json/json.js'
import type { AnySaga } from '../../machine/define-saga.js'
import { checkOptions, rule } from '../../options/check-options.js'
import { type Invariant, sagaInvariants } from './invariants.js'
import { eventsAt, type Possibilities, usualPossibilities } from './walk-events.js'
import {
  firstTransition,
  nextTransition,
  type Transition,
  type WalkEvent,
  type WalkedState,
} from './walked-state.js'

/** Options of {@link walkSaga}. */
export interface WalkOptions extends Partial<Possibilities> {
  /** What the run is started with; it goes through the saga's own check of inputs. @default null */
  readonly input?: unknown
  /** What must hold for this saga beside what holds for all. @default nothing more */
  readonly invariants?: readonly Invariant[]
  /** Fields of the context that only count, so that states that differ in nothing else are one. @default attempt, attempts */
  readonly counters?: readonly string[]
  /** States after which the walk is given up. @default 200000 */
  readonly limit?: number
}

/** What a walk has seen. */
export interface WalkReport {
  /** States, as far as they differ in more than what only counts. */
  readonly states: number
  /** How many of them are in each state of the machine, by its name. */
  readonly statesOf: Readonly<Record<string, number>>
  /** Transitions that change something. */
  readonly transitions: number
  /** Events that changed nothing that counts, most of them because they mean nothing where they came. */
  readonly ignored: number
  /** Paths from the beginning that take every transition, none of them the beginning of another. */
  readonly paths: number
  /** Events on the shortest way to the state that is farthest away. */
  readonly depth: number
}

const walkRules = {
  input: rule.any,
  invariants: { must: 'be an array of invariants', test: Array.isArray },
  counters: rule.strings,
  limit: rule.count,
  outputs: rule.object,
  checkpoints: rule.object,
  errors: { must: 'be an array of error reports', test: Array.isArray },
  asks: { must: 'be an array of asks', test: Array.isArray },
  discards: { must: 'be an array of objects', test: Array.isArray },
  tries: rule.count,
}

/** How a state was first reached. */
interface Reached {
  readonly walked: WalkedState
  readonly from: Reached | null
  readonly by: string
  readonly depth: number
}

/**
 * Walks every path of a saga's machine: each step succeeds, fails, fails for good, returns a failure, asks and saves checkpoints; each
 * timer fires or is cancelled; each undo succeeds or fails; and a host retries, cancels and discards at any moment. Nothing runs: the
 * walk is over the pure machine. At every transition it checks what holds for all sagas, and the invariants that it is given.
 *
 * Paths that meet in one state go on as one, so the walk ends, and takes every transition that any path takes.
 *
 * @throws HoldfastError `INVARIANT_BROKEN`, with the shortest path that breaks one; `WALK_TOO_LONG`, `OPTION_UNKNOWN`, `OPTION_INVALID`.
 *
 * @example
 * const { states, paths } = walkSaga(archive, {
 *   invariants: [
 *     {
 *       name: 'originals are moved only after they were compared',
 *       holds: ({ effects, after }) =>
 *         after.context.finished.includes('verify') || !effects.some((effect) => effect.type === 'start' && effect.actor === 'cleanup'),
 *     },
 *   ],
 * })
 */
export function walkSaga(saga: AnySaga, options: WalkOptions = {}): WalkReport {
  checkOptions('walkSaga', options, walkRules)
  const { limit = 200_000, counters = ['attempt', 'attempts'] } = options
  const may: Possibilities = { ...usualPossibilities, ...options }
  const invariants = [...sagaInvariants(saga), ...(options.invariants ?? [])]
  const reached = new Map<string, Reached>()
  const keys = new WeakMap<WalkedState, string>()
  const keyOf = (walked: WalkedState): string => {
    const key = keys.get(walked) ?? stateKey(walked, counters)
    keys.set(walked, key)
    return key
  }

  /** Checks a transition, and gives the state that it leads to: the one that was reached first of those that count as the same. */
  const arrive = (transition: Transition, from: Reached | null, by: string): WalkedState => {
    for (const { name, holds } of invariants) {
      let cause: unknown
      try {
        if (holds(transition)) continue
      } catch (error) {
        cause = error
      }
      throw broken(saga, name, pathTo(from, by, transition.after), cause)
    }
    const { after } = transition
    const known = reached.get(keyOf(after))
    if (known !== undefined) return known.walked
    if (reached.size === limit) throw tooLong(saga, limit)
    reached.set(keyOf(after), { walked: after, from, by, depth: from === null ? 0 : from.depth + 1 })
    return after
  }
  const step = (walked: WalkedState, event: WalkEvent): WalkedState => {
    const from = reached.get(keyOf(walked)) ?? null
    let transition: Transition
    try {
      transition = nextTransition(saga, walked, event)
    } catch (error) {
      throw broken(saga, 'the machine does not throw', pathTo(from, event.type, null), error)
    }
    return arrive(transition, from, event.type)
  }

  const input: Json = saga.definition.input(options.input ?? null)
  const first = arrive(firstTransition(saga, input), null, 'it is started')
  const map = getAdjacencyMap(
    // The logic that is walked: the machine, and what the shell does about its effects.
    fromTransition<WalkedState, WalkEvent, never, undefined>(step, first),
    {
      events: (snapshot) => eventsAt(saga, snapshot.context, may),
      serializeState: (snapshot) => keyOf(snapshot.context),
      serializeEvent: ({ type }) => type,
    },
  )
  const edges = adjacencyMapToArray(map).map(
    ({ state, nextState }) => [state.context, nextState.context] as const,
  )
  return report([...reached.values()], edges)
}

function report(
  states: readonly Reached[],
  edges: readonly (readonly [WalkedState, WalkedState])[],
): WalkReport {
  const statesOf: Record<string, number> = {}
  for (const { walked } of states) statesOf[walked.state] = (statesOf[walked.state] ?? 0) + 1
  const changing = edges.filter(([from, to]) => from !== to)
  const left = new Set(changing.map(([from]) => from))
  // Each transition ends a shortest path to its beginning. It is a whole path unless it is the one by which a state that is left
  // again was first reached: then it is the beginning of others.
  const beginnings = states.filter(({ walked, from }) => from !== null && left.has(walked)).length
  return {
    states: states.length,
    statesOf,
    transitions: changing.length,
    ignored: edges.length - changing.length,
    paths: changing.length - beginnings,
    // Not spread over arguments: a walk may have more states than a call takes.
    depth: states.reduce((deepest, { depth }) => Math.max(deepest, depth), 0),
  }
}

/** What of a state tells it from others: everything that a later decision can depend on. */
function stateKey(
  { state, snapshot, context, working, timers, standing, failure }: WalkedState,
  counters: readonly string[],
): string {
  const { checkpoints, ...rest } = context
  const known = Object.entries(rest).filter(([name]) => !counters.includes(name))
  return canonicalJson({
    state,
    status: snapshot.status,
    working: working?.actor,
    timers: [...timers],
    standing,
    failure,
    ...Object.fromEntries(known),
    // Those of other steps show only in the facts, which are part of the context, until an undo is given its own.
    checkpoint: checkpoints[context.step],
  })
}

function pathTo(from: Reached | null, by: string, after: WalkedState | null): readonly string[] {
  const path = [`${by} -> ${after?.state ?? 'throws'}`]
  for (let at = from; at !== null; at = at.from) path.unshift(`${at.by} -> ${at.walked.state}`)
  return path
}

function broken(saga: AnySaga, invariant: string, path: readonly string[], cause?: unknown): HoldfastError {
  const lines = path.map((line, index) => `${index + 1}. ${line}`).join('\n')
  return new HoldfastError(
    'INVARIANT_BROKEN',
    `Saga '${saga.definition.name}' breaks the invariant '${invariant}':\n${lines}`,
    {
      hint: 'The path is the shortest that breaks it.',
      retryable: false,
      facts: { saga: saga.definition.name, invariant, events: path.length },
      cause,
    },
  )
}

function tooLong(saga: AnySaga, limit: number): HoldfastError {
  return new HoldfastError('WALK_TOO_LONG', `Saga '${saga.definition.name}' has more than ${limit} states`, {
    hint: 'Name what only counts in `counters`, allow fewer `tries`, or raise the limit.',
    retryable: false,
    facts: { saga: saga.definition.name, limit },
  })
}
