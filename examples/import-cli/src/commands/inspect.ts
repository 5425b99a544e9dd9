import {
  type Entry,
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
import { findRun } from '../runs/find-run.js'
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
      for (const { id } of shown) terminal.say(...reportText(await library.runner.report(id)).split('\n'))
      return exitStatus.done
    }
    terminal.say(...chartWords(library.saga))
    if (runs.length === 0) terminal.say('', 'No runs.')
    for (const header of shown) terminal.say('', ...(await runDetails(library, header, terminal.colors)))
    return exitStatus.done
  } finally {
    await library.close()
  }
}

async function runDetails(
  library: OpenLibrary,
  header: RunHeader,
  colors: Colors,
): Promise<readonly string[]> {
  const head = colors.bold(`Run ${header.id}`)
  try {
    const { view } = await library.runner.open(header.id)
    const entries = await library.runner.history(header.id)
    return [
      head,
      ...fields(stateFields(header, view.getSnapshot())).map((line) => `  ${line}`),
      '',
      ...stepLines(view.getSnapshot(), entries).map((line) => `  ${line}`),
      '',
      ...entries.map((entry) => `  ${entryWords(entry, header.startedAt)}`),
    ]
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    const { code, message } = reportError(error)
    return [head, `  cannot be read: ${message} (${code})`]
  }
}

function stateFields(
  header: RunHeader,
  snapshot: RunViewSnapshot,
): readonly (readonly [string, string | readonly string[]])[] {
  const { error, state, step, facts, pastPivot, owner } = snapshot
  const backupPath = facts['backupPath']
  return [
    [
      'state',
      state === step || state === 'done' || state === 'discarded' ? state : `${state}, in step ${step}`,
    ],
    ['only forward', pastPivot ? 'yes: everything is stored and verified' : 'no'],
    ['owner', owner === '' ? 'nobody in particular' : owner],
    ['backup', typeof backupPath === 'string' ? backupPath : 'none yet'],
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
