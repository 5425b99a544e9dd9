import { HoldfastError, type RunHeader } from '@holdfast/core'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, statusOfOutcome } from '../exit-status.js'
import { libraryFolder } from '../library/library-folder.js'
import { openLibrary } from '../library/open-library.js'
import { reportOfRun } from '../report/json-report.js'
import { runWords } from '../report/run-words.js'
import { findUnfinished } from '../runs/find-run.js'
import { resultOf } from '../runs/run-result.js'
import { StepDisplay } from '../terminal/step-display.js'

/** Options of `discard`. */
export interface DiscardCommandOptions {
  readonly run: string
  readonly into: string
  readonly backup: 'keep' | 'delete'
}

/**
 * `discard`: undoes what a run did and ends it. Its backup stays, unless the run made it and deleting was asked for. A Ctrl-C before
 * the undo begins stops it; one that comes later does not.
 *
 * @throws HoldfastError `LIBRARY_MISSING`, `RUN_UNKNOWN`, `RUN_ENDED`, `RUN_PAST_PIVOT`, `LEASE_HELD`; `INTERRUPTED`.
 */
export async function discardRun(
  options: DiscardCommandOptions,
  context: CommandContext,
): Promise<ExitStatus> {
  const { terminal, signal, onInterrupt } = context
  const folder = libraryFolder(options.into)
  const library = await openLibrary(folder, { create: false })
  try {
    const header = findUnfinished(await library.runner.runs(), options.run)
    context.known.run = header.id
    if (header.status === 'done' || header.status === 'discarded') throw endedAlready(header)
    const run = await library.runner.open(header.id)
    signal.throwIfAborted()
    onInterrupt.will = 'undo to the end'
    const stop = new StepDisplay(terminal).follow(run)
    const outcome = await run.discard({ backup: options.backup }).finally(stop)
    const result = await resultOf(library, outcome)
    terminal.say(...runWords(result, folder, terminal.colors))
    terminal.report(reportOfRun(result, context))
    return statusOfOutcome(outcome.status)
  } finally {
    await library.close()
  }
}

function endedAlready({ id, status }: RunHeader): HoldfastError {
  return new HoldfastError('RUN_ENDED', `Run '${id}' is ${status}`, {
    hint:
      status === 'done'
        ? 'What it stored is verified and stays; only a run that has not ended can be given up.'
        : 'There is nothing left to give up.',
    retryable: false,
    facts: { run: id },
  })
}
