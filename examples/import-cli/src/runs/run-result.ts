import { existsSync } from 'node:fs'
import type { ErrorReport, Outcome, RunHeader } from '@holdfast/core'
import { leaveOut } from '../leave-out-part.js'
import type { OpenLibrary } from '../library/open-library.js'
import { passwordHint } from '../password-hint.js'
import { backupPathOf, type RunRecord, readRunRecord } from './run-record.js'

/** Where a run stands and what is known of it: what a command shows, in words or as JSON. */
export interface RunResult extends RunRecord {
  readonly run: string
  readonly status: 'done' | 'retryable' | 'stuck' | 'discarded'
  /** The step that a retry goes on with; null for a run that has ended. */
  readonly step: string | null
  /** Why it rests; null for a run that has ended. */
  readonly error: ErrorReport | null
  /** Where the backup is or was; null while there is none yet. */
  readonly backupPath: string | null
  readonly backupExists: boolean
  /** Items that are staged, where this process has stored some. */
  readonly staged: number | null
}

/** Gathers what is known of a run that rests or has ended. */
export async function resultOf(library: OpenLibrary, outcome: Outcome): Promise<RunResult> {
  const record = await readRunRecord(await library.runner.history(outcome.run))
  const backupPath = backupPathOf(outcome.facts, record.askedPath)
  const ended = outcome.status === 'done' || outcome.status === 'discarded'
  return {
    ...record,
    run: outcome.run,
    // A run that this process may not drive any further goes on with a retry, as a parked one does.
    status: outcome.status === 'suspended' ? 'retryable' : outcome.status,
    step: ended ? null : outcome.step,
    error: ended ? null : withAdvice(outcome.error, record),
    backupPath,
    backupExists: backupPath !== null && existsSync(backupPath),
    staged: library.work.staged(outcome.run)?.items ?? null,
  }
}

/** The error of a run that rests. What a run imports is settled when it starts, so a part is left out by another run. */
function withAdvice(error: ErrorReport | null, { parts }: RunRecord): ErrorReport | null {
  if (error?.code === 'BACKUP_ENCRYPTED') return { ...error, hint: passwordHint }
  const option = error === null ? null : leaveOut(error.code, parts)
  if (error === null || option === null) return error
  const advice = `To import what else it holds, discard this run and import again with ${option}.`
  return { ...error, hint: `${error.hint ?? ''} ${advice}`.trim() }
}

/** The same for a run that has ended before. */
export async function resultOfEnded(library: OpenLibrary, header: RunHeader): Promise<RunResult> {
  const run = await library.runner.open(header.id)
  return resultOf(library, await run.outcome())
}
