import { cliError } from './cli-error.js'
import { exitStatus } from './exit-status.js'

/** What the first Ctrl-C comes to, and what is told of it. */
export const interruptWords = {
  stop: 'Stopping… (once more leaves at once)',
  /** An undo is not cut short: what it has begun would be neither there nor gone. */
  'undo to the end':
    'The undo goes on to its end… (once more leaves at once, and `retry` or another `discard` goes on with it)',
} as const

/** What Ctrl-C, or a polite `kill`, asks of the program. */
export interface Interrupts {
  /** Aborts at the first one, for the reason `INTERRUPTED`: park what is under way, if it can be parked. */
  readonly signal: AbortSignal
  /** Stops listening. */
  stop(): void
}

/**
 * Listens to SIGINT and SIGTERM. The first asks the program to park what it does; the second ends it at once with 130, as a crash
 * would, which the next command recovers from.
 */
export function listenForInterrupts(onFirst: () => void): Interrupts {
  const controller = new AbortController()
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(exitStatus.interrupted)
    onFirst()
    controller.abort(cliError('INTERRUPTED', 'Stopped, as asked', 'Nothing was changed.'))
  }
  process.on('SIGINT', listener).on('SIGTERM', listener)
  return {
    signal: controller.signal,
    stop: () => void process.off('SIGINT', listener).off('SIGTERM', listener),
  }
}
