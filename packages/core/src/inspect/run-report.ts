import { type ErrorReport, errorCodes } from '../errors/index.js'
import type { RunStatus } from '../journal/journal.js'
import type { Json } from '../json/json.js'
import type { Ask } from '../machine/saga-context.js'
import { checkOptions } from '../options/check-options.js'
import type { UndoReason } from '../saga/step.js'
import type { Redaction, Redactor } from './redact.js'
import { redactionRule } from './redact.js'
import { type Redacted, redactError } from './redact-run.js'

/** Version of the shape of a {@link RunReport}. */
export const reportVersion = 1

/** Options of `runner.report`. */
export interface ReportOptions {
  /** @default nothing that could tell a person: see docs/inspection.md */
  readonly redact?: Redaction
}

/** All that is known of a run, for whoever helps a user: plain JSON. Times are unix milliseconds UTC. */
export interface RunReport {
  readonly reportVersion: typeof reportVersion
  readonly madeAt: number
  /** Whether values were redacted, and by whom. */
  readonly redaction: 'default' | 'of the host' | 'none'
  readonly holdfastVersion: string
  readonly entryVersion: number
  readonly run: {
    readonly id: string
    readonly saga: string
    readonly version: number
    readonly status: RunStatus
    readonly owner: Json
    readonly key: Json
    readonly resources: readonly Json[]
    readonly startedAt: number
    readonly updatedAt: number
  }
  /** Why the entries could not be read, or why they could not be made into a state; null when they could. */
  readonly problem: ReportedError | null
  /** Null when there is a problem. */
  readonly state: ReportedState | null
  /** Empty when there is a problem. */
  readonly steps: readonly ReportedStep[]
  /** Empty when they could not be read. */
  readonly entries: readonly ReportedEntry[]
}

/** Where a run stands. */
export interface ReportedState {
  /** A step's name, or `compensating`, `retryable`, `stuck`, `done`, `discarded`. */
  readonly name: string
  /** The step at work, or the one that the run is parked at. */
  readonly step: string
  readonly attempt: number
  readonly pastPivot: boolean
  readonly error: ReportedError | null
  readonly ask: Ask | null
  /** When the run goes on by itself; null when it does not. */
  readonly retryAt: number | null
  readonly undo: { readonly reason: UndoReason; readonly queue: readonly string[] } | null
  /** Steps whose side effects may remain, while the run is stuck. */
  readonly sideEffects: readonly string[]
  readonly facts: Json
}

/** A step, with everything that was tried of it. */
export interface ReportedStep {
  readonly name: string
  readonly status: string
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** Time at work, over all attempts and undos that have ended. */
  readonly milliseconds: number
  readonly attempts: readonly ReportedAttempt[]
}

/** One try of a step or of its undo. */
export interface ReportedAttempt {
  readonly what: 'run' | 'undo'
  readonly attempt: number
  readonly startedAt: number
  /** Null while it is at work, or was when its process died. */
  readonly endedAt: number | null
  readonly milliseconds: number | null
  /** `stopped`: the run left it, because it was cancelled or discarded. */
  readonly result: 'succeeded' | 'failed' | 'stopped' | null
  /** Code of the error that it failed with. */
  readonly code: string | null
}

/** An entry of the journal. */
export interface ReportedEntry {
  readonly seq: number
  readonly at: number
  readonly body: Redacted
}

/** An error with what its code means, which is the same for everybody. */
export type ReportedError = ErrorReport & {
  /** Null for a code of the host's own. */
  readonly meaning: string | null
}

/** Adds the meaning to an error, and redacts the rest. */
export function reportedError(error: ErrorReport, by: Redactor): ReportedError {
  const meanings: Readonly<Record<string, string>> = errorCodes
  const meaning = Object.hasOwn(meanings, error.code) ? meanings[error.code] : undefined
  return { ...redactError(error, by), meaning: meaning ?? null }
}

/**
 * Checks the options of `runner.report`.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function checkReportOptions(options: ReportOptions): void {
  checkOptions('report', options, { redact: redactionRule })
}
