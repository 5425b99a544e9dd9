import { type ActorScope, type AnyStateMachine, createActor, createMachine, type EventObject } from 'xstate'
import type { Json } from '../json/json.js'
import type { SagaSnapshot } from './define-saga.js'

/** An action that a transition asks for, as XState's pure functions give it. */
export interface PureAction {
  readonly type: string
  readonly params?: unknown
}

/** A transition's result. */
export interface PureTransition {
  readonly snapshot: SagaSnapshot
  readonly actions: readonly PureAction[]
}

/** The actions that stand for an invocation: XState's `spawnChild` and `stopChild`, without an actor. */
export const invocation = { start: 'start', stop: 'stop' } as const

/**
 * A saga's machine as XState's `initialTransition` and `transition` drive it: the same states, transitions, guards and contexts.
 *
 * Those two functions make an actor, with a system and a first state of its own, at every call, and another for each one that a state
 * invokes; all of them are thrown away. Here one scope serves all transitions, and what it means to invoke an actor is spelt out:
 * start it on entry, stop it on exit, and take the two events of its end. A transition costs a fifth, and it is what a run costs
 * most besides the disk.
 */
export interface PureMachine {
  begin(input: Json): PureTransition
  decide(snapshot: SagaSnapshot, event: EventObject): PureTransition
  /** The snapshot of a state that was written down. */
  restore(state: { readonly value: string; readonly context: SagaSnapshot['context'] }): SagaSnapshot
}

const machines = new WeakMap<AnyStateMachine, PureMachine>()

/** The pure form of a saga's machine; made once for each. */
export function pureMachine(machine: AnyStateMachine): PureMachine {
  let pure = machines.get(machine)
  if (pure === undefined) {
    pure = makePure(machine)
    machines.set(machine, pure)
  }
  return pure
}

function makePure({ config }: AnyStateMachine): PureMachine {
  // XState's type of a state config allows much more than sagas have.
  const given: Readonly<Record<string, object>> = config.states ?? {}
  const states = Object.entries(given).map(([name, state]) => [name, withoutInvocation(state)])
  const leaving = new Map(Object.entries(given).map(([name, state]) => [name, onLeaving(state)]))
  const machine: AnyStateMachine = createMachine(
    { ...config, states: Object.fromEntries(states) },
    // It is data; nobody executes it.
    { actions: { [invocation.start]: () => {} } },
  )
  const root = createActor(machine)
  let actions: PureAction[] = []
  const scope: ActorScope<SagaSnapshot, EventObject> = {
    self: root,
    id: root.id,
    sessionId: root.sessionId,
    system: root.system,
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
    actionExecutor: (action) => {
      actions.push(action)
    },
  }
  const collect = (transition: () => SagaSnapshot): PureTransition => {
    actions = []
    const snapshot = transition()
    return { snapshot, actions }
  }
  return {
    begin: (input) => collect(() => machine.getInitialSnapshot(scope, input)),
    decide: (snapshot, event) => {
      const decided = collect(() => machine.transition(snapshot, event, scope))
      const left = leaving.get(snapshot.value) ?? null
      const isLeft =
        decided.snapshot.value !== snapshot.value ||
        decided.actions.some(({ type }) => type === invocation.start)
      return left !== null && isLeft
        ? { snapshot: decided.snapshot, actions: [...left, ...decided.actions] }
        : decided
    },
    restore: (state) => machine.resolveState(state),
  }
}

/** What build-machine.ts gives a state that invokes an actor: one of them, and on exit at the most the end of a timer. */
interface InvokingState {
  readonly invoke?: { readonly id: string; readonly onDone: unknown; readonly onError: unknown }
  readonly entry?: unknown
  readonly exit?: unknown
  readonly on?: object
}

/**
 * What leaving a state asks for, in XState's order; null for a state that invokes nothing. It is the same each time and changes no context, so it
 * is known without having XState work it out at every transition, for which it copies the whole snapshot.
 */
function onLeaving({ invoke, exit }: InvokingState): readonly PureAction[] | null {
  if (invoke === undefined) return null
  const timers = [exit ?? []].flat().map((action: unknown) => {
    if (typeof action !== 'function' || !('sendId' in action))
      throw new Error('a step only ends timers on exit')
    return { type: 'xstate.cancel', params: { sendId: action.sendId } }
  })
  return [...timers, { type: invocation.stop }]
}

function withoutInvocation(state: InvokingState): object {
  const { invoke, entry, exit: _, on, ...rest } = state
  if (invoke === undefined) return state
  const { id, onDone, onError } = invoke
  return {
    ...rest,
    entry: [entry ?? [], { type: invocation.start }].flat(),
    on: { ...on, [`xstate.done.actor.${id}`]: onDone, [`xstate.error.actor.${id}`]: onError },
  }
}
