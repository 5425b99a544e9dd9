import { assign, cancel, enqueueActions } from 'xstate'
import type { JsonObject } from '../json/json.js'
import { backoffDelay, noRetry, type ResolvedRetryPolicy } from '../time/backoff.js'
import type { Change } from './change-context.js'
import { isAutomatic } from './event-reading.js'
import { type Args, discard } from './leave-step.js'
import { type SagaContext, type SagaEvent, timers } from './saga-context.js'
import type { SagaOrder } from './saga-order.js'
import { enter } from './step-state.js'
import { allowsTry, extendSpan, hasDeadline, noSpan, type TrySpan } from './try-span.js'

interface EnqueueArgs extends Args {
  readonly enqueue: {
    assign: (changes: Partial<SagaContext>) => void
    raise: (event: SagaEvent, options: { id: string; delay: number }) => void
  }
}

/** The state in which a parked run waits for somebody, or for its next automatic retry, as XState's config has it. */
export function retryableState(order: SagaOrder, change: Change): object {
  const policyOf = (context: SagaContext): ResolvedRetryPolicy =>
    order.step(context.step).autoRetry ?? noRetry
  const spanAfterPause = (context: SagaContext, event: unknown): TrySpan =>
    extendSpan(context.parkSpan, event, backoffDelay(policyOf(context), context.autoRetries + 1))

  /** What an unverified step gave and noted is worth nothing any more: it begins afresh. */
  const forgetUnverified = assign(({ context }: Args) => {
    if (context.undo?.reason !== 'unverified') return {}
    const gone = order.refuted(order.step(context.step))
    const without = (values: JsonObject): JsonObject =>
      Object.fromEntries(Object.entries(values).filter(([name]) => !gone.includes(name)))
    return change(context, { outputs: without(context.outputs), checkpoints: without(context.checkpoints) })
  })

  const scheduleRetry = enqueueActions(({ context, event, enqueue }: EnqueueArgs) => {
    const policy = order.step(context.step).autoRetry
    if (policy === null) return
    // Retries of another step are another policy's; those of this one count on, also where earlier steps were done again between them.
    const autoRetries = context.parkedAt === context.step ? context.autoRetries : 0
    const parkSpan = extendSpan(autoRetries === 0 ? noSpan : context.parkSpan, event, 0)
    enqueue.assign({ parkedAt: context.step, autoRetries, parkSpan })
    const reason = context.undo?.reason
    const hasFailed = reason === 'failed' || reason === 'unverified'
    if (
      !hasFailed ||
      context.undo?.isCancelled === true ||
      context.error?.retryable !== true ||
      autoRetries >= policy.attempts
    )
      return
    const delay = backoffDelay(policy, autoRetries + 1)
    if (!allowsTry(policy, parkSpan, delay)) return
    enqueue.raise({ type: 'RETRY', automatic: true }, { id: timers.autoRetry, delay })
  })

  // The run stays parked, and nothing wakes it any more.
  const tooLate = {
    guard: ({ context, event }: Args<SagaEvent>) =>
      isAutomatic(event) && !allowsTry(policyOf(context), spanAfterPause(context, event), 0),
    actions: assign(({ context, event }: Args<SagaEvent>) => ({ parkSpan: spanAfterPause(context, event) })),
  }
  const retry = (name: string) =>
    assign(({ context, event }: Args<SagaEvent>) => ({
      ...(isAutomatic(event)
        ? { autoRetries: context.autoRetries + 1, parkSpan: spanAfterPause(context, event) }
        : { autoRetries: 0 }),
      ...enter(context, name),
    }))

  return {
    entry: [forgetUnverified, scheduleRetry],
    exit: cancel(timers.autoRetry),
    on: {
      RETRY: [
        ...(order.steps.some(({ autoRetry }) => autoRetry !== null && hasDeadline(autoRetry))
          ? [tooLate]
          : []),
        // The failed step; where it has found the work of earlier ones wrong, the first of those.
        ...order.steps.map(({ name }) => ({
          guard: ({ context }: Args) => order.next(context) === name,
          target: name,
          actions: retry(name),
        })),
      ],
      // The run rests already; what ends is only its waiting for the next automatic retry.
      CANCEL: { actions: cancel(timers.autoRetry) },
      DISCARD: discard(order, order.steps),
    },
  }
}
