import { checkOptions, rule } from '../options/check-options.js'
import { noRetry, type ResolvedRetryPolicy, type RetryPolicy } from '../time/backoff.js'

const retryRules = {
  attempts: rule.count,
  backoff: rule.oneOf('exponential', 'constant'),
  delay: rule.positive,
  maxDelay: rule.positive,
  jitter: rule.fraction,
  deadline: rule.positive,
}

/**
 * A retry policy with every default filled in.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function resolveRetry(name: string, policy: RetryPolicy): ResolvedRetryPolicy {
  checkOptions(name, policy, retryRules, ['attempts'])
  return {
    attempts: policy.attempts,
    backoff: policy.backoff ?? noRetry.backoff,
    delay: policy.delay ?? noRetry.delay,
    maxDelay: policy.maxDelay ?? noRetry.maxDelay,
    jitter: policy.jitter ?? noRetry.jitter,
    deadline: policy.deadline ?? noRetry.deadline,
  }
}
