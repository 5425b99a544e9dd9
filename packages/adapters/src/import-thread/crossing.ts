import { type ErrorReport, HoldfastError, isHoldfastError, reportError } from '@holdfast/core'

/** An error on its way from one thread to the other: a structured clone would lose all that is not message and stack. */
export type CrossingError = ErrorReport & {
  /** Where it was thrown, for whoever looks for a bug; kept out of journals and views, as every cause. */
  readonly stack: string | null
}

/** How a call ended, on its way back. */
export type Crossing<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: CrossingError }

/** Does the work of a call; what it throws goes back with its code, hint and facts. */
export async function crossing<Value>(work: () => Value | Promise<Value>): Promise<Crossing<Value>> {
  try {
    return { ok: true, value: await work() }
  } catch (thrown) {
    return { ok: false, error: crossingError(thrown) }
  }
}

/** What a call gave, or throws what it threw. */
export function crossed<Value>(result: Crossing<Value>): Value {
  if (result.ok) return result.value
  throw crossedError(result.error)
}

/** An error as the other thread can be given it. */
export function crossingError(thrown: unknown): CrossingError {
  const first = isHoldfastError(thrown) && thrown.cause instanceof Error ? thrown.cause : thrown
  return { ...reportError(thrown), stack: first instanceof Error ? (first.stack ?? null) : null }
}

/** The error that the other thread has thrown. */
export function crossedError({ stack, code, message, hint, retryable, facts }: CrossingError): HoldfastError {
  const cause = stack === null ? undefined : Object.assign(new Error(message), { stack })
  return new HoldfastError(code, message, { retryable, facts, cause, ...(hint === null ? {} : { hint }) })
}
