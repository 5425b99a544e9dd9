import type { AnyStateMachine } from 'xstate'
import type { Json, JsonObject } from '../json/json.js'

/** Places of a machine's config that name code. A function anywhere else (a context, an input, an output) computes a value. */
const implementations: ReadonlySet<string> = new Set(['actions', 'entry', 'exit', 'guard'])

/**
 * The definition of a machine as plain JSON, for drawing it elsewhere: XState's `createMachine` takes it, and gives a machine with
 * the same states, events and targets. Where the config holds code, it holds `{ type }` with the code's name; code that computes a
 * value is left out, so the machine that is made of it can be looked at and not run.
 *
 * @example
 * const same = createMachine(definitionOf(saga.machine))
 */
export function definitionOf(machine: AnyStateMachine): JsonObject {
  // The config is an object, and an object stays one.
  return { id: machine.id, ...(plain(machine.config, '', new Set()) as JsonObject) }
}

/** The value without what JSON cannot carry; undefined when nothing is left of it. */
function plain(value: unknown, key: string, within: ReadonlySet<object>): Json | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  // An invocation names its actor, or holds the logic itself.
  if (key === 'src') return 'inline'
  if (typeof value === 'function') {
    return implementations.has(key) ? { type: nameOfCode(value) } : undefined
  }
  if (typeof value !== 'object' || within.has(value)) return undefined
  const inside = new Set([...within, value])
  if (Array.isArray(value)) {
    return value.map((item) => plain(item, key, inside)).filter((item) => item !== undefined)
  }
  if (isInstance(value)) return undefined
  const copy: Record<string, Json> = {}
  for (const [name, item] of Object.entries(value)) {
    const kept = plain(item, name, inside)
    if (kept !== undefined) copy[name] = kept
  }
  return copy
}

/** Whether an object is more than its properties, such as a Date. A plain one of another realm has another Object.prototype. */
function isInstance(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype !== null && Object.getPrototypeOf(prototype) !== null
}

/** XState's own actions say their type; of other code there is the name of the function. */
function nameOfCode(code: object): string {
  if ('type' in code && typeof code.type === 'string') return code.type
  return 'name' in code && typeof code.name === 'string' && code.name !== '' ? code.name : 'inline'
}
