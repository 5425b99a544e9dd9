import { HoldfastError } from '@holdfast/core'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, statusOfOutcome } from '../exit-status.js'
import { libraryFolder } from '../library/library-folder.js'
import { openLibrary } from '../library/open-library.js'
import { passwordSource } from '../password/password-source.js'
import { reportOfRun } from '../report/json-report.js'
import { runWords } from '../report/run-words.js'
import { sayJoined, sayOthers } from '../report/unfinished-words.js'
import { driveRun, goOn } from '../runs/drive-run.js'
import { findUnfinished } from '../runs/find-run.js'
import { resultOf } from '../runs/run-result.js'

/** Options of `retry`. */
export interface RetryCommandOptions {
  readonly run?: string | undefined
  readonly into: string
  readonly passwordEnv?: string | undefined
}

/**
 * `retry`: goes on with a run, parked or left by a killed process. One that is done already shows its result again, so that a
 * script may call it until the exit status is 0.
 *
 * @throws HoldfastError `LIBRARY_MISSING`, `RUN_UNKNOWN`, `RUN_ENDED` for a discarded run, `LEASE_HELD`.
 */
export async function retryRun(options: RetryCommandOptions, context: CommandContext): Promise<ExitStatus> {
  const folder = libraryFolder(options.into)
  const password = passwordSource({
    variable: options.passwordEnv,
    terminal: context.terminal,
    input: process.stdin,
    signal: context.signal,
  })
  const library = await openLibrary(folder, { create: false, vault: password.vault })
  try {
    const runs = await library.runner.runs()
    const header = findUnfinished(runs, options.run)
    context.known.run = header.id
    if (header.status === 'discarded') throw discardedAlready(header.id)
    const run = await library.runner.open(header.id)
    const isDone = header.status === 'done'
    // It is being given up, and a retry only goes on with that.
    if (run.view.getSnapshot().undo?.reason === 'discarded') context.onInterrupt.will = 'undo to the end'
    if (!isDone) sayJoined(header, runs, context)
    sayOthers(header, runs, folder, context)
    const outcome = isDone
      ? await run.outcome()
      : await driveRun(library, run, context, { password, begin: () => goOn(run) })
    const result = await resultOf(library, outcome)
    context.terminal.say(...runWords(result, folder, context.terminal.colors, options.passwordEnv))
    context.terminal.report(reportOfRun(result, context))
    return statusOfOutcome(outcome.status)
  } finally {
    await library.close()
  }
}

function discardedAlready(id: string): HoldfastError {
  return new HoldfastError('RUN_ENDED', `Run '${id}' was discarded`, {
    hint: 'Import the backup again.',
    retryable: false,
    facts: { run: id },
  })
}
