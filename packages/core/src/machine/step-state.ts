import { assign, cancel, raise } from 'xstate'
import { type ErrorReport, HoldfastError, reportError } from '../errors/holdfast-error.js'
import type { NamedStep } from '../saga/saga-definition.js'
import { backoffDelay } from '../time/backoff.js'
import { type Change, withEntry } from './change-context.js'
import { errorOf, outputOf, refutes, returnedFailure } from './event-reading.js'
import { type Args, discard, leave, leaveUnverified } from './leave-step.js'
import { type InvokedStepInput, type SagaContext, type SagaEvent, stepInput, timers } from './saga-context.js'
import type { SagaOrder } from './saga-order.js'
import { allowsTry, beginSpan, extendSpan, hasDeadline, type TrySpan } from './try-span.js'

/** The state in which a step works or waits for its next try, as XState's config has it; the step `next` follows its success, or the end. */
export function stepState(order: SagaOrder, step: NamedStep, next: string | null, change: Change): object {
  const { name } = step
  const rest = step.compensate === null ? 'retryable' : 'compensating'
  const again = {
    guard: ({ context }: Args) => context.waiting,
    target: name,
    reenter: true,
    actions: assign(({ context, event }: Args) =>
      Object.assign(
        { trySpan: spanAfterPause(step, context, event) },
        enter(context, name, context.tries + 1),
      ),
    ),
  }
  // A pause ends in time, but for one that nobody was there to end.
  const tooLate = {
    guard: ({ context, event }: Args) =>
      context.waiting && !allowsTry(step.retry, spanAfterPause(step, context, event), 0),
    target: rest,
    actions: leave(order, 'failed'),
  }
  return {
    exit: cancel(timers.backoff),
    invoke: {
      id: name,
      src: name,
      input: ({ context, self }: InvocationArgs): InvokedStepInput => ({
        ...stepInput(context, name),
        parent: self,
      }),
      onDone: [
        ...onFailure(order, step, returnedFailure),
        { target: next ?? 'done', actions: finish(step, next, change) },
      ],
      onError: onFailure(order, step, () => true),
    },
    on: {
      BACKOFF_OVER: hasDeadline(step.retry) ? [tooLate, again] : again,
      RETRY: again,
      CANCEL: { target: rest, actions: leave(order, 'cancelled', () => cancelled(name)) },
      DISCARD: discard(order, [step]),
      CHECKPOINT: {
        guard: ({ event }: Args<SagaEvent>) => event.type === 'CHECKPOINT' && event.step === name,
        actions: assign(({ context, event }: Args<SagaEvent>) =>
          event.type === 'CHECKPOINT'
            ? change(context, { checkpoints: { ...context.checkpoints, [event.step]: event.value } })
            : {},
        ),
      },
      ASKED: {
        actions: assign(({ event }: Args<SagaEvent>) => (event.type === 'ASKED' ? { ask: event.ask } : {})),
      },
      ANSWERED: { actions: assign({ ask: null }) },
    },
  }
}

interface InvocationArgs {
  readonly context: SagaContext
  readonly self: InvokedStepInput['parent']
}

/**
 * What the context becomes as a step is entered, for the given time since it was last entered afresh. Whatever leads to a step changes the
 * context in one go: as an entry action of the step's state it would be a second change, and XState copies the whole snapshot for each.
 */
export function enter(context: SagaContext, name: string, tries = 1) {
  const attempt = (context.attempts[name] ?? 0) + 1
  return {
    step: name,
    attempt,
    attempts: withEntry(context.attempts, name, attempt),
    tries,
    waiting: false,
    undo: null,
    // A step may have asked and then found the answer elsewhere.
    ask: null,
  } satisfies Partial<SagaContext>
}

/** The step is finished, and `next` entered, unless that is the end. */
function finish(step: NamedStep, next: string | null, change: Change) {
  return assign(({ context, event }: Args) =>
    Object.assign(
      change(context, {
        outputs: withEntry(context.outputs, step.name, outputOf(event, step.name)),
        finished: [...context.finished, step.name],
        pastPivot: context.pastPivot || step.pivot,
        error: null,
      }),
      next === null ? { ask: null } : enter(context, next),
    ),
  )
}

/** What follows from those results of a step that are failures: another try, the undo of what it refutes, or its own. */
function onFailure(order: SagaOrder, step: NamedStep, isOne: (event: unknown) => boolean): readonly object[] {
  const tryAgain = {
    guard: ({ context, event }: Args) => isOne(event) && mayTryAgain(step, context, event),
    actions: [
      assign(({ context, event }: Args) => ({
        error: errorOf(event),
        waiting: true,
        trySpan: spanAtFailure(context, event),
        ask: null,
      })),
      raise(
        { type: 'BACKOFF_OVER' as const },
        {
          id: timers.backoff,
          delay: ({ context }: Pick<Args, 'context'>) => backoffDelay(step.retry, context.tries),
        },
      ),
    ],
  }
  const unverified = {
    guard: ({ event }: Args) => isOne(event) && refutes(step, event),
    target: order.undoable([step.name, ...order.refuted(step)]).length === 0 ? 'retryable' : 'compensating',
    actions: leaveUnverified(order, step),
    description: 'unverified',
  }
  const failed = {
    guard: ({ event }: Args) => isOne(event),
    target: step.compensate === null ? 'retryable' : 'compensating',
    actions: leave(order, 'failed', errorOf),
    // A returned failure arrives as a result; in a chart it is what it means.
    description: 'failed',
  }
  return step.verifies === null ? [tryAgain, failed] : [tryAgain, unverified, failed]
}

function mayTryAgain(step: NamedStep, context: SagaContext, event: unknown): boolean {
  return (
    context.tries < step.retry.attempts &&
    errorOf(event).retryable &&
    !refutes(step, event) &&
    allowsTry(step.retry, spanAtFailure(context, event), backoffDelay(step.retry, context.tries))
  )
}

/** Since the first try of the step, at the end of one that failed. */
function spanAtFailure(context: SagaContext, event: unknown): TrySpan {
  return context.tries === 1 ? beginSpan(event) : extendSpan(context.trySpan, event, 0)
}

function spanAfterPause(step: NamedStep, context: SagaContext, event: unknown): TrySpan {
  return extendSpan(context.trySpan, event, backoffDelay(step.retry, context.tries))
}

function cancelled(step: string): ErrorReport {
  return reportError(
    new HoldfastError('CANCELLED', `Cancelled during '${step}'`, {
      hint: 'Retry to go on from here, or discard the run.',
    }),
  )
}
