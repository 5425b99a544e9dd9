import type { AnyStateMachine } from 'xstate'
import type { Json } from '../json/json.js'
import type { SagaSnapshot } from './define-saga.js'
import { invocation, pureMachine } from './pure-machine.js'
import {
  type SagaContext,
  type SagaEvent,
  type StepInput,
  stepInput,
  type UndoInput,
  undoInput,
} from './saga-context.js'
import type { EventTime } from './try-span.js'

/** Something that a decision asks the shell to do. */
export type Effect =
  | { readonly type: 'start'; readonly actor: string; readonly input: StepInput | UndoInput }
  | { readonly type: 'stop'; readonly actor: string }
  | {
      readonly type: 'schedule'
      readonly timer: string
      /** Milliseconds. */
      readonly delay: number
      readonly event: SagaEvent
    }
  | { readonly type: 'unschedule'; readonly timer: string }

/** The next state, and what is to be done because of it, in order. */
export interface Decision {
  readonly snapshot: SagaSnapshot
  readonly effects: readonly Effect[]
}

/** An event of the machine, or the result of one of its actors. */
export type MachineEvent =
  | SagaEvent
  | (EventTime &
      (
        | { readonly type: `xstate.done.actor.${string}`; readonly output: unknown; readonly actorId: string }
        | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown; readonly actorId: string }
      ))

/** The decision that begins a run of a saga's machine. Pure. */
export function begin(machine: AnyStateMachine, input: Json): Decision {
  const { snapshot, actions } = pureMachine(machine).begin(input)
  return { snapshot, effects: toEffects(null, snapshot, actions) }
}

/**
 * What follows from an event: no I/O, no clock, no randomness, so that folding the same events gives the same state for ever.
 * An event that means nothing in this state gives the very same snapshot back and asks for nothing.
 */
export function decide(machine: AnyStateMachine, snapshot: SagaSnapshot, event: MachineEvent): Decision {
  const { snapshot: next, actions } = pureMachine(machine).decide(snapshot, event)
  return { snapshot: next, effects: toEffects(snapshot, next, actions) }
}

/** The actions of a transition, of which the machine has four kinds, in our words. */
function toEffects(
  previous: SagaSnapshot | null,
  next: SagaSnapshot,
  actions: readonly { readonly type: string; readonly params?: unknown }[],
): readonly Effect[] {
  const effects: Effect[] = []
  for (const { type, params } of actions) {
    if (type === invocation.stop) {
      // A saga has one actor at a time: what is stopped is that of the state which was left.
      const actor = previous === null ? null : actorOf(previous)
      if (actor !== null) effects.push({ type: 'stop', actor })
    } else if (type === invocation.start) {
      const actor = actorOf(next)
      if (actor !== null) effects.push({ type: 'start', actor, input: inputOf(next, actor) })
    } else if (typeof params !== 'object' || params === null) {
      // The machine has no other actions.
    } else if (type === 'xstate.raise' && 'delay' in params && 'event' in params && 'id' in params) {
      if (typeof params.delay !== 'number') continue
      // The machine raises only its own events.
      const event = params.event as SagaEvent
      effects.push({ type: 'schedule', timer: String(params.id), delay: params.delay, event })
    } else if (type === 'xstate.cancel' && 'sendId' in params) {
      effects.push({ type: 'unschedule', timer: String(params.sendId) })
    }
  }
  return effects
}

/** The actor that works in a state, by its name: a step's, or `compensate`; null where the run rests. */
function actorOf(snapshot: SagaSnapshot): string | null {
  const state: string = snapshot.value
  if (state === 'compensating') return 'compensate'
  const context: SagaContext = snapshot.context
  return state === context.step ? state : null
}

function inputOf(snapshot: SagaSnapshot, actor: string): StepInput | UndoInput {
  const context: SagaContext = snapshot.context
  return actor === 'compensate' ? undoInput(context) : stepInput(context, actor)
}
