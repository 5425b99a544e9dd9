import type { RunEventBody } from '../events/run-event.js'
import { type SagaContext, timers } from '../machine/saga-context.js'
import { type Applied, type RunState, stateName } from './run-state.js'

/**
 * The events that tell hosts of a change of state, in order; the change is durable by then.
 * Pure, so that a history can be told again from the journal.
 */
export function describeEntry(previous: RunState | null, applied: Applied): readonly RunEventBody[] {
  const { state, effects } = applied
  const context: SagaContext = state.snapshot.context
  const events: RunEventBody[] = []
  if (previous === null) events.push({ type: 'run.started', saga: state.run.saga })
  else events.push(...ofLastEntry(state))
  for (const effect of effects) {
    if (effect.type !== 'start') continue
    const { step, attempt } = effect.input
    if ('reason' in effect.input) {
      events.push({ type: 'undo.started', step, reason: effect.input.reason, attempt })
    } else events.push({ type: 'step.started', step, attempt })
  }
  const name = stateName(state)
  if (previous !== null && stateName(previous) === name) return events
  if (name === 'retryable') {
    const wakeAt = state.timers.get(timers.autoRetry)?.due ?? null
    events.push({ type: 'run.parked', step: context.step, error: context.error, wakeAt })
  } else if (name === 'stuck') {
    events.push({ type: 'run.stuck', step: context.undo?.queue[0] ?? context.step, error: context.error })
  } else if (name === 'done' || name === 'discarded') events.push({ type: 'run.ended', status: name })
  return events
}

/** What the last entry itself says. */
function ofLastEntry(state: RunState): readonly RunEventBody[] {
  const body = state.last
  switch (body?.type) {
    case 'step.succeeded':
      return [{ type: 'step.succeeded', step: body.step }]
    case 'step.failed': {
      const retryAt = state.timers.get(timers.backoff)?.due ?? null
      return [{ type: 'step.failed', step: body.step, error: body.error, retryAt }]
    }
    case 'step.checkpoint':
      return [{ type: 'step.checkpoint', step: body.step }]
    case 'undo.succeeded':
      return [{ type: 'undo.succeeded', step: body.step }]
    case 'undo.failed':
      return [{ type: 'undo.failed', step: body.step, error: body.error }]
    case 'run.asked':
      return [{ type: 'run.asked', ask: body.ask }]
    case 'run.answered':
      return [{ type: 'run.answered', kind: body.kind }]
    case 'hook.succeeded':
      return [{ type: 'hook.succeeded', hook: body.hook }]
    case 'hook.failed':
      return [{ type: 'hook.failed', hook: body.hook, error: body.error }]
    default:
      return []
  }
}
