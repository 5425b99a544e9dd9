import { isErrorReport } from '../errors/holdfast-error.js'
import type { Json } from '../json/json.js'
import type { ReportedAttempt, ReportedEntry, ReportedError, ReportedStep, RunReport } from './run-report.js'

/** A report as text for people: what happened to a run, line by line. Times are UTC, and seconds since the run began. */
export function reportText(report: RunReport): string {
  const { run, state, problem } = report
  const since = (at: number): string => `+${seconds(at - run.startedAt)}`
  return [
    `Report on run ${run.id}`,
    `made ${utc(report.madeAt)} by Holdfast ${report.holdfastVersion}, entries of version ${report.entryVersion}`,
    redactionWords[report.redaction],
    '',
    `saga        ${run.saga}, version ${run.version}`,
    `status      ${state === null ? run.status : stateWords(state)}`,
    `started     ${utc(run.startedAt)}`,
    `last entry  ${utc(run.updatedAt)}`,
    `owner       ${json(run.owner)}`,
    `key         ${json(run.key)}`,
    `resources   ${run.resources.length === 0 ? 'none' : run.resources.map(json).join(', ')}`,
    ...(problem === null ? [] : ['', 'Not all of this run can be told', ...errorLines(problem)]),
    ...(state === null ? [] : stateLines(state, since)),
    ...(report.steps.length === 0 ? [] : ['', 'Steps']),
    ...report.steps.flatMap((step) => stepLines(step, since)),
    ...(report.entries.length === 0 ? [] : ['', 'Entries']),
    ...report.entries.map((entry) => entryLine(entry, since)),
    '',
  ].join('\n')
}

const redactionWords = {
  default:
    'Names, paths and other values of the user are left out; [12 characters] stands for a text of that length.',
  'of the host': 'Values were redacted as the app that made this report sees fit.',
  none: 'Nothing was redacted: this report holds values of the user.',
}

type State = NonNullable<RunReport['state']>

function stateWords({ name, step, pastPivot }: State): string {
  const where = name === step || name === 'done' || name === 'discarded' ? name : `${name}, in step ${step}`
  return pastPivot ? `${where}; only forward is left` : where
}

function stateLines(state: State, since: (at: number) => string): readonly string[] {
  return [
    ...(state.retryAt === null ? [] : [`goes on     ${since(state.retryAt)}, by itself`]),
    ...(state.ask === null ? [] : [`waits for   ${state.ask.kind}: ${state.ask.message}`]),
    ...(state.undo === null || state.undo.queue.length === 0
      ? []
      : [`undoing     ${state.undo.queue.join(', ')} (${state.undo.reason})`]),
    ...(state.sideEffects.length === 0 ? [] : [`may remain  effects of ${state.sideEffects.join(', ')}`]),
    ...(isEmpty(state.facts) ? [] : [`facts       ${json(state.facts)}`]),
    ...(state.error === null ? [] : ['', 'Error', ...errorLines(state.error)]),
  ]
}

function errorLines({ code, meaning, message, hint, facts }: ReportedError): readonly string[] {
  return [
    `  code      ${code}${meaning === null ? '' : `: ${meaning}`}`,
    `  message   ${message}`,
    ...(hint === null ? [] : [`  hint      ${hint}`]),
    ...(isEmpty(facts) ? [] : [`  facts     ${json(facts)}`]),
  ]
}

function stepLines(step: ReportedStep, since: (at: number) => string): readonly string[] {
  const tries = step.attempts.filter(({ what }) => what === 'run').length
  const head = `  ${step.name}: ${step.status}`
  if (step.attempts.length === 0) return [head]
  return [
    `${head}, ${tries} ${tries === 1 ? 'attempt' : 'attempts'}, ${seconds(step.milliseconds)} at work`,
    ...step.attempts.map((attempt) => attemptLine(attempt, since)),
  ]
}

function attemptLine(attempt: ReportedAttempt, since: (at: number) => string): string {
  const { what, startedAt, milliseconds, result, code } = attempt
  const end =
    result === null || milliseconds === null
      ? 'not ended'
      : `${result} after ${seconds(milliseconds)}${code === null ? '' : `: ${code}`}`
  const name = what === 'run' ? `attempt ${attempt.attempt}` : `undo ${attempt.attempt}`
  return `${`    ${name}`.padEnd(18)}${since(startedAt).padStart(12)}  ${end}`
}

/** Properties of an entry that need no name to be understood. */
const words: ReadonlySet<string> = new Set(['step', 'hook', 'timer', 'kind'])

function entryLine({ seq, at, body }: ReportedEntry, since: (at: number) => string): string {
  const { type, error, ...rest } = body
  const said: string[] = []
  const values: Record<string, Json> = {}
  for (const [name, value] of Object.entries(rest)) {
    if (words.has(name) && typeof value === 'string') said.push(value)
    else values[name] = value
  }
  if (isErrorReport(error)) said.push(`${error.code}: ${error.message}`)
  if (!isEmpty(values)) said.push(JSON.stringify(values))
  return `${String(seq).padStart(6)}  ${since(at).padStart(12)}  ${type.padEnd(18)} ${said.join(' ')}`.trimEnd()
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function utc(at: number): string {
  return new Date(at).toISOString()
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`
}

function json(value: unknown): string {
  return typeof value === 'string' ? value || 'none' : JSON.stringify(value)
}
