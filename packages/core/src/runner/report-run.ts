import { type ErrorReport, reportError, toHoldfastError } from '../errors/holdfast-error.js'
import { type Redactor, redactorFor } from '../inspect/redact.js'
import { redactAsk, redactBody } from '../inspect/redact-run.js'
import {
  checkReportOptions,
  type ReportedState,
  type ReportedStep,
  type ReportOptions,
  type RunReport,
  reportedError,
  reportVersion,
} from '../inspect/run-report.js'
import { holdfastVersion } from '../inspect/version.js'
import { type Entry, entryVersion } from '../journal/entry.js'
import type { Journal, RunHeader } from '../journal/journal.js'
import type { AnySaga } from '../machine/define-saga.js'
import { restoreRun } from './restore-run.js'
import type { RunState } from './run-state.js'
import { type RunViewSnapshot, viewOf } from './run-view.js'
import { type ToldAttempt, tellAttempts } from './told-attempts.js'

/** What a report is made from. */
export interface ReportSources {
  readonly header: RunHeader
  /** Finds the saga of the run; throws when there is none. */
  readonly saga: () => AnySaga
  readonly journal: Journal
  /** Unix milliseconds. */
  readonly now: number
}

/**
 * Makes the report on a run. A run that cannot be read is what support is asked about most, so what cannot be told is left out, and
 * the report says why.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, and what a redaction of the host throws.
 */
export async function reportRun(sources: ReportSources, options: ReportOptions = {}): Promise<RunReport> {
  checkReportOptions(options)
  const { header, journal, now } = sources
  let problem: ErrorReport | null = null
  let saga: AnySaga | null = null
  let entries: readonly Entry[] = []
  let state: RunState | null = null
  let attempts: readonly ToldAttempt[] = []
  try {
    entries = await journal.entries(header.id)
    saga = sources.saga()
    // From the entries alone, so that the state is that of the entries which the report shows.
    state = await restoreRun(saga, { header, snapshot: null, entries }, journal)
    attempts = tellAttempts(saga, header, entries)
  } catch (thrown) {
    problem = reportError(toHoldfastError(thrown, 'JOURNAL_DAMAGED'))
  }
  const by = redactorFor(saga?.definition ?? null, options.redact)
  const { id, version, status, startedAt, updatedAt } = header
  const view = saga === null || state === null ? null : present(saga, state)
  return {
    reportVersion,
    madeAt: now,
    redaction: options.redact === undefined ? 'default' : options.redact === false ? 'none' : 'of the host',
    holdfastVersion,
    entryVersion,
    run: {
      id,
      saga: header.saga,
      version,
      status,
      owner: by.data(header.owner),
      key: by.data(header.key),
      resources: header.resources.map((resource) => by.data(resource)),
      startedAt,
      updatedAt,
    },
    problem: problem === null ? null : reportedError(problem, by),
    state: view === null ? null : stateOf(view, by),
    steps: view === null ? [] : view.steps.map((step) => stepOf(step, attempts, by)),
    entries: entries.map(({ seq, at, body }) => ({ seq, at, body: redactBody(body, by) })),
  }
}

/** The view that the journal alone gives. */
function present(saga: AnySaga, state: RunState): RunViewSnapshot {
  return viewOf(saga, state, { progress: null, overall: 0, suspended: null, asks: true })
}

function stateOf(view: RunViewSnapshot, by: Redactor): ReportedState {
  const { step, attempt, pastPivot, error, ask, retryAt, undo, sideEffects } = view
  return {
    name: view.state,
    step,
    attempt,
    pastPivot,
    error: error === null ? null : reportedError(error, by),
    ask: ask === null ? null : redactAsk(ask, by),
    retryAt,
    undo,
    sideEffects,
    facts: by.data(view.facts),
  }
}

function stepOf(
  { name, status, startedAt, endedAt }: RunViewSnapshot['steps'][number],
  told: readonly ToldAttempt[],
  by: Redactor,
): ReportedStep {
  const attempts = told
    .filter(({ step }) => step === name)
    .map(({ step: _, ...attempt }) => ({
      ...attempt,
      milliseconds: attempt.endedAt === null ? null : attempt.endedAt - attempt.startedAt,
      code: attempt.code === null ? null : by.word(attempt.code),
    }))
  const milliseconds = attempts.reduce((sum, attempt) => sum + (attempt.milliseconds ?? 0), 0)
  return { name, status, startedAt, endedAt, milliseconds, attempts }
}
