import { HoldfastError, type RunHeader } from '@holdfast/core'

/** The words by which a run is named on the command line, for help texts. */
export const runWords = 'id of a run, the beginning of one, or `last`'

/**
 * The run that a word means: an id, a beginning that only one id has, or `last`.
 *
 * @throws HoldfastError `RUN_UNKNOWN`, also where several runs fit.
 */
export function findRun(runs: readonly RunHeader[], word: string): RunHeader {
  const fitting = word === 'last' ? runs.slice(-1) : runs.filter(({ id }) => id.startsWith(word))
  const [found] = fitting
  if (found !== undefined && (fitting.length === 1 || found.id === word)) return found
  const exact = fitting.find(({ id }) => id === word)
  if (exact !== undefined) return exact
  throw new HoldfastError(
    'RUN_UNKNOWN',
    fitting.length > 1 ? `${fitting.length} runs begin with '${word}'` : `There is no run '${word}'`,
    { hint: knownRuns(runs), retryable: false, facts: { word } },
  )
}

/**
 * The run to go on with where none is named: the last one that has not ended, else the last one, whose result can be shown again.
 *
 * @throws HoldfastError `RUN_UNKNOWN` when there are no runs.
 */
export function lastUnfinished(runs: readonly RunHeader[]): RunHeader {
  return unfinished(runs).at(-1) ?? findRun(runs, 'last')
}

/** Runs that have not ended, oldest first. */
export function unfinished(runs: readonly RunHeader[]): readonly RunHeader[] {
  return runs.filter(({ status }) => status !== 'done' && status !== 'discarded')
}

/**
 * A beginning of a run's id that people can type; only that one of `runs` has it. A run that begins later may have it as well, for ids
 * begin with the time: a command that is printed to be typed some day names the whole id.
 */
export function shortId(id: string, runs: readonly Pick<RunHeader, 'id'>[]): string {
  for (let length = 8; length < id.length; length += 4) {
    const beginning = id.slice(0, length)
    if (runs.filter((run) => run.id.startsWith(beginning)).length <= 1) return beginning
  }
  return id
}

function knownRuns(runs: readonly RunHeader[]): string {
  if (runs.length === 0) return 'Nothing was imported into this library yet.'
  return `The last runs are: ${runs
    .slice(-5)
    .map((run) => `${shortId(run.id, runs)} (${run.status})`)
    .join(', ')}.`
}
