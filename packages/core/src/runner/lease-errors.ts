import { HoldfastError } from '../errors/holdfast-error.js'
import type { WriteResult } from '../journal/journal.js'

/** The error for a run that another holder drives by now: this process may write nothing more to it. */
export function leaseLost(run: string): HoldfastError {
  return new HoldfastError('LEASE_LOST', `Another process has taken over run '${run}'`, {
    hint: 'Look at the run there, or open it again here.',
    retryable: false,
  })
}

/** The error for a write that the journal refused. */
export function refusedError(run: string, refused: Extract<WriteResult, { ok: false }>): HoldfastError {
  if (refused.problem === 'stale') return leaseLost(run)
  const own = refused.by === run
  return new HoldfastError(
    'LEASE_HELD',
    own
      ? `Run '${run}' is being driven by another process`
      : `'${refused.what}' is in use by run '${refused.by}'`,
    {
      hint: own ? 'Wait for it, or end that process.' : `Wait until run '${refused.by}' rests, or cancel it.`,
      facts: { run: refused.by, what: refused.what },
    },
  )
}
