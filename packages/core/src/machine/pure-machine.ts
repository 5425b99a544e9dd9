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

/**
 * A saga's machine as XState's `initialTransition` and `transition` drive it: the same config, the same snapshots, actions as data.
 *
 * Those two functions make an actor, with a system and a first state of its own, at every call, and another for each actor that is
 * spawned; all of it is thrown away. Here one scope serves all transitions, and nothing stands behind the actors' names, so that
 * spawning one is only an action. Driven so, a transition costs a fifth, and it is what a run costs most besides the disk.
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

function makePure(original: AnyStateMachine): PureMachine {
  const machine: AnyStateMachine = createMachine(original.config)
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
    // XState notes an actor under its id although there is none; whoever serialises the snapshot would stumble over it.
    snapshot.children = {}
    return { snapshot, actions }
  }
  return {
    begin: (input) => collect(() => machine.getInitialSnapshot(scope, input)),
    decide: (snapshot, event) => collect(() => machine.transition(snapshot, event, scope)),
    restore: (state) => machine.resolveState(state),
  }
}
