import {
  type Entry,
  type ErrorReport,
  isHoldfastError,
  type RunHeader,
  type RunViewSnapshot,
  reportError,
  reportText,
} from '@holdfast/core'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, exitStatus } from '../exit-status.js'
import { libraryFolder } from '../library/library-folder.js'
import { type OpenLibrary, openLibrary } from '../library/open-library.js'
import { chartWords } from '../report/chart-words.js'
import { entryWords } from '../report/entry-words.js'
import { reportOfCommand } from '../report/json-report.js'
import { findRun } from '../runs/find-run.js'
import { askedPathOf, backupPathOf } from '../runs/run-record.js'
import { duration, localTime } from '../terminal/format.js'
import { fields, table } from '../terminal/table.js'
import type { Colors } from '../terminal/terminal.js'

/** Options of `inspect`. */
export interface InspectCommandOptions {
  readonly into: string
  readonly run?: string | undefined
  /** Prints what may be sent to support instead. */
  readonly report?: true | undefined
}

/**
 * `inspect`: for support engineers: the statechart, and for each run its state, the times of its steps, its error and its journal;
 * with `report`, only that of each run which tells nothing of a person.
 *
 * @throws HoldfastError `LIBRARY_MISSING`, `RUN_UNKNOWN`.
 */
export async function inspectLibrary(
  options: InspectCommandOptions,
  context: CommandContext,
): Promise<ExitStatus> {
  const { terminal } = context
  const library = await openLibrary(libraryFolder(options.into), { create: false })
  try {
    const runs = await library.runner.runs()
    const shown = options.run === undefined ? runs : [findRun(runs, options.run)]
    if (options.report === true) {
      const reports = []
      for (const { id } of shown) reports.push(await library.runner.report(id))
      for (const each of reports) terminal.say(...reportText(each).split('\n'))
      terminal.report({ ...reportOfCommand(context, null), reports })
      return exitStatus.done
    }
    terminal.say(...chartWords(library.saga))
    if (runs.length === 0) terminal.say('', 'No runs.')
    const details = []
    for (const header of shown) details.push(await detailsOf(library, header))
    for (const each of details) terminal.say('', ...detailWords(each, terminal.colors))
    terminal.report({ ...reportOfCommand(context, null), runs: details })
    return exitStatus.done
  } finally {
    await library.close()
  }
}

/** What is shown of a run, as `--json` prints it; of one that cannot be read, why. */
type RunDetails = RunHeader &
  (
    | { readonly problem: ErrorReport }
    | {
        readonly problem: null
        readonly backupPath: string | null
        readonly view: RunViewSnapshot
        readonly history: readonly Entry[]
      }
  )

async function detailsOf({ runner }: OpenLibrary, header: RunHeader): Promise<RunDetails> {
  try {
    const view = (await runner.open(header.id)).view.getSnapshot()
    const history = await runner.history(header.id)
    const backupPath = backupPathOf(view.facts, askedPathOf(history))
    return { ...header, problem: null, backupPath, view, history }
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    return { ...header, problem: reportError(error) }
  }
}

function detailWords(details: RunDetails, colors: Colors): readonly string[] {
  const head = colors.bold(`Run ${details.id}`)
  if (details.problem !== null) {
    return [head, `  cannot be read: ${details.problem.message} (${details.problem.code})`]
  }
  const { view, backupPath, history } = details
  return [
    head,
    ...fields(stateFields(details, view, backupPath)).map((line) => `  ${line}`),
    '',
    ...stepLines(view, history).map((line) => `  ${line}`),
    '',
    ...history.map((entry) => `  ${entryWords(entry, details.startedAt)}`),
  ]
}

function stateFields(
  header: RunHeader,
  snapshot: RunViewSnapshot,
  backupPath: string | null,
): readonly (readonly [string, string | readonly string[]])[] {
  const { error, state, step, pastPivot, owner } = snapshot
  return [
    [
      'state',
      state === step || state === 'done' || state === 'discarded' ? state : `${state}, in step ${step}`,
    ],
    ['only forward', pastPivot ? 'yes: everything is stored and verified' : 'no'],
    ['owner', owner === '' ? 'nobody in particular' : owner],
    ['backup', backupPath ?? 'none yet'],
    ['started', localTime(header.startedAt)],
    ['last entry', `${localTime(header.updatedAt)}, number ${header.entries}`],
    ...(error === null
      ? []
      : [
          [
            'error',
            [`${error.code}: ${error.message}`, ...(error.hint === null ? [] : [error.hint])],
          ] as const,
        ]),
  ]
}

function stepLines({ steps }: RunViewSnapshot, entries: readonly Entry[]): readonly string[] {
  const last = entries.at(-1)?.at ?? 0
  const rows = steps.map(({ name, status, attempts, startedAt, endedAt }) => {
    const time = startedAt === null ? '' : duration((endedAt ?? last) - startedAt)
    return [name, status, String(attempts), time] as const
  })
  return table([['step', 'state', 'attempts', 'first start to last end'], ...rows], 'words')
}
