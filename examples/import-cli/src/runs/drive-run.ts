import { isHoldfastError, type Outcome, type Run } from '@holdfast/core'
import type { CommandContext } from '../command-context.js'
import type { OpenLibrary } from '../library/open-library.js'
import { answerQuestions, type PasswordSource } from '../password/password-source.js'
import { StepDisplay } from '../terminal/step-display.js'

/**
 * Shows a run on its way until it rests, and has it parked at the first Ctrl-C. `begin` asks it to go on; a run that was just
 * started needs no asking. `password` answers when the run asks for one.
 */
export async function driveRun(
  library: OpenLibrary,
  run: Run,
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
  options: { readonly begin?: () => Promise<void>; readonly password?: PasswordSource } = {},
): Promise<Outcome> {
  const { begin, password } = options
  const display = new StepDisplay(terminal, { staged: () => library.work.staged(run.id) })
  const stop = display.follow(run)
  const stopAnswers =
    password === undefined ? () => {} : answerQuestions(run, password, (line) => terminal.tell(`  ${line}`))
  // Where cancelling is refused the run is not in these hands any more, which its outcome says.
  const cancel = (): void => void run.cancel().catch(() => {})
  signal.addEventListener('abort', cancel)
  try {
    await begin?.()
    display.catchUp(run)
    if (signal.aborted) cancel()
    return await run.outcome()
  } finally {
    signal.removeEventListener('abort', cancel)
    stopAnswers()
    stop()
  }
}

/**
 * Goes on with a run that has not ended: retries one that is parked, takes over one that a killed process left at work.
 *
 * @throws HoldfastError `LEASE_HELD`, `RUN_ENDED`.
 */
export async function goOn(run: Run): Promise<void> {
  const wasUndoing = ['compensating', 'stuck'].includes(run.view.getSnapshot().state)
  try {
    await run.retry()
  } catch (error) {
    // It was not at rest, because its process was killed: by now it is at work again, here.
    if (!isHoldfastError(error) || error.code !== 'RUN_NOT_AT_REST') throw error
  }
  // What is gone on with is the undo of a failed step. Once that is through the run would rest, and nobody asked for that.
  if (wasUndoing && (await run.outcome()).status === 'retryable') await run.retry()
}
