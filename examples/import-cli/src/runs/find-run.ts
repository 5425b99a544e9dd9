import { HoldfastError, type RunHeader } from '@holdfast/core'

/** The words by which a run is named on the command line, for help texts. */
export const runWords = 'id of a run, the beginning of one, or `last`'

/** The same where a run is gone on with or given up: see {@link findUnfinished}. */
export const unfinishedRunWords = `${runWords}: the last one that has not ended`

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
 * The run to do something with, where `last`, or no word, means the last one that has not ended; where all have, the last one, of which
 * can be said how it ended.
 *
 * @throws HoldfastError `RUN_UNKNOWN`, also where several runs fit.
 */
export function findUnfinished(runs: readonly RunHeader[], word = 'last'): RunHeader {
  const found = word === 'last' ? unfinished(runs).at(-1) : undefined
  return found ?? findRun(runs, word)
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
