import { HoldfastError, type JsonObject } from '@holdfast/core'
import { countsOf, type ImportCheck, verifyPublished } from '@holdfast/core/import'
import { cliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, exitStatus } from '../exit-status.js'
import { libraryFolder } from '../library/library-folder.js'
import { openLibrary } from '../library/open-library.js'
import { errorWords } from '../report/error-words.js'
import { type JsonReport, reportOfCommand } from '../report/json-report.js'
import { shortId } from '../runs/find-run.js'
import { count, counted, localTime } from '../terminal/format.js'
import { Pace } from '../terminal/pace.js'
import { progressLine } from '../terminal/progress-line.js'
import type { Colors, Terminal } from '../terminal/terminal.js'

/** Most differences that are listed in words; `--json` has them all. */
const shownDifferences = 20

/**
 * `verify`: holds every finished import against its receipt, without any backup: all rows and all files are read again.
 *
 * @throws HoldfastError `LIBRARY_MISSING`, `NOTHING_TO_VERIFY`, `RECEIPT_INVALID`.
 */
export async function verifyLibrary(
  options: { readonly into: string },
  context: CommandContext,
): Promise<ExitStatus> {
  const { terminal, signal } = context
  const folder = libraryFolder(options.into)
  const library = await openLibrary(folder, { create: false })
  try {
    const published = await library.storage.imports()
    if (published.length === 0) {
      throw cliError(
        'NOTHING_TO_VERIFY',
        'The library holds no finished import',
        'Import a backup, or retry the run that is unfinished.',
      )
    }
    const checks: ImportCheck[] = []
    for (const each of published) {
      const progress = showProgress(each.id, itemsOf(each.receipt), terminal)
      checks.push(
        await verifyPublished(library.storage, each, { signal, progress }).finally(() => terminal.live()),
      )
    }
    for (const check of checks) terminal.say(...checkWords(check, terminal.colors))
    const error = checks.every(({ valid }) => valid) ? null : differs(checks)
    if (error !== null) terminal.tell('', ...errorWords(error, terminal.noteColors))
    terminal.report({ ...reportOfVerify(checks, error, context), checks })
    return error === null ? exitStatus.done : exitStatus.failed
  } finally {
    await library.close()
  }
}

function reportOfVerify(
  checks: readonly ImportCheck[],
  error: HoldfastError | null,
  context: CommandContext,
): JsonReport {
  const report = reportOfCommand(context, error)
  const last = checks.at(-1)
  if (last === undefined) return report
  return { ...report, run: last.import, ...countsOf(last.receipt), receipt: last.receipt }
}

function checkWords(
  { import: id, items, valid, differences, receipt }: ImportCheck,
  colors: Colors,
): readonly string[] {
  const head = `import ${shortId(id)} of ${localTime(receipt.verifiedAt)}: ${counted(items, 'items')}`
  if (valid) return [`${colors.green('✓')} ${head}, all as the receipt says`, `  digest ${receipt.digest}`]
  const shown = differences.slice(0, shownDifferences)
  return [
    `${colors.red('✗')} ${head}, not as the receipt says`,
    ...shown.map(({ type, key, difference }) => `    ${difference.replace('-', ' ')}: ${type} ${key}`),
    ...(differences.length > shown.length
      ? [`    and ${differences.length - shown.length} more or further`]
      : []),
    ...(differences.length === 0 ? ['    the digest over all items is another one'] : []),
  ]
}

function differs(checks: readonly ImportCheck[]): HoldfastError {
  const differences = checks.flatMap((check) => check.differences)
  const [first] = differences
  const facts: JsonObject =
    first === undefined ? {} : { type: first.type, key: first.key, difference: first.difference }
  return new HoldfastError(
    'VERIFY_FAILED',
    first === undefined
      ? 'The library is no longer what its receipts prove'
      : `${counted(differences.length, 'items')} of the library ${differences.length === 1 ? 'is' : 'are'} no longer what the receipts prove; the first is ${first.type} '${first.key}' (${first.difference})`,
    {
      hint: 'Something changed the library after it was verified. Restore it from a copy, or import the backup again if it was kept.',
      retryable: false,
      // Strings throughout.
      facts: facts as Record<string, string>,
    },
  )
}

function itemsOf(receipt: ImportCheck['receipt']): number {
  return Object.values(countsOf(receipt)).reduce(
    (sum, { stored, present, skipped, failed }) => sum + stored + present + skipped + failed,
    0,
  )
}

function showProgress(id: string, total: number, terminal: Terminal): (done: number) => void {
  const since = performance.now()
  const pace = new Pace()
  pace.sample(since, 0)
  return (done) => {
    const now = performance.now()
    pace.sample(now, done)
    const progress = { done, total, unit: 'items', label: `import ${shortId(id)} ${count(done)}` }
    terminal.live(
      progressLine(
        { name: 'verify', progress, pace: pace.read(now, total), elapsed: now - since },
        terminal.columns,
        terminal.noteColors,
      ),
    )
  }
}
