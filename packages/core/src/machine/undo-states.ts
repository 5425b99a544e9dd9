import { assign, cancel, raise } from 'xstate'
import type { NamedStep } from '../saga/saga-definition.js'
import { backoffDelay, type ResolvedRetryPolicy } from '../time/backoff.js'
import { discardOptions, errorOf, returnedFailure } from './event-reading.js'
import { type Args, discard } from './leave-step.js'
import {
  type SagaContext,
  timers,
  type UndoInput,
  type UndoState,
  undoInput,
  undoStep,
} from './saga-context.js'
import type { SagaOrder } from './saga-order.js'
import { allowsTry, beginSpan, extendSpan, hasDeadline, noSpan, type TrySpan } from './try-span.js'

/** The states in which steps are undone, and in which an undo is stuck, as XState's config has them. */
export function undoStates(order: SagaOrder): { readonly compensating: object; readonly stuck: object } {
  const policyOf = (context: SagaContext): ResolvedRetryPolicy =>
    order.step(undoStep(context)).compensateRetry
  const spanAfterPause = (context: SagaContext, event: unknown): TrySpan => {
    const pause = backoffDelay(policyOf(context), context.undo?.tries ?? 1)
    return extendSpan(context.undo?.trySpan ?? noSpan, event, pause)
  }
  const again = {
    guard: ({ context }: Args) => context.waiting,
    target: 'compensating',
    reenter: true,
    actions: assign(({ context, event }: Args) => ({
      undo: changed(context, { trySpan: spanAfterPause(context, event) }),
    })),
  }
  const tooLate = {
    guard: ({ context, event }: Args) =>
      context.waiting && !allowsTry(policyOf(context), spanAfterPause(context, event), 0),
    target: 'stuck',
    actions: assign(({ context }: Args) => ({ error: context.undo?.error ?? null, waiting: false })),
  }
  const next = assign(({ context }: Args) => ({
    undo: changed(context, { queue: context.undo?.queue.slice(1) ?? [], tries: 0, error: null }),
    waiting: false,
    // The run is parked for why its step failed, also when an undo was stuck meanwhile.
    error: context.undo?.cause ?? null,
  }))
  /** What follows from those results of an undo that are failures: another try, or `stuck`. */
  const onFailure = (isOne: (event: unknown) => boolean): readonly object[] => [
    {
      guard: ({ context, event }: Args) => isOne(event) && mayTryAgain(policyOf(context), context, event),
      actions: [
        assign(({ context, event }: Args) => ({
          undo: changed(context, { trySpan: spanAtFailure(context, event), error: errorOf(event) }),
          waiting: true,
        })),
        raise(
          { type: 'BACKOFF_OVER' as const },
          {
            id: timers.backoff,
            delay: ({ context }: Pick<Args, 'context'>) =>
              backoffDelay(policyOf(context), context.undo?.tries ?? 1),
          },
        ),
      ],
    },
    {
      guard: ({ event }: Args) => isOne(event),
      target: 'stuck',
      description: 'undo failed',
      actions: assign(({ event }: Args) => ({ error: errorOf(event), waiting: false })),
    },
  ]
  const leavingTraces = order.steps.filter((step) => order.leavesTraces(step))

  const compensating = {
    entry: assign(({ context }: Args) => ({
      undo: changed(context, { tries: (context.undo?.tries ?? 0) + 1 }),
      waiting: false,
    })),
    exit: cancel(timers.backoff),
    invoke: {
      id: 'compensate',
      src: 'compensate',
      input: ({ context }: Pick<Args, 'context'>): UndoInput => undoInput(context),
      onDone: [
        ...onFailure(returnedFailure),
        {
          guard: ({ context }: Args) => (context.undo?.queue.length ?? 0) > 1,
          target: 'compensating',
          reenter: true,
          actions: next,
        },
        { guard: ({ context }: Args) => isDiscard(context), target: 'discarded', actions: next },
        { target: 'retryable', actions: next },
      ],
      onError: onFailure(() => true),
    },
    on: {
      BACKOFF_OVER: order.steps.some(({ compensateRetry }) => hasDeadline(compensateRetry))
        ? [tooLate, again]
        : again,
      RETRY: again,
      // The undo goes on; what ends is only that the run would go on by itself afterwards.
      CANCEL: {
        guard: ({ context }: Args) => goesOnByItself(context, order.step(context.step)),
        actions: assign(({ context }: Args) => ({ undo: changed(context, { isCancelled: true }) })),
      },
      // Undone again for the new reason, because a step that is only parked may keep what a discarded one may not.
      DISCARD: discard(order, leavingTraces).map((way) => ({
        ...way,
        guard: ({ context }: Args) => way.guard({ context }) && !isDiscard(context),
      })),
    },
  }

  const stuck = {
    on: {
      RETRY: {
        target: 'compensating',
        actions: assign(({ context }: Args) => ({ undo: changed(context, { tries: 0, error: null }) })),
      },
      DISCARD: [
        // What a discard has undone already is not undone again: it goes on where it is stuck, as somebody now wants it.
        {
          guard: ({ context }: Args) => isDiscard(context),
          target: 'compensating',
          actions: assign(({ context, event }: Args) => {
            const options = discardOptions(event)
            return { undo: changed(context, { tries: 0, trySpan: noSpan, error: null, options }) }
          }),
        },
        ...discard(order, leavingTraces),
      ],
    },
  }
  return { compensating, stuck }
}

function isDiscard(context: SagaContext): boolean {
  return context.undo?.reason === 'discarded'
}

/** Whether a run may go on by itself once the undo of its step has ended. */
function goesOnByItself({ undo }: SagaContext, { autoRetry }: NamedStep): boolean {
  const hasFailed = undo?.reason === 'failed' || undo?.reason === 'unverified'
  return hasFailed && autoRetry !== null && undo.isCancelled !== true
}

function changed({ undo }: SagaContext, changes: Partial<UndoState>): UndoState | null {
  return undo === null ? null : { ...undo, ...changes }
}

function mayTryAgain(policy: ResolvedRetryPolicy, context: SagaContext, event: unknown): boolean {
  const tries = context.undo?.tries ?? 0
  return (
    tries < policy.attempts &&
    errorOf(event).retryable &&
    allowsTry(policy, spanAtFailure(context, event), backoffDelay(policy, tries))
  )
}

/** Since the first try of the undo, at the end of one that failed. */
function spanAtFailure({ undo }: SagaContext, event: unknown): TrySpan {
  return undo === null || undo.tries === 1 ? beginSpan(event) : extendSpan(undo.trySpan, event, 0)
}
