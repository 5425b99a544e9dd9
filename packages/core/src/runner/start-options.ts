import { HoldfastError } from '../errors/holdfast-error.js'
import { checkOptions, rule } from '../options/check-options.js'

/** Options of `start`. */
export interface StartOptions {
  /** Two runs under way never share a key: starting again joins the run that has it. @default the saga's name, the owner and what the saga says of the input */
  readonly key?: string
  /** Whose run it is; captured here, never looked up again. @default '' */
  readonly owner?: string
  /**
   * What to do when a run with the same key is under way; a parked one is. `join` it, if its input is the same; `reject` the start
   * with `RUN_UNDER_WAY`; or `queue`: start a new run when the key and every resource have become free, first come first served
   * within this runner. @default 'join'
   */
  readonly whenUnderWay?: 'join' | 'reject' | 'queue'
  /** Gives up waiting, with `START_GIVEN_UP`; only for `queue`. Once the run has begun it does nothing. */
  readonly signal?: AbortSignal
}

const startRules = {
  key: rule.string,
  owner: { must: 'be a string', test: (value: unknown) => typeof value === 'string' },
  whenUnderWay: rule.oneOf('join', 'reject', 'queue'),
  // Told by its shape: an Electron host has AbortSignals of several realms.
  signal: {
    must: 'be an AbortSignal',
    test: (value: unknown) =>
      typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
  },
}

/** Throws `OPTION_UNKNOWN` or `OPTION_INVALID` when `start` cannot go by these. */
export function checkStartOptions(options: StartOptions): void {
  checkOptions('start', options, startRules)
  if (options.signal !== undefined && options.whenUnderWay !== 'queue') {
    throw new HoldfastError('OPTION_INVALID', "start: 'signal' needs whenUnderWay: 'queue'", {
      hint: 'Nothing else waits that a signal could end. To stop a run that has begun, cancel it.',
      retryable: false,
      facts: { option: 'signal' },
    })
  }
}
