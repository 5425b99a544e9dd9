import { randomUUID } from 'node:crypto'
import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, exitStatus, statusOfOutcome } from '../exit-status.js'
import { countRows } from '../library/count-rows.js'
import { type LibraryFolder, libraryFolder } from '../library/library-folder.js'
import { openLibrary } from '../library/open-library.js'
import { demoWords } from '../report/demo-words.js'
import { reportOfRun } from '../report/json-report.js'
import { runWords } from '../report/run-words.js'
import { driveRun, goOn } from '../runs/drive-run.js'
import { type RunResult, resultOf } from '../runs/run-result.js'
import { folderSize } from '../sample/folder-size.js'
import { sampleSize, sampleUdid } from '../sample/sample-phone.js'

const batchSize = 500

/** The batch in the middle, nearly: contacts and chats come on top, but are few. */
const halfWay = Math.ceil((sampleSize.messages + sampleSize.attachments) / batchSize / 2)

/**
 * The demo, without a command: an emulated phone is backed up over its cable and imported, the store fails half-way, the run is parked
 * with its backup kept; the program closes everything, opens it again, finds the run in the journal and retries it, without the phone;
 * what is stored is verified, and then the backup goes.
 */
export async function demo(
  options: { readonly into?: string | undefined },
  context: CommandContext,
): Promise<ExitStatus> {
  const { terminal, signal } = context
  const folder = libraryFolder(options.into ?? (await freshFolder()))
  const words = demoWords(terminal.colors, folder)

  terminal.say(...words.beginning())
  const parked = await importWithFault(folder, context)
  if (parked.error?.facts['injected'] !== true || signal.aborted) return finish(parked, folder, context)

  terminal.say(...words.parked(parked, await folderSize(parked.backupPath), countRows(folder, ['messages'])))
  const { result, attempts } = await retryAsNewProgram(parked.run, folder, context)
  if (result.status !== 'done') return finish(result, folder, context)

  const tables = ['messages', 'attachments', 'chats', 'contacts', 'reactions', 'imports'] as const
  terminal.say(...words.retried(attempts, parked.staged ?? 0))
  terminal.say(...runWords(result, folder, terminal.colors))
  terminal.say(...words.ending(countRows(folder, tables)))
  terminal.report(reportOfRun(result, context))
  return exitStatus.done
}

async function freshFolder(): Promise<string> {
  return mkdtemp(join(await realpath(tmpdir()), 'holdfast-demo-'))
}

async function importWithFault(folder: LibraryFolder, context: CommandContext): Promise<RunResult> {
  const library = await openLibrary(folder, {
    create: true,
    fault: { atBatch: halfWay },
  })
  try {
    // A key of its own: another demo that was left in this folder is another run.
    const key = `demo:${randomUUID()}`
    const run = await library.runner.start(library.saga, { udid: sampleUdid }, { key })
    return await resultOf(library, await driveRun(library, run, context))
  } finally {
    await library.close()
  }
}

async function retryAsNewProgram(id: string, folder: LibraryFolder, context: CommandContext) {
  const library = await openLibrary(folder, { create: false })
  try {
    const run = await library.runner.open(id)
    const outcome = await driveRun(library, run, context, { begin: () => goOn(run) })
    const attempts = run.view.getSnapshot().steps.map(({ name, attempts: times }) => ({ name, times }))
    return { result: await resultOf(library, outcome), attempts }
  } finally {
    await library.close()
  }
}

/** Where the demo ends before its end: interrupted, or by a failure that nobody injected. */
function finish(result: RunResult, folder: LibraryFolder, context: CommandContext): ExitStatus {
  context.terminal.say(...runWords(result, folder, context.terminal.colors))
  context.terminal.report(reportOfRun(result, context))
  return statusOfOutcome(result.status)
}
