import { type Json, type JsonObject, toJson } from '../../json/json.js'
import type { RunState } from '../../runner/run-state.js'

/**
 * A run's state as plain JSON: all that a later entry or an effect can depend on, and nothing else, so that states which were come
 * by in different ways can be compared.
 */
export function plainState(state: RunState): JsonObject {
  const { snapshot, ...rest } = state
  const fields = Object.entries(rest).map(([name, value]): [string, Json] => [
    name,
    // A map is the same whatever the order in which it was filled.
    toJson(value instanceof Map ? Object.fromEntries(value) : value, `the state's ${name}`),
  ])
  return {
    ...Object.fromEntries(fields),
    value: snapshot.value,
    status: snapshot.status,
    context: toJson(snapshot.context, 'the context'),
  }
}

/** Where two values of plain JSON differ first, such as `context.error.code`; null when they are equal. */
export function differenceOf(a: Json, b: Json, path = ''): string | null {
  if (a === b) return null
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const inner = path === '' ? name : `${path}.${name}`
    const [one, other] = [left.get(name), right.get(name)]
    if (one === undefined || other === undefined) return inner
    const difference = differenceOf(one, other, inner)
    if (difference !== null) return difference
  }
  return Array.isArray(a) === Array.isArray(b) ? null : path
}
