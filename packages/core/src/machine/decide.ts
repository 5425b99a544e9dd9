import { type AnyStateMachine, initialTransition, type SnapshotFrom, transition } from 'xstate'
import type { Json } from '../json/json.js'
import type { SagaMachine } from './define-saga.js'
import type { InvokedStepInput, SagaEvent, StepInput, UndoInput } from './saga-context.js'

/** A state of a saga's machine, as XState gives it. */
export type SagaSnapshot = SnapshotFrom<SagaMachine>

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
  | { readonly type: `xstate.done.actor.${string}`; readonly output: unknown; readonly actorId: string }
  | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown; readonly actorId: string }

/** The decision that begins a run of a saga's machine. Pure. */
export function begin(machine: AnyStateMachine, input: Json): Decision {
  const [snapshot, actions] = initialTransition(machine, input)
  return { snapshot, effects: toEffects(actions) }
}

/**
 * What follows from an event: no I/O, no clock, no randomness, so that folding the same events gives the same state for ever.
 * An event that means nothing in this state changes nothing and asks for nothing.
 */
export function decide(machine: AnyStateMachine, snapshot: SagaSnapshot, event: MachineEvent): Decision {
  const [next, actions] = transition(machine, snapshot, event)
  return { snapshot: next, effects: toEffects(actions) }
}

/** XState's action objects, of which the machine uses four kinds, in our words. */
function toEffects(
  actions: readonly { readonly type: string; readonly params?: unknown }[],
): readonly Effect[] {
  const effects: Effect[] = []
  for (const { type, params } of actions) {
    if (typeof params !== 'object' || params === null) continue
    if (type === 'xstate.spawnChild' && 'src' in params && 'input' in params) {
      // The input is what build-machine.ts made a moment ago; the way back to the machine is not for a journal's effects.
      const { parent: _, ...input } = params.input as UndoInput & Partial<InvokedStepInput>
      effects.push({ type: 'start', actor: String(params.src), input })
    } else if (type === 'xstate.stopChild' && 'id' in params) {
      effects.push({ type: 'stop', actor: String(params.id) })
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
