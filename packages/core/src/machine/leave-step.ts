import { assign } from 'xstate'
import type { ErrorReport } from '../errors/holdfast-error.js'
import type { NamedStep } from '../saga/saga-definition.js'
import type { UndoReason } from '../saga/step.js'
import { discardOptions, errorOf } from './event-reading.js'
import type { SagaContext } from './saga-context.js'
import type { SagaOrder } from './saga-order.js'
import { noSpan } from './try-span.js'

/** What an action or a guard of the machine is given. */
export interface Args<Event = unknown> {
  readonly context: SagaContext
  readonly event: Event
}

/** A way that leads out of a state. */
export interface Way {
  readonly guard: (args: Pick<Args, 'context'>) => boolean
  readonly target: string
  readonly reenter?: boolean
  readonly actions: unknown
}

/** Leaves a step for `compensating`: what is to be undone, and why. `error` says why the step itself ended, where that is new. */
export function leave(
  order: SagaOrder,
  reason: UndoReason,
  error: ((event: unknown) => ErrorReport) | null = null,
) {
  return assign(({ context, event }: Args) => {
    const queue = reason === 'discarded' ? order.traces(context) : order.undoable([context.step])
    // What the step itself failed with; the error of an undo that is stuck is another one.
    const cause = error?.(event) ?? context.undo?.cause ?? context.error
    const options = discardOptions(event)
    return {
      undo: { reason, queue, tries: 0, trySpan: noSpan, error: null, options, cause },
      waiting: false,
      ask: null,
      error: cause,
    }
  })
}

/** Leaves a step that has found the work of earlier ones wrong: they are undone, and count as not done. */
export function leaveUnverified(order: SagaOrder, step: NamedStep) {
  const refuted = order.refuted(step)
  const queue = order.undoable([step.name, ...refuted.toReversed()])
  return assign(({ context, event }: Args) => {
    const cause = errorOf(event)
    const undo = {
      reason: 'unverified',
      queue,
      tries: 0,
      trySpan: noSpan,
      error: null,
      options: {},
      cause,
    } as const
    const finished = context.finished.filter((name) => !refuted.includes(name))
    return { undo, finished, waiting: false, ask: null, error: cause }
  })
}

/**
 * Discarding, while one of the steps `at` is the present one: not past the pivot, and straight to the end where nothing is to be
 * undone. Which of these can happen is known beforehand, so that the chart shows no way that no run ever takes.
 */
export function discard(order: SagaOrder, at: readonly NamedStep[]): readonly Way[] {
  const beforePivot = at.filter((step) => !order.isPastPivot(step))
  const isAt = (steps: readonly NamedStep[]): Way['guard'] => {
    const names = new Set(steps.map(({ name }) => name))
    return ({ context }) => !context.pastPivot && names.has(context.step)
  }
  const actions = leave(order, 'discarded')
  const undone = beforePivot.filter((step) => order.leavesTraces(step))
  const ended = beforePivot.filter((step) => !order.leavesTraces(step) || order.mayBeTraceless(step))
  const isToUndo = isAt(undone)
  const ways: Way[] = []
  if (undone.length > 0) {
    const guard: Way['guard'] = ({ context }) => isToUndo({ context }) && order.traces(context).length > 0
    ways.push({ guard, target: 'compensating', reenter: true, actions })
  }
  if (ended.length > 0) ways.push({ guard: isAt(ended), target: 'discarded', actions })
  return ways
}
