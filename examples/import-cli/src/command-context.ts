import type { BackupPartName } from '@holdfast/core/import'
import type { interruptWords } from './interrupts.js'
import type { Terminal } from './terminal/terminal.js'

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal
  /** What that comes to. A command that stops no more changes it, so that nothing else is told. */
  readonly onInterrupt: { will: keyof typeof interruptWords }
  /** Milliseconds of `performance.now()` at which the command began. */
  readonly startedAt: number
  /** What is known by now of what the command is about, for the report of a failure. */
  readonly known: { backupPath: string | null; run: string | null; parts: readonly BackupPartName[] }
}
