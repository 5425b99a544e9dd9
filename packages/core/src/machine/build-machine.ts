import { assign, cancel, enqueueActions, raise, setup } from 'xstate'
import { isFailure } from '../errors/failure.js'
import { type ErrorReport, HoldfastError, reportError } from '../errors/holdfast-error.js'
import type { Json, JsonObject } from '../json/json.js'
import { toJson } from '../json/json.js'
import type { NamedStep, SagaDefinition } from '../saga/saga-definition.js'
import type { UndoReason } from '../saga/step.js'
import { backoffDelay, noRetry, type ResolvedRetryPolicy } from '../time/backoff.js'
import { sagaActors } from './saga-actors.js'
import {
  type InvokedStepInput,
  type SagaContext,
  type SagaEvent,
  stepInput,
  timers,
  type UndoInput,
  undoInput,
  undoStep,
} from './saga-context.js'
import { allowsTry, beginSpan, extendSpan, noSpan, type TrySpan } from './try-span.js'

/**
 * Makes the XState machine of a saga. It is an ordinary machine: states are the steps by name, then `compensating`, `retryable`,
 * `stuck` and the final `done` and `discarded`. Actors are the steps by name and `compensate`; a host may `.provide` others.
 *
 * Everything that a transition decides comes from the context and the event, so the same machine can be driven by `createActor`
 * and, through XState's pure `transition`, by a journal.
 */
export function buildMachine<Facts extends JsonObject>(saga: SagaDefinition<Facts>) {
  const stepNamed = (name: string): NamedStep => {
    const found = saga.steps.find((step) => step.name === name)
    if (found === undefined) throw new HoldfastError('SAGA_INVALID', `the saga has no step '${name}'`)
    return found
  }
  const undoable = (names: readonly string[]): readonly string[] =>
    names.filter((name) => stepNamed(name).compensate !== null)

  /** Changes to the context, with the saga's facts computed anew. */
  const change = (context: SagaContext, changes: Partial<SagaContext>): Partial<SagaContext> => {
    const { input, outputs, checkpoints } = { ...context, ...changes }
    return { ...changes, ...saga.facts({ input, outputs, checkpoints }) }
  }

  const enter = (name: string) =>
    assign(({ context }: { context: SagaContext }) => ({
      step: name,
      attempt: (context.attempts[name] ?? 0) + 1,
      attempts: { ...context.attempts, [name]: (context.attempts[name] ?? 0) + 1 },
      tries: context.step === name ? context.tries + 1 : 1,
      waiting: false,
      undo: null,
      ask: null,
    }))

  const finish = (step: NamedStep) =>
    assign(({ context, event }: { context: SagaContext; event: unknown }) =>
      change(context, {
        outputs: { ...context.outputs, [step.name]: outputOf(event, step.name) },
        finished: [...context.finished, step.name],
        pastPivot: context.pastPivot || step.pivot,
        error: null,
        // A step may have asked and then found the answer elsewhere.
        ask: null,
      }),
    )

  /** What a discard has to undo. */
  const traces = ({ step, finished, undo }: SagaContext): readonly string[] => {
    // The present step comes first, also one that was undone when it failed: what it kept for the next attempt goes as well
    // when there will be none. What an undo under way has still before it is no longer finished, and not yet undone.
    return undoable([...new Set([step, ...(undo?.queue ?? []), ...finished.toReversed()])])
  }

  /** Leaves a step for `compensating`: what is to be undone, and why. */
  const leave = (
    reason: UndoReason,
    options: { readonly withFinished: boolean; readonly error?: (event: unknown) => ErrorReport },
  ) =>
    assign(({ context, event }: { context: SagaContext; event: unknown }) => {
      const queue = options.withFinished ? traces(context) : undoable([context.step])
      // What the step itself failed with; the error of an undo that is stuck is another one.
      const cause = options.error?.(event) ?? context.undo?.cause ?? context.error
      return {
        undo: {
          reason,
          queue,
          tries: 0,
          trySpan: noSpan,
          error: null,
          options: discardOptions(event),
          cause,
        },
        waiting: false,
        ask: null,
        error: cause,
      }
    })

  const mayTryAgain =
    (step: NamedStep) =>
    ({ context, event }: { context: SagaContext; event: unknown }): boolean =>
      context.tries < step.retry.attempts &&
      errorOf(event).retryable &&
      !refutes(step, event) &&
      allowsTry(step.retry, spanAtFailure(context, event), backoffDelay(step.retry, context.tries))

  /** The steps whose work a failure of `step` with one of its codes refutes: from the one that it names up to the one before it. */
  const refuted = (step: NamedStep): readonly string[] => {
    const names = saga.steps.map(({ name }) => name)
    return step.verifies === null
      ? []
      : names.slice(names.indexOf(step.verifies.from), names.indexOf(step.name))
  }

  /** Leaves a step that has found the work of earlier ones wrong: they are undone, and count as not done. */
  const leaveUnverified = (step: NamedStep) =>
    assign(({ context, event }: { context: SagaContext; event: unknown }) => ({
      undo: {
        reason: 'unverified' as const,
        queue: undoable([step.name, ...refuted(step).toReversed()]),
        tries: 0,
        trySpan: noSpan,
        error: null,
        options: {},
        cause: errorOf(event),
      },
      finished: context.finished.filter((name) => !refuted(step).includes(name)),
      waiting: false,
      ask: null,
      error: errorOf(event),
    }))

  const stepState = (step: NamedStep, next: string) => {
    const failed = leave('failed', { withFinished: false, error: errorOf })
    const rest = step.compensate === null ? 'retryable' : 'compensating'
    const unverified = {
      guard: (event: unknown) => refutes(step, event),
      target: undoable([step.name, ...refuted(step)]).length === 0 ? 'retryable' : 'compensating',
      actions: leaveUnverified(step),
      description: 'unverified',
    }
    const onFailure = (only: (event: unknown) => boolean) => [
      {
        guard: (args: { context: SagaContext; event: unknown }) =>
          only(args.event) && mayTryAgain(step)(args),
        actions: [
          assign(({ context, event }: { context: SagaContext; event: unknown }) => ({
            error: errorOf(event),
            waiting: true,
            trySpan: spanAtFailure(context, event),
            ask: null,
          })),
          raise(
            { type: 'BACKOFF_OVER' as const },
            {
              id: timers.backoff,
              delay: ({ context }: { context: SagaContext }) => backoffDelay(step.retry, context.tries),
            },
          ),
        ],
      },
      ...(step.verifies === null
        ? []
        : [
            {
              ...unverified,
              guard: ({ event }: { event: unknown }) => only(event) && unverified.guard(event),
            },
          ]),
      {
        guard: ({ event }: { event: unknown }) => only(event),
        target: rest,
        actions: failed,
        // A returned failure arrives as a result; in a chart it is what it means.
        description: 'failed',
      },
    ]
    const spanAfterPause = (context: SagaContext, event: unknown): TrySpan =>
      extendSpan(context.trySpan, event, backoffDelay(step.retry, context.tries))
    const again = {
      guard: ({ context }: { context: SagaContext }) => context.waiting,
      target: step.name,
      reenter: true,
      actions: assign(({ context, event }: { context: SagaContext; event: unknown }) => ({
        trySpan: spanAfterPause(context, event),
      })),
    }
    // A pause ends in time, but for one that nobody was there to end.
    const tooLate = {
      guard: ({ context, event }: { context: SagaContext; event: unknown }) =>
        context.waiting && !allowsTry(step.retry, spanAfterPause(context, event), 0),
      target: rest,
      actions: leave('failed', { withFinished: false }),
    }
    return {
      entry: enter(step.name),
      exit: cancel(timers.backoff),
      invoke: {
        id: step.name,
        src: step.name,
        input: ({
          context,
          self,
        }: {
          context: SagaContext
          self: InvokedStepInput['parent']
        }): InvokedStepInput => ({ ...stepInput(context, step.name), parent: self }),
        onDone: [
          ...onFailure((event) => isFailure(readOutput(event))),
          { target: next, actions: finish(step) },
        ],
        onError: onFailure(() => true),
      },
      on: {
        BACKOFF_OVER: hasDeadline(step.retry) ? [tooLate, again] : again,
        RETRY: again,
        CANCEL: {
          target: rest,
          actions: leave('cancelled', { withFinished: false, error: () => cancelled(step.name) }),
        },
        DISCARD: discard([step]),
        CHECKPOINT: {
          guard: ({ event }: { event: SagaEvent }) => event.type === 'CHECKPOINT' && event.step === step.name,
          actions: assign(({ context, event }: { context: SagaContext; event: SagaEvent }) =>
            event.type === 'CHECKPOINT'
              ? change(context, { checkpoints: { ...context.checkpoints, [event.step]: event.value } })
              : {},
          ),
        },
        ASKED: {
          actions: assign(({ event }: { event: SagaEvent }) =>
            event.type === 'ASKED' ? { ask: event.ask } : {},
          ),
        },
        ANSWERED: { actions: assign({ ask: null }) },
      },
    }
  }

  /** Whether something is to be undone when a run is discarded at this step. */
  const leavesTraces = (step: NamedStep): boolean =>
    saga.steps.slice(0, saga.steps.indexOf(step) + 1).some(({ compensate }) => compensate !== null)

  /** Whether nothing is left to be undone once this step has found the work of all those wrong that have an undo. */
  const mayBeTraceless = (step: NamedStep): boolean => {
    const from = saga.steps.findIndex(({ name }) => name === step.verifies?.from)
    const before = saga.steps[from - 1]
    return from !== -1 && step.compensate === null && (before === undefined || !leavesTraces(before))
  }

  /**
   * Discarding, while one of the steps `at` is the present one: not past the pivot, and straight to the end where nothing is to be
   * undone. Which of these can happen is known beforehand, so that the chart shows no way that no run ever takes.
   */
  const discard = (at: readonly NamedStep[]) => {
    const beforePivot = at.filter((step) => !isPastPivot(saga, step))
    const isAt = (steps: readonly NamedStep[]) => {
      const names = new Set(steps.map(({ name }) => name))
      return ({ context }: { context: SagaContext }) => !context.pastPivot && names.has(context.step)
    }
    const actions = leave('discarded', { withFinished: true })
    const undone = beforePivot.filter(leavesTraces)
    const ended = beforePivot.filter((step) => !leavesTraces(step) || mayBeTraceless(step))
    const isToUndo = isAt(undone)
    return [
      ...(undone.length === 0
        ? []
        : [
            {
              guard: ({ context }: { context: SagaContext }) =>
                isToUndo({ context }) && traces(context).length > 0,
              target: 'compensating',
              reenter: true,
              actions,
            },
          ]),
      ...(ended.length === 0 ? [] : [{ guard: isAt(ended), target: 'discarded', actions }]),
    ]
  }

  const nextStep = (context: SagaContext): string | undefined =>
    saga.steps.find(({ name }) => !context.finished.includes(name))?.name

  const undoSpanAfterPause = (context: SagaContext, event: unknown): TrySpan => {
    const policy = stepNamed(undoStep(context)).compensateRetry
    return extendSpan(context.undo?.trySpan ?? noSpan, event, backoffDelay(policy, context.undo?.tries ?? 1))
  }
  const undoAgain = {
    guard: ({ context }: { context: SagaContext }) => context.waiting,
    target: 'compensating',
    reenter: true,
    actions: assign(({ context, event }: { context: SagaContext; event: unknown }) => ({
      undo: context.undo === null ? null : { ...context.undo, trySpan: undoSpanAfterPause(context, event) },
    })),
  }
  const undoTooLate = {
    guard: ({ context, event }: { context: SagaContext; event: unknown }) =>
      context.waiting &&
      !allowsTry(stepNamed(undoStep(context)).compensateRetry, undoSpanAfterPause(context, event), 0),
    target: 'stuck',
    actions: assign(({ context }: { context: SagaContext }) => ({
      error: context.undo?.error ?? null,
      waiting: false,
    })),
  }
  const nextUndo = assign(({ context }: { context: SagaContext }) => ({
    undo:
      context.undo === null
        ? null
        : { ...context.undo, queue: context.undo.queue.slice(1), tries: 0, error: null },
    waiting: false,
    // The run is parked for why its step failed, also when an undo was stuck meanwhile.
    error: context.undo?.cause ?? null,
  }))
  /** What an unverified step gave and noted is worth nothing any more: it begins afresh. */
  const forgetUnverified = assign(({ context }: { context: SagaContext }) => {
    if (context.undo?.reason !== 'unverified') return {}
    const gone = refuted(stepNamed(context.step))
    const without = (values: JsonObject): JsonObject =>
      Object.fromEntries(Object.entries(values).filter(([name]) => !gone.includes(name)))
    return change(context, { outputs: without(context.outputs), checkpoints: without(context.checkpoints) })
  })
  const undoFailed = (only: (event: unknown) => boolean) => [
    {
      guard: ({ context, event }: { context: SagaContext; event: unknown }) => {
        const policy = stepNamed(undoStep(context)).compensateRetry
        const tries = context.undo?.tries ?? 0
        return (
          only(event) &&
          tries < policy.attempts &&
          errorOf(event).retryable &&
          allowsTry(policy, undoSpanAtFailure(context, event), backoffDelay(policy, tries))
        )
      },
      actions: [
        assign(({ context, event }: { context: SagaContext; event: unknown }) => ({
          undo:
            context.undo === null
              ? null
              : { ...context.undo, trySpan: undoSpanAtFailure(context, event), error: errorOf(event) },
          waiting: true,
        })),
        raise(
          { type: 'BACKOFF_OVER' as const },
          {
            id: timers.backoff,
            delay: ({ context }: { context: SagaContext }) =>
              backoffDelay(stepNamed(undoStep(context)).compensateRetry, context.undo?.tries ?? 1),
          },
        ),
      ],
    },
    {
      guard: ({ event }: { event: unknown }) => only(event),
      target: 'stuck',
      description: 'undo failed',
      actions: assign(({ event }: { event: unknown }) => ({ error: errorOf(event), waiting: false })),
    },
  ]

  const compensating = {
    entry: assign(({ context }: { context: SagaContext }) => ({
      undo: context.undo === null ? null : { ...context.undo, tries: context.undo.tries + 1 },
      waiting: false,
    })),
    exit: cancel(timers.backoff),
    invoke: {
      id: 'compensate',
      src: 'compensate',
      input: ({ context }: { context: SagaContext }): UndoInput => undoInput(context),
      onDone: [
        ...undoFailed((event) => isFailure(readOutput(event))),
        {
          guard: ({ context }: { context: SagaContext }) => (context.undo?.queue.length ?? 0) > 1,
          target: 'compensating',
          reenter: true,
          actions: nextUndo,
        },
        {
          guard: ({ context }: { context: SagaContext }) => context.undo?.reason === 'discarded',
          target: 'discarded',
          actions: nextUndo,
        },
        { target: 'retryable', actions: nextUndo },
      ],
      onError: undoFailed(() => true),
    },
    on: {
      BACKOFF_OVER: saga.steps.some(({ compensateRetry }) => hasDeadline(compensateRetry))
        ? [undoTooLate, undoAgain]
        : undoAgain,
      RETRY: undoAgain,
      // Undone again for the new reason, because a step that is only parked may keep what a discarded one may not.
      DISCARD: discard(saga.steps.filter(leavesTraces)).map((way) => ({
        ...way,
        guard: ({ context }: { context: SagaContext }) =>
          way.guard({ context }) && context.undo?.reason !== 'discarded',
      })),
    },
  }

  const scheduleAutoRetry = enqueueActions(
    ({
      context,
      event,
      enqueue,
    }: {
      context: SagaContext
      event: unknown
      enqueue: {
        assign: (changes: Partial<SagaContext>) => void
        raise: (event: SagaEvent, options: { id: string; delay: number }) => void
      }
    }) => {
      const policy = stepNamed(context.step).autoRetry
      const reason = context.undo?.reason
      const parked = (reason === 'failed' || reason === 'unverified') && context.error?.retryable === true
      if (policy === null) return
      // Retries of another step are another policy's; those of this one count on, also where earlier steps were done again between them.
      const autoRetries = context.parkedAt === context.step ? context.autoRetries : 0
      const delay = backoffDelay(policy, autoRetries + 1)
      const parkSpan = extendSpan(autoRetries === 0 ? noSpan : context.parkSpan, event, 0)
      enqueue.assign({ parkedAt: context.step, autoRetries, parkSpan })
      if (!parked || autoRetries >= policy.attempts) return
      if (!allowsTry(policy, parkSpan, delay)) return
      enqueue.raise({ type: 'RETRY', automatic: true }, { id: timers.autoRetry, delay })
    },
  )

  const parkSpanAfterPause = (context: SagaContext, event: unknown): TrySpan => {
    const policy = stepNamed(context.step).autoRetry ?? noRetry
    return extendSpan(context.parkSpan, event, backoffDelay(policy, context.autoRetries + 1))
  }
  // The run stays parked, and nothing wakes it any more.
  const autoRetryTooLate = {
    guard: ({ context, event }: { context: SagaContext; event: SagaEvent }) =>
      isAutomatic(event) &&
      !allowsTry(stepNamed(context.step).autoRetry ?? noRetry, parkSpanAfterPause(context, event), 0),
    actions: assign(({ context, event }: { context: SagaContext; event: SagaEvent }) => ({
      parkSpan: parkSpanAfterPause(context, event),
    })),
  }

  const retryable = {
    entry: [forgetUnverified, scheduleAutoRetry],
    exit: cancel(timers.autoRetry),
    on: {
      // The failed step; where it has found the work of earlier ones wrong, the first of those.
      RETRY: [
        ...(saga.steps.some(({ autoRetry }) => autoRetry !== null && hasDeadline(autoRetry))
          ? [autoRetryTooLate]
          : []),
        ...saga.steps.map((step) => ({
          guard: ({ context }: { context: SagaContext }) => nextStep(context) === step.name,
          target: step.name,
          actions: assign(({ context, event }: { context: SagaContext; event: SagaEvent }) => ({
            tries: 0,
            ...(isAutomatic(event)
              ? { autoRetries: context.autoRetries + 1, parkSpan: parkSpanAfterPause(context, event) }
              : { autoRetries: 0 }),
          })),
        })),
      ],
      // The run rests already; what ends is only its waiting for the next automatic retry.
      CANCEL: { actions: cancel(timers.autoRetry) },
      DISCARD: discard(saga.steps),
    },
  }

  const stuck = {
    on: {
      RETRY: {
        target: 'compensating',
        actions: assign(({ context }: { context: SagaContext }) => ({
          undo: context.undo === null ? null : { ...context.undo, tries: 0, error: null },
        })),
      },
      DISCARD: [
        // What a discard has undone already is not undone again: it goes on where it is stuck, as somebody now wants it.
        {
          guard: ({ context }: { context: SagaContext }) => context.undo?.reason === 'discarded',
          target: 'compensating',
          actions: assign(({ context, event }: { context: SagaContext; event: unknown }) => ({
            undo:
              context.undo === null
                ? null
                : { ...context.undo, tries: 0, trySpan: noSpan, error: null, options: discardOptions(event) },
          })),
        },
        ...discard(saga.steps.filter(leavesTraces)),
      ],
    },
  }

  const states: Record<string, object> = {}
  for (const [index, step] of saga.steps.entries()) {
    states[step.name] = stepState(step, saga.steps[index + 1]?.name ?? 'done')
  }
  Object.assign(states, {
    compensating,
    retryable,
    stuck,
    done: { type: 'final' },
    discarded: { type: 'final' },
  })

  const initial = saga.steps[0]?.name ?? 'done'
  return setup({
    // XState reads the type of this property and never its value; without the assertion there would be nothing to infer.
    // oxlint-disable-next-line typescript/no-unnecessary-type-assertion
    types: {} as { context: SagaContext & Facts; events: SagaEvent; input: Json | undefined },
    actors: sagaActors(saga),
  }).createMachine({
    id: saga.name,
    version: String(saga.version),
    initial,
    context: ({ input }) => initialContext(saga, initial, input ?? null),
    states,
  })
}

/** Whether a step that proves the work of others has failed because it is wrong. */
function refutes(step: NamedStep, event: unknown): boolean {
  return step.verifies?.codes.includes(errorOf(event).code) === true
}

function isPastPivot<Facts extends JsonObject>(saga: SagaDefinition<Facts>, step: NamedStep): boolean {
  const pivot = saga.steps.findIndex((candidate) => candidate.pivot)
  return pivot !== -1 && saga.steps.indexOf(step) > pivot
}

function initialContext<Facts extends JsonObject>(
  saga: SagaDefinition<Facts>,
  step: string,
  input: Json,
): SagaContext & Facts {
  return {
    ...saga.facts({ input, outputs: {}, checkpoints: {} }),
    input,
    step,
    attempt: 0,
    attempts: {},
    tries: 0,
    trySpan: noSpan,
    waiting: false,
    error: null,
    outputs: {},
    checkpoints: {},
    finished: [],
    pastPivot: false,
    parkedAt: null,
    autoRetries: 0,
    parkSpan: noSpan,
    undo: null,
    ask: null,
  }
}

/** Since the first try of the step, at the end of one that failed. */
function spanAtFailure(context: SagaContext, event: unknown): TrySpan {
  return context.tries === 1 ? beginSpan(event) : extendSpan(context.trySpan, event, 0)
}

/** Since the first try of the undo, at the end of one that failed. */
function undoSpanAtFailure(context: SagaContext, event: unknown): TrySpan {
  const { undo } = context
  return undo === null || undo.tries === 1 ? beginSpan(event) : extendSpan(undo.trySpan, event, 0)
}

/** Only where there is one does the chart show the ways that lead from it. */
function hasDeadline(policy: ResolvedRetryPolicy): boolean {
  return Number.isFinite(policy.deadline)
}

function isAutomatic(event: SagaEvent): boolean {
  return event.type === 'RETRY' && event.automatic === true
}

function discardOptions(event: unknown): JsonObject {
  const isDiscard = typeof event === 'object' && event !== null && 'type' in event && event.type === 'DISCARD'
  if (!isDiscard || !('options' in event) || typeof event.options !== 'object' || event.options === null)
    return {}
  return { ...event.options }
}

function readOutput(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'output' in event ? event.output : undefined
}

function outputOf(event: unknown, step: string): Json {
  return toJson(readOutput(event), `the output of step '${step}'`)
}

/** The report of what an actor threw, or of the failure that it returned. */
function errorOf(event: unknown): ErrorReport {
  const output = readOutput(event)
  if (isFailure(output)) return reportError(output.error)
  return reportError(
    typeof event === 'object' && event !== null && 'error' in event ? event.error : undefined,
  )
}

function cancelled(step: string): ErrorReport {
  return reportError(
    new HoldfastError('CANCELLED', `Cancelled during '${step}'`, {
      hint: 'Retry to go on from here, or discard the run.',
    }),
  )
}
