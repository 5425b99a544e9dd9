import { sameJson, toJson } from '../../json/json.js'
import type { Effect } from '../../machine/decide.js'
import type { AnySaga } from '../../machine/define-saga.js'
import { timers } from '../../machine/saga-context.js'
import { engineStates, type NamedStep } from '../../saga/saga-definition.js'
import type { Transition, WalkEvent, WalkedState } from './walked-state.js'

/** Something that must hold at every transition of a saga, as a claim and its test. A test that throws does not hold. */
export interface Invariant {
  readonly name: string
  readonly holds: (transition: Transition) => boolean
}

const resting: ReadonlySet<string> = new Set(['retryable', 'stuck', 'done', 'discarded'])
const final: ReadonlySet<string> = new Set(['done', 'discarded'])

/** What holds for every saga, at every transition. */
export function sagaInvariants(saga: AnySaga): readonly Invariant[] {
  const { steps, facts } = saga.definition
  const names = steps.map(({ name }) => name)
  const pivot = steps.find((step) => step.pivot)?.name
  const known = new Set<string>([...names, ...engineStates])
  const stepNamed = (name: string | undefined): NamedStep | undefined =>
    steps.find((step) => step.name === name)

  /** Of an event by which a step finds the work of earlier ones wrong: that step, and the first of those; null for any other event. */
  const refutes = (event: WalkEvent | null): { readonly step: string; readonly from: string } | null => {
    const verifies = stepNamed(event?.settles)?.verifies
    const code = event?.error?.code
    if (event?.settles === undefined || verifies === undefined || verifies === null || code === undefined)
      return null
    return verifies.codes.includes(code) ? { step: event.settles, from: verifies.from } : null
  }

  return [
    {
      name: 'a state is a step or one of the engine’s',
      holds: ({ after }) => known.has(after.state),
    },
    {
      name: 'the machine has ended exactly when the run is done or discarded, and fails never',
      holds: ({ after }) => after.snapshot.status === (final.has(after.state) ? 'done' : 'active'),
    },
    {
      name: 'a run that has ended stays as it is',
      holds: ({ before, after, effects }) =>
        before === null || !final.has(before.state) || (isSame(before, after) && effects.length === 0),
    },
    {
      name: 'steps finish in their order, each once, and none is unfinished again unless a later one has found it wrong',
      holds: ({ before, event, after }) => {
        const { finished } = after.context
        const grown = finished.length - (before?.context.finished.length ?? 0)
        const refuted = refutes(event)
        const expected =
          refuted === null ? [0, 1] : [names.indexOf(refuted.from) - names.indexOf(refuted.step)]
        return sameJson(finished, names.slice(0, finished.length)) && expected.includes(grown)
      },
    },
    {
      name: 'a step finishes only by its own success',
      holds: ({ before, event, after }) => {
        const { finished } = after.context
        if (before === null || finished.length <= before.context.finished.length) return true
        return event?.settles === finished.at(-1) && event?.outcome === 'success'
      },
    },
    {
      name: 'a run is done when all of its steps have finished, and not before',
      holds: ({ after }) => (after.state === 'done') === (after.context.finished.length === names.length),
    },
    {
      name: 'the outputs of finished steps are kept as they were; others are there only for their undo',
      holds: ({ before, after }) => {
        const { finished, outputs } = after.context
        return (
          finished.every((name) => Object.hasOwn(outputs, name)) &&
          (isRefuted(after) || Object.keys(outputs).length === finished.length) &&
          (before === null ||
            finished.every(
              (name) =>
                !before.context.finished.includes(name) ||
                sameJson(outputs[name], before.context.outputs[name]),
            ))
        )
      },
    },
    {
      name: 'a checkpoint is kept until the step saves the next one, or begins afresh because its work was wrong',
      holds: ({ before, event, after }) =>
        before === null ||
        event?.event.type === 'CHECKPOINT' ||
        (after.state === 'retryable' && after.context.undo?.reason === 'unverified') ||
        sameJson(after.context.checkpoints, before.context.checkpoints),
    },
    {
      name: 'a step begins when those before it have finished and it has not, with their outputs and its last checkpoint',
      holds: ({ after, effects }) =>
        starts(effects).every(({ actor, input }) => {
          if (actor === 'compensate') return true
          const { finished, outputs, checkpoints } = after.context
          return (
            input.step === actor &&
            names[finished.length] === actor &&
            sameJson(input.outputs, outputs) &&
            sameJson(input.checkpoint, checkpoints[actor] ?? null)
          )
        }),
    },
    {
      name: 'one actor is at work at a time',
      holds: ({ before, event, effects }) => {
        let atWork = event?.settles !== undefined || before === null ? null : (before.working?.actor ?? null)
        for (const effect of effects) {
          if (effect.type === 'stop' && effect.actor === atWork) atWork = null
          if (effect.type !== 'start') continue
          if (atWork !== null) return false
          atWork = effect.actor
        }
        return true
      },
    },
    {
      name: 'a run that does not rest has its actor at work, or waits for the backoff timer',
      holds: ({ after }) => {
        if (resting.has(after.state)) return after.working === null && !after.timers.has(timers.backoff)
        const actor = after.state === 'compensating' ? 'compensate' : after.state
        const waits = after.timers.has(timers.backoff)
        return (
          after.context.waiting === waits && (waits ? after.working === null : after.working?.actor === actor)
        )
      },
    },
    {
      name: 'no timer outlives the state that it was set in',
      holds: ({ after }) =>
        [...after.timers.keys()].every((timer) =>
          timer === timers.autoRetry
            ? after.state === 'retryable'
            : timer === timers.backoff && !resting.has(after.state),
        ),
    },
    {
      name: 'a parked run says which step failed, why, and at which attempt',
      holds: ({ after: { state, context, failure } }) =>
        state !== 'retryable' ||
        ((context.undo?.reason === 'unverified' || context.step === names[context.finished.length]) &&
          context.error !== null &&
          context.error.code === failure &&
          context.error.message !== '' &&
          context.attempt >= 1),
    },
    {
      name: 'a retry of a parked run re-enters the step that it is parked at, or the first one that was wrong',
      holds: ({ before, event, after }) =>
        before?.state !== 'retryable' ||
        event?.event.type !== 'RETRY' ||
        after.state === names[before.context.finished.length],
    },
    {
      name: 'no step is retried by itself beyond its policy, nor after an error that forbids it',
      holds: ({ before, after, effects }) =>
        effects.every((effect) => {
          if (effect.type !== 'schedule' || before === null) return true
          const { context } = after
          if (effect.timer === timers.autoRetry) {
            const attempts = stepNamed(context.step)?.autoRetry?.attempts ?? 0
            return context.error?.retryable === true && context.autoRetries < attempts
          }
          if (after.state !== 'compensating') {
            const attempts = stepNamed(context.step)?.retry.attempts ?? 0
            return context.error?.retryable === true && context.tries < attempts
          }
          return (
            (context.undo?.tries ?? 0) < (stepNamed(context.undo?.queue[0])?.compensateRetry.attempts ?? 0)
          )
        }),
    },
    {
      name: 'only forward is left exactly when the pivot has finished',
      holds: ({ after: { context } }) =>
        context.pastPivot === (pivot !== undefined && context.finished.includes(pivot)),
    },
    {
      name: 'past the pivot nothing is undone and no run is discarded',
      holds: ({ after, effects }) =>
        !after.context.pastPivot ||
        (after.state !== 'discarded' && starts(effects).every(({ actor }) => actor !== 'compensate')),
    },
    {
      name: 'undos run in the reverse order of the steps; when an attempt has failed or was cancelled, only its step is undone',
      holds: ({ after, effects }) =>
        starts(effects).every(({ actor, input }) => {
          if (actor !== 'compensate') return true
          const reason = after.context.undo?.reason
          if (reason === 'failed' || reason === 'cancelled') return input.step === after.context.step
          // The present step is undone once more for a new reason.
          return input.step === after.standing.at(-1) || isFirstUndo(after)
        }),
    },
    {
      name: 'an undo is given the output, the checkpoint, the reason and the error of its step',
      holds: ({ after: { context, failure }, effects }) =>
        starts(effects).every(({ actor, input }) => {
          if (actor !== 'compensate') return true
          const { step } = input
          return (
            'reason' in input &&
            input.reason === context.undo?.reason &&
            sameJson(input.options, context.undo.options) &&
            sameJson(input.output, context.outputs[step] ?? null) &&
            sameJson(input.checkpoint, context.checkpoints[step] ?? null) &&
            (input.error?.code ?? null) === (step === context.step ? failure : null)
          )
        }),
    },
    {
      name: 'a run is discarded only when every step that has an undo and had begun is undone',
      holds: ({ after }) => after.state !== 'discarded' || after.standing.length === 0,
    },
    {
      name: 'a run is stuck only by an undo that failed, and says what may remain',
      holds: ({ before, event, after }) =>
        after.state !== 'stuck' ||
        ((before?.state === 'stuck' || (event?.settles === 'compensate' && event.outcome === 'failure')) &&
          after.context.error !== null &&
          after.context.undo?.queue[0] !== undefined &&
          after.context.undo.queue.every(
            (name) => after.standing.includes(name) || name === after.context.step,
          )),
    },
    {
      name: 'only a step at work asks',
      holds: ({ after }) => after.context.ask === null || after.working?.actor === after.context.step,
    },
    {
      name: 'the saga’s facts are those of what is known',
      holds: ({ after: { context } }) => {
        const { input, outputs, checkpoints } = context
        const shown = new Map<string, unknown>(Object.entries(context))
        return Object.entries(facts({ input, outputs, checkpoints })).every(([name, fact]) =>
          sameJson(shown.get(name), fact),
        )
      },
    },
    {
      name: 'all that is known is plain JSON',
      holds: ({ before, after: { context } }) =>
        context === before?.context || sameJson(toJson(context, 'the context'), context),
    },
  ]
}

/** Whether steps may be being undone that a later one has found wrong; a discard goes on with those. */
function isRefuted({ state, context: { undo } }: WalkedState): boolean {
  return state !== 'retryable' && (undo?.reason === 'unverified' || undo?.reason === 'discarded')
}

/** Whether the undo that begins is that of the present step. */
function isFirstUndo({ context }: WalkedState): boolean {
  return context.undo?.queue[0] === context.step
}

function isSame(before: WalkedState, after: WalkedState): boolean {
  return before.state === after.state && sameJson(before.context, after.context)
}

function starts(effects: readonly Effect[]): readonly Extract<Effect, { type: 'start' }>[] {
  return effects.filter((effect) => effect.type === 'start')
}
