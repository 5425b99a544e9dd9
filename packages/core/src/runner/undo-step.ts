import { isFailure } from '../errors/failure.js'
import { reportError } from '../errors/holdfast-error.js'
import type { EntryBody } from '../journal/entry.js'
import type { AnySaga } from '../machine/define-saga.js'
import { undoContext } from '../machine/saga-actors.js'
import type { UndoInput } from '../machine/saga-context.js'

/** Runs the undo of a step, and gives the entry that says how it ended: a returned failure and a thrown one are the same thing. */
export async function undoStep(
  { definition }: AnySaga,
  input: UndoInput,
  of: { readonly run: string; readonly owner: string },
): Promise<EntryBody> {
  const step = definition.steps.find(({ name }) => name === input.step)
  try {
    const result = await step?.compensate?.(undoContext(definition, input, of))
    if (!isFailure(result)) return { type: 'undo.succeeded', step: input.step }
    return { type: 'undo.failed', step: input.step, error: reportError(result.error) }
  } catch (error) {
    return { type: 'undo.failed', step: input.step, error: reportError(error) }
  }
}
