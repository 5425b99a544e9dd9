/** How often something is tried, and how long the pauses between the tries are. */
export interface RetryPolicy {
  /** Tries altogether, the first included; 1 means no retry. */
  readonly attempts: number
  /** How pauses grow. @default 'exponential' */
  readonly backoff?: 'exponential' | 'constant'
  /** Milliseconds before the second try. @default 1000 */
  readonly delay?: number
  /** Longest pause in milliseconds. @default 60000 */
  readonly maxDelay?: number
  /** How far a pause may be shortened at random, 0 to 1, so that many runs do not all try at once. @default 0.2 */
  readonly jitter?: number
  /**
   * Milliseconds since the first of the tries that the policy counts, pauses and time without a process included; for `autoRetry`
   * since the run parked. No try is begun after it: when the next pause would end later, there is none. @default none
   */
  readonly deadline?: number
}

/** {@link RetryPolicy} with every default filled in. */
export type ResolvedRetryPolicy = Required<RetryPolicy>

/** The policy of a step that declares none: one try. */
export const noRetry: ResolvedRetryPolicy = {
  attempts: 1,
  backoff: 'exponential',
  delay: 1000,
  maxDelay: 60_000,
  jitter: 0.2,
  deadline: Number.POSITIVE_INFINITY,
}

/** Milliseconds to wait after try number `tried` (1 for the first), before jitter. */
export function backoffDelay(policy: ResolvedRetryPolicy, tried: number): number {
  const grown = policy.backoff === 'constant' ? policy.delay : policy.delay * 2 ** (tried - 1)
  return Math.min(grown, policy.maxDelay)
}

/**
 * Shortens `delay` by up to `jitter` of itself. The same seed gives the same result:
 * a recovered run computes the deadline that it had before the crash.
 */
export function jittered(delay: number, jitter: number, seed: string): number {
  return Math.round(delay * (1 - jitter * hashFraction(seed)))
}

/** FNV-1a of the text's code units with a final mix, as a number in [0, 1). */
function hashFraction(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32
}
