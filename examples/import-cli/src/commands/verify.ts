import type { HoldfastError } from '@holdfast/core'
import {
  countsOf,
  itemsOf,
  type LibraryCheck,
  libraryDiffers,
  type PublishedImport,
} from '@holdfast/core/import'
import { cliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, exitStatus } from '../exit-status.js'
import { libraryFolder } from '../library/library-folder.js'
import { openLibrary } from '../library/open-library.js'
import { errorWords } from '../report/error-words.js'
import { type JsonReport, reportOfCommand } from '../report/json-report.js'
import { checkWords } from '../report/verify-words.js'
import { checkLibrary } from '../runs/check-library.js'
import { shortId } from '../runs/find-run.js'
import { count } from '../terminal/format.js'
import { Pace } from '../terminal/pace.js'
import { progressLine } from '../terminal/progress-line.js'
import type { Terminal } from '../terminal/terminal.js'

/**
 * `verify`: holds every finished import against its receipt, and the library against what every library promises, without any backup:
 * all rows and all files are read again. Each difference is named, with what to do about it.
 *
 * @throws HoldfastError `LIBRARY_MISSING`, `NOTHING_TO_VERIFY`.
 */
export async function verifyLibrary(
  options: { readonly into: string },
  context: CommandContext,
): Promise<ExitStatus> {
  const { terminal, signal } = context
  const folder = libraryFolder(options.into)
  const library = await openLibrary(folder, { create: false })
  try {
    const progress = showProgress(terminal)
    const check = await checkLibrary(library, { signal, progress }).finally(() => terminal.live())
    if (check.imports.length === 0 && check.valid) {
      throw cliError(
        'NOTHING_TO_VERIFY',
        'The library holds no finished import',
        'Import a backup, or retry the run that is unfinished.',
      )
    }
    terminal.say(...checkWords(check, terminal.colors))
    const differences = [...check.imports.flatMap((each) => each.differences), ...check.problems]
    const found = check.imports.reduce((sum, each) => sum + each.found, check.found)
    const error = check.valid ? null : libraryDiffers(differences, found)
    if (error !== null) terminal.tell('', ...errorWords(error, terminal.noteColors))
    const { imports: checks, problems } = check
    terminal.report({ ...reportOfVerify(check, error, context), checks, problems, found })
    return error === null ? exitStatus.done : exitStatus.failed
  } finally {
    await library.close()
  }
}

function reportOfVerify(
  { imports }: LibraryCheck,
  error: HoldfastError | null,
  context: CommandContext,
): JsonReport {
  const report = reportOfCommand(context, error)
  const last = imports.at(-1)
  if (last === undefined) return report
  const { receipt, counts } = last
  return { ...report, run: last.import, ...(receipt === null ? counts : countsOf(receipt)), receipt }
}

/** Shows how far the reading has come; the pace of each import is its own. */
function showProgress(terminal: Terminal): (done: number, published: PublishedImport) => void {
  let at = { id: '', since: 0, pace: new Pace() }
  return (done, { id, receipt }) => {
    const now = performance.now()
    if (at.id !== id) at = { id, since: now, pace: new Pace() }
    at.pace.sample(now, done)
    const total = receipt === null ? null : itemsOf(receipt)
    const progress = { done, total, unit: 'items', label: `import ${shortId(id, [])} ${count(done)}` }
    terminal.live(
      progressLine(
        { name: 'verify', progress, pace: at.pace.read(now, total), elapsed: now - at.since },
        terminal.columns,
        terminal.noteColors,
      ),
    )
  }
}
