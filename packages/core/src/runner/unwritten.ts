import { type ErrorReport, HoldfastError } from '../errors/holdfast-error.js'
import type { EntryBody } from '../journal/entry.js'
import type { SagaContext } from '../machine/saga-context.js'
import type { RunState } from './run-state.js'

/**
 * Why a run is suspended whose entry could not be written. A disk that is full for a step is most often full for the journal as well:
 * then nothing says that the step failed, and on disk it is still at work. What the step was short of is what the user has to know.
 */
export function unwritten(body: EntryBody, { snapshot }: RunState, journal: HoldfastError): HoldfastError {
  const context: SagaContext = snapshot.context
  // While a failed step is undone, the state knows why.
  const failed: ErrorReport | null = body.type === 'step.failed' ? body.error : context.error
  if (failed?.code !== 'DISK_FULL' || journal.code !== 'DISK_FULL') return journal
  return new HoldfastError('DISK_FULL', `${failed.message}, and the journal has no room to say so`, {
    hint: failed.hint ?? journal.hint ?? 'Free some space, then retry.',
    facts: { ...journal.facts, ...failed.facts },
    cause: journal,
  })
}
