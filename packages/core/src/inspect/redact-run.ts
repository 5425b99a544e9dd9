import { type ErrorReport, isErrorReport } from '../errors/holdfast-error.js'
import type { EntryBody } from '../journal/entry.js'
import type { Json, JsonObject } from '../json/json.js'
import type { MachineEvent } from '../machine/decide.js'
import type { Ask, SagaContext, UndoState } from '../machine/saga-context.js'
import type { Redactor } from './redact.js'

/** A body of an entry or an event of the machine: its `type`, and whatever else it has. */
export type Redacted = JsonObject & { readonly type: string }

/** An error: its code stays, its message and hint are sentences, its facts are data. */
export function redactError(
  { code, message, hint, retryable, facts }: ErrorReport,
  by: Redactor,
): ErrorReport {
  const shown: Record<string, string | number | boolean | null> = {}
  for (const [name, fact] of Object.entries(facts)) {
    const value = by.data(fact)
    shown[name] = typeof value === 'object' && value !== null ? JSON.stringify(value) : value
  }
  return {
    code: by.word(code),
    message: by.text(message),
    hint: hint === null ? null : by.text(hint),
    retryable,
    facts: shown,
  }
}

/** A question: its kind stays. */
export function redactAsk({ kind, message, secret }: Ask, by: Redactor): Ask {
  return { kind: by.word(kind), message: by.text(message), secret }
}

/** Why and what is undone stays; what `discard` was given is data. */
export function redactUndo(undo: UndoState, by: Redactor): JsonObject {
  const { reason, queue, tries, trySpan, error, cause, options } = undo
  return {
    reason,
    queue,
    tries,
    trySpan,
    error: error === null ? null : redactError(error, by),
    cause: cause === null ? null : redactError(cause, by),
    options: by.data(options),
  }
}

/** The context of a run's machine: the engine's own fields stay readable, the others (a saga's facts too) are data. */
export function redactContext(context: SagaContext, by: Redactor): JsonObject {
  const {
    step,
    attempt,
    attempts,
    tries,
    trySpan,
    waiting,
    error,
    finished,
    pastPivot,
    parkedAt,
    autoRetries,
    parkSpan,
    undo,
    ask,
    ...others
  } = context
  const { input, outputs, checkpoints, ...facts } = others
  return {
    // What stands beside the engine's own fields are the facts of the saga.
    ...eachOf(facts, by),
    input: by.data(input),
    step,
    attempt,
    attempts,
    tries,
    trySpan,
    waiting,
    error: error === null ? null : redactError(error, by),
    outputs: eachOf(outputs, by),
    checkpoints: eachOf(checkpoints, by),
    finished,
    pastPivot,
    parkedAt,
    autoRetries,
    parkSpan,
    undo: undo === null ? null : redactUndo(undo, by),
    ask: ask === null ? null : { ...redactAsk(ask, by) },
  }
}

/** What an entry says, or an event of the machine. */
export function redactBody(body: EntryBody | MachineEvent, by: Redactor): Redacted {
  return { ...redactFields(body, by), type: body.type }
}

/**
 * The fields of something that the engine made: an entry, an event, the input of a step. It goes by their names, so that one which
 * is added later shows no more than it may.
 */
export function redactFields(fields: object, by: Redactor): JsonObject {
  const shown: Record<string, Json> = {}
  for (const [name, value] of Object.entries<unknown>({ ...fields })) {
    if (value === undefined) continue
    if (name === 'error' && isErrorReport(value)) shown[name] = redactError(value, by)
    else if (isAsk(name, value)) shown[name] = { ...redactAsk(value, by) }
    else if (words.has(name) && typeof value === 'string') shown[name] = by.word(value)
    // What the engine makes of a run's values is plain JSON, as they are.
    else if (name === 'outputs') shown[name] = eachOf(value as JsonObject, by)
    else shown[name] = by.data(value as Json)
  }
  return shown
}

/** Properties whose values are words that programmers chose. */
const words: ReadonlySet<string> = new Set(['step', 'hook', 'timer', 'kind', 'actorId', 'reason'])

function isAsk(name: string, value: unknown): value is Ask {
  return (
    name === 'ask' && typeof value === 'object' && value !== null && 'kind' in value && 'message' in value
  )
}

/** The values of an object whose names are a programmer's: of steps, or of facts. */
function eachOf(values: JsonObject, by: Redactor): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, by.data(value)]))
}
