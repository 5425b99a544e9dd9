import { failure } from '../../errors/failure.js'
import { type ErrorReport, HoldfastError, reportError } from '../../errors/holdfast-error.js'
import type { Json, JsonObject } from '../../json/json.js'
import type { AnySaga } from '../../machine/define-saga.js'
import type { Ask } from '../../machine/saga-context.js'
import type { WalkEvent, WalkedState } from './walked-state.js'

/** What may happen in a run that is walked. */
export interface Possibilities {
  /** What each step may return, by its name. */
  readonly outputs: Readonly<Record<string, readonly Json[]>>
  /** What each step may save as its checkpoint, by its name. */
  readonly checkpoints: Readonly<Record<string, readonly Json[]>>
  /** What steps and undos may fail with. */
  readonly errors: readonly ErrorReport[]
  /** What steps may ask. */
  readonly asks: readonly Ask[]
  /** What a run may be discarded with. */
  readonly discards: readonly JsonObject[]
  /** Tries of a step or an undo, and automatic retries, after which nothing but success and failure for good is tried. */
  readonly tries: number
}

/** Everything that may happen in a state; what means nothing there is tried as well, and has to change nothing. */
export function eventsAt(saga: AnySaga, walked: WalkedState, may: Possibilities): readonly WalkEvent[] {
  return [
    ...(walked.working === null ? [] : resultsOf(saga, walked, walked.working.actor, may)),
    ...(walked.working === null ? [] : reportsOf(saga, walked, may)),
    ...timersOf(walked, may),
    { type: 'RETRY', event: { type: 'RETRY' } },
    { type: 'CANCEL', event: { type: 'CANCEL' } },
    ...may.discards.map((options): WalkEvent => {
      const suffix = Object.keys(options).length === 0 ? '' : ` ${JSON.stringify(options)}`
      return { type: `DISCARD${suffix}`, event: { type: 'DISCARD', options } }
    }),
  ]
}

function resultsOf(
  saga: AnySaga,
  walked: WalkedState,
  actor: string,
  may: Possibilities,
): readonly WalkEvent[] {
  const undoing = actor === 'compensate'
  const name = undoing ? `the undo of ${walked.working?.input.step}` : actor
  const tries = undoing ? (walked.context.undo?.tries ?? 0) : walked.context.tries
  const success = (output: Json): WalkEvent => ({
    type: `${name} succeeds${undoing ? '' : ` with ${JSON.stringify(output)}`}`,
    settles: actor,
    outcome: 'success',
    event: { type: `xstate.done.actor.${actor}`, output, actorId: actor },
  })
  const outputs = undoing ? [null] : (may.outputs[actor] ?? [`output of ${actor}`])
  const errors = [
    ...may.errors.filter(({ retryable }) => !retryable || tries < may.tries),
    ...(undoing ? [] : refutations(saga, actor)),
  ]
  return [
    ...outputs.map(success),
    ...errors.flatMap((error): readonly WalkEvent[] => [
      {
        type: `${name} fails with ${error.code}`,
        settles: actor,
        outcome: 'failure',
        error,
        event: { type: `xstate.error.actor.${actor}`, error, actorId: actor },
      },
      {
        type: `${name} returns a failure with ${error.code}`,
        settles: actor,
        outcome: 'failure',
        error,
        event: { type: `xstate.done.actor.${actor}`, output: failure(error), actorId: actor },
      },
    ]),
  ]
}

/** What a step fails with that finds the work of earlier ones wrong. */
function refutations(saga: AnySaga, name: string): readonly ErrorReport[] {
  const codes = saga.definition.steps.find((step) => step.name === name)?.verifies?.codes ?? []
  return codes.map((code) => reportError(new HoldfastError(code, 'What was done before is wrong')))
}

/** What a step that goes on tells its run. */
function reportsOf(
  saga: AnySaga,
  { working, context }: WalkedState,
  may: Possibilities,
): readonly WalkEvent[] {
  const step = working?.actor
  if (step === undefined || !saga.definition.steps.some(({ name }) => name === step)) return []
  if (context.ask !== null) return [{ type: `${step} is answered`, event: { type: 'ANSWERED' } }]
  const checkpoints = may.checkpoints[step] ?? [`checkpoint of ${step}`]
  return [
    ...checkpoints.map(
      (value): WalkEvent => ({
        type: `${step} saves ${JSON.stringify(value)}`,
        event: { type: 'CHECKPOINT', step, value },
      }),
    ),
    ...may.asks.map(
      (ask): WalkEvent => ({ type: `${step} asks for ${ask.kind}`, event: { type: 'ASKED', ask } }),
    ),
  ]
}

function timersOf(walked: WalkedState, may: Possibilities): readonly WalkEvent[] {
  return [...walked.timers]
    .filter(([timer]) => timer !== 'auto-retry' || walked.context.autoRetries < may.tries)
    .map(([timer, event]): WalkEvent => ({ type: `timer ${timer} fires`, timer, event }))
}

/** What may happen unless a host says more. */
export const usualPossibilities: Possibilities = {
  outputs: {},
  checkpoints: {},
  errors: [
    reportError(new HoldfastError('STEP_FAILED', 'It failed on this walk')),
    reportError(
      new HoldfastError('STEP_FAILED_FOR_GOOD', 'It failed on this walk, and would again', {
        retryable: false,
      }),
    ),
  ],
  asks: [{ kind: 'password', message: 'Asked on this walk', secret: true }],
  discards: [{}],
  tries: 3,
}
