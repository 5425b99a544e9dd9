import { HoldfastError } from '../errors/holdfast-error.js'

/** A value that survives `JSON.stringify` and back unchanged; what the journal can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** An object of JSON values. */
export type JsonObject = { readonly [key: string]: Json }

/**
 * JSON text of `value` with the keys of every object in code-unit order, so that equal values give equal text.
 * Properties that are `undefined` are left out, as `JSON.stringify` does.
 */
export function canonicalJson(value: unknown): string {
  return canonicalJsonWithout(value, leavesNothing)
}

const leavesNothing = (): boolean => false

/** The same, without the properties whose value `leavesOut` is true for, however deep. */
export function canonicalJsonWithout(value: unknown, leavesOut: (held: unknown) => boolean): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value)
      text += `${text === '' ? '' : ','}${canonicalJsonWithout(item ?? null, leavesOut)}`
    return `[${text}]`
  }
  const { sorted, quoted } = keyOrderOf(Object.keys(value))
  for (const [index, key] of sorted.entries()) {
    const held = propertyOf(value, key)
    if (held === undefined || leavesOut(held)) continue
    text += `${text === '' ? '' : ','}${quoted[index]}${canonicalJsonWithout(held, leavesOut)}`
  }
  return `{${text}}`
}

/** The keys of an object in the order in which it has them, and as canonical text has them. */
interface KeyOrder {
  readonly keys: readonly string[]
  readonly sorted: readonly string[]
  /** The sorted ones as JSON text, each with its colon. */
  readonly quoted: readonly string[]
}

/** Orders that were sorted lately: records come by the hundred thousand with the same keys, and sorting takes longer than all the rest. */
const lately: KeyOrder[] = []
const mostOrders = 16
let oldest = 0

function keyOrderOf(keys: readonly string[]): KeyOrder {
  const known = lately.find((order) => isSameList(order.keys, keys))
  if (known !== undefined) return known
  // The default order of `sort` is that of code units.
  const sorted = keys.toSorted()
  const order = { keys, sorted, quoted: sorted.map((key) => `${JSON.stringify(key)}:`) }
  lately[oldest] = order
  oldest = (oldest + 1) % mostOrders
  return order
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** Whether two values of plain JSON are equal: what {@link canonicalJson} would make equal text of, without making any. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => sameJson(item, b[index]))
  }
  const keys = Object.keys(a)
  if (!isSameList(keys, Object.keys(b))) return within(a, b) && within(b, a)
  // Both have them all as their own, as two records of one kind do.
  for (const key of keys) if (!sameJson(propertyOf(a, key), propertyOf(b, key))) return false
  return true
}

/** Whether `b` has everything that `a` has, equal. */
function within(a: object, b: object): boolean {
  const others: Readonly<Record<string, unknown>> = { ...b }
  for (const [key, item] of Object.entries(a)) {
    if (item !== undefined && !sameJson(item, others[key])) return false
  }
  return true
}

function propertyOf(value: object, key: string): unknown {
  // Any object can be asked for any property; what it holds is unknown.
  return (value as Readonly<Record<string, unknown>>)[key]
}

/**
 * Checks that `value` comes back from JSON as it went in; `undefined` becomes `null`.
 * The journal would otherwise lose a Date, a Map or a NaN silently, and a recovered run would see something else.
 *
 * @throws HoldfastError `NOT_SERIALIZABLE`, naming the place in the value.
 */
export function toJson(value: unknown, what: string): Json {
  return convert(value, what, new Set())
}

function convert(value: unknown, path: string, seen: Set<object>): Json {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value
    throw notSerializable(path, String(value))
  }
  if (typeof value !== 'object') throw notSerializable(path, `a ${typeof value}`)
  if (seen.has(value)) throw notSerializable(path, 'a cycle')
  seen.add(value)
  try {
    if (Array.isArray(value)) return value.map((item, index) => convert(item, `${path}[${index}]`, seen))
    const prototype: unknown = Object.getPrototypeOf(value)
    // A plain object of another realm (an Electron context) has another Object.prototype: its prototype's prototype is null.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw notSerializable(path, `an instance of ${value.constructor.name}`)
    }
    const entries: [string, Json][] = []
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) entries.push([key, convert(item, `${path}.${key}`, seen)])
    }
    // Assigning would set the prototype where a key is `__proto__`, which JSON carries like any other.
    return Object.fromEntries(entries)
  } finally {
    seen.delete(value)
  }
}

function notSerializable(path: string, found: string): HoldfastError {
  return new HoldfastError('NOT_SERIALIZABLE', `${path} is ${found}, which JSON cannot carry`, {
    hint: 'Inputs, outputs, checkpoints and answers are journaled: use plain objects, arrays, strings, finite numbers and booleans.',
    retryable: false,
  })
}
