/** What a step returns to say that it failed; the same as throwing `error`. */
export interface Failure {
  readonly ok: false
  readonly error: unknown
}

/** A failure to return from a step instead of throwing. */
export function failure(error: unknown): Failure {
  return { ok: false, error }
}

/**
 * Whether a returned value says that the work failed: `{ ok: false }`, or `{ success: false }`, which many hosts' services return.
 * Nothing that says so may pass for success: that was the bug which Holdfast began with.
 */
export function isFailure(value: unknown): value is { readonly error?: unknown } {
  if (typeof value !== 'object' || value === null) return false
  return ('ok' in value && value.ok === false) || ('success' in value && value.success === false)
}
