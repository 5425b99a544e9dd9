import type { ErrorReport } from '../../errors/holdfast-error.js'
import type { Json } from '../../json/json.js'
import { begin, type Decision, decide, type Effect, type MachineEvent } from '../../machine/decide.js'
import type { AnySaga, SagaSnapshot } from '../../machine/define-saga.js'
import type { SagaContext, SagaEvent, StepInput, UndoInput } from '../../machine/saga-context.js'

/** A state on a walk: that of the machine, and what the shell would be doing because of it. */
export interface WalkedState {
  readonly snapshot: SagaSnapshot
  /** A step's name, or a state of the engine. */
  readonly state: string
  /** With the saga's facts beside the engine's fields. */
  readonly context: SagaContext
  /** The actor at work: a step by its name, or `compensate`; null when none. */
  readonly working: { readonly actor: string; readonly input: StepInput | UndoInput } | null
  /** Timers that are set, with what each brings. */
  readonly timers: ReadonlyMap<string, SagaEvent>
  /** Steps with an undo that have begun and were not undone for good since, in the order in which they began. */
  readonly standing: readonly string[]
  /** Code of the error that the present step failed with last, `CANCELLED` if it was; null while nothing has happened to it. */
  readonly failure: string | null
}

/** An event that a walk tries. */
export interface WalkEvent {
  /** In words, such as `store fails with DISK_FULL`; different for each event of a state. */
  readonly type: string
  readonly event: MachineEvent
  /** The actor whose work it ends. */
  readonly settles?: string
  /** How that work ended. */
  readonly outcome?: 'success' | 'failure'
  /** What it failed with. */
  readonly error?: ErrorReport
  /** The timer that it is. */
  readonly timer?: string
}

/** One transition of a walk. */
export interface Transition {
  /** Null at the very beginning. */
  readonly before: WalkedState | null
  /** Null at the very beginning. */
  readonly event: WalkEvent | null
  /** What the machine asks the shell to do, in order. */
  readonly effects: readonly Effect[]
  readonly after: WalkedState
}

/** The beginning of a run. */
export function firstTransition(saga: AnySaga, input: Json): Transition {
  const decision = begin(saga.machine, input)
  return perform(saga, null, null, decision)
}

/** What an event leads to. An event that means nothing leaves the very same state. */
export function nextTransition(saga: AnySaga, before: WalkedState, event: WalkEvent): Transition {
  const decision = decide(saga.machine, before.snapshot, event.event)
  if (decision.snapshot === before.snapshot && decision.effects.length === 0) {
    return { before, event, effects: [], after: before }
  }
  return perform(saga, before, event, decision)
}

/** What a shell does with a decision, on paper. */
function perform(
  saga: AnySaga,
  before: WalkedState | null,
  event: WalkEvent | null,
  { snapshot, effects }: Decision,
): Transition {
  const timers = new Map(before?.timers)
  if (event?.timer !== undefined) timers.delete(event.timer)
  let working = event?.settles === undefined ? (before?.working ?? null) : null
  let standing = [...(before?.standing ?? [])]
  const undone = before === null || event === null ? null : undoneForGood(before, event)
  standing = standing.filter((name) => name !== undone)
  for (const effect of effects) {
    if (effect.type === 'start') {
      working = { actor: effect.actor, input: effect.input }
      const { step } = effect.input
      if (effect.actor === step && canUndo(saga, step)) {
        standing = [...standing.filter((name) => name !== step), step]
      }
    } else if (effect.type === 'stop') {
      if (working?.actor === effect.actor) working = null
    } else if (effect.type === 'schedule') timers.set(effect.timer, effect.event)
    else timers.delete(effect.timer)
  }
  const context: SagaContext = snapshot.context
  const failure = failureAfter(saga, before, event)
  const after = { snapshot, state: snapshot.value, context, working, timers, standing, failure }
  return { before, event, effects, after }
}

/**
 * The step that is undone for good by the event: the run is discarded, or the step begins afresh. An undo for another reason may keep
 * what the next attempt builds upon.
 */
function undoneForGood(before: WalkedState, event: WalkEvent): string | null {
  if (event.settles !== 'compensate' || event.outcome !== 'success') return null
  const { undo } = before.context
  if (undo === null || undo.reason === 'failed' || undo.reason === 'cancelled') return null
  return undo.queue[0] ?? null
}

/** What the present step has failed with, as an observer of its attempts would say. */
function failureAfter(saga: AnySaga, before: WalkedState | null, event: WalkEvent | null): string | null {
  if (before === null || event === null) return null
  const atStep = saga.definition.steps.some(({ name }) => name === before.state)
  if (event.event.type === 'CANCEL' && atStep) return 'CANCELLED'
  if (event.settles === undefined || event.settles === 'compensate') return before.failure
  return event.error?.code ?? null
}

function canUndo(saga: AnySaga, name: string): boolean {
  return saga.definition.steps.some((step) => step.name === name && step.compensate !== null)
}
