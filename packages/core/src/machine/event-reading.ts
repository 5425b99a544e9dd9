import { isFailure } from '../errors/failure.js'
import { type ErrorReport, reportError } from '../errors/holdfast-error.js'
import { type Json, type JsonObject, toJson } from '../json/json.js'
import type { NamedStep } from '../saga/saga-definition.js'
import type { SagaEvent } from './saga-context.js'

// XState gives the results of actors events of its own, whose types a machine that is built from data cannot know.

/** Whether an actor's result is a failure that it returned. */
export function returnedFailure(event: unknown): boolean {
  return isFailure(readOutput(event))
}

/** What a step returned, as the journal can keep it. Throws `NOT_SERIALIZABLE`. */
export function outputOf(event: unknown, step: string): Json {
  return toJson(readOutput(event), `the output of step '${step}'`)
}

/** The report of what an actor threw, or of the failure that it returned. */
export function errorOf(event: unknown): ErrorReport {
  const output = readOutput(event)
  if (isFailure(output)) return reportError(output.error)
  return reportError(
    typeof event === 'object' && event !== null && 'error' in event ? event.error : undefined,
  )
}

/** Whether a step that proves the work of others has failed because it is wrong. */
export function refutes(step: NamedStep, event: unknown): boolean {
  return step.verifies?.codes.includes(errorOf(event).code) === true
}

/** What a DISCARD was given; nothing for any other event. */
export function discardOptions(event: unknown): JsonObject {
  const isDiscard = typeof event === 'object' && event !== null && 'type' in event && event.type === 'DISCARD'
  if (!isDiscard || !('options' in event) || typeof event.options !== 'object' || event.options === null)
    return {}
  return { ...event.options }
}

/** Whether a retry comes from the engine's own timer. */
export function isAutomatic(event: SagaEvent): boolean {
  return event.type === 'RETRY' && event.automatic === true
}

function readOutput(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'output' in event ? event.output : undefined
}
