import { existsSync } from 'node:fs'
import { type RunHeader, reportError } from '@holdfast/core'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, exitStatus } from '../exit-status.js'
import { libraryFolder } from '../library/library-folder.js'
import { type OpenLibrary, openLibrary } from '../library/open-library.js'
import { reportOfCommand } from '../report/json-report.js'
import { shortId } from '../runs/find-run.js'
import { askedPathOf, backupPathOf } from '../runs/run-record.js'
import { localTime } from '../terminal/format.js'
import { table } from '../terminal/table.js'

/**
 * `runs`: lists the runs of a library, oldest first.
 *
 * @throws HoldfastError `LIBRARY_MISSING`.
 */
export async function listRuns(
  options: { readonly into: string },
  context: CommandContext,
): Promise<ExitStatus> {
  const { terminal } = context
  const folder = libraryFolder(options.into)
  const library = await openLibrary(folder, { create: false })
  try {
    const headers = await library.runner.runs()
    const runs = []
    for (const header of headers) runs.push({ ...header, ...(await backupOf(library, header)) })
    if (runs.length === 0) terminal.say('  Nothing was imported into this library yet.')
    else {
      const rows = runs.map((run) => {
        const ended = run.status === 'done' || run.status === 'discarded'
        const error = run.problem?.code ?? (ended ? '' : (run.error?.code ?? ''))
        const backup = `${run.backupPath ?? 'none yet'}${run.backupPath === null || run.backupExists ? '' : ' (gone)'}`
        return [
          shortId(run.id, headers),
          localTime(run.startedAt),
          run.status,
          ended ? '' : run.step,
          error,
          backup,
        ] as const
      })
      terminal.say(
        ...table([['run', 'started', 'state', 'step', 'error', 'backup'], ...rows], 'words').map(
          (line) => `  ${line}`,
        ),
      )
    }
    terminal.report({ ...reportOfCommand(context, null), runs })
    return exitStatus.done
  } finally {
    await library.close()
  }
}

/** Where a run's backup is. A run that cannot be read is listed all the same, with what is wrong. */
async function backupOf(library: OpenLibrary, { id }: RunHeader) {
  try {
    const { facts, pastPivot } = (await library.runner.open(id)).view.getSnapshot()
    // Only a run that knows of no backup has to be asked more: its input is in its journal.
    const known = backupPathOf(facts, null)
    const backupPath = known ?? askedPathOf(await library.runner.history(id))
    return {
      backupPath,
      backupExists: backupPath !== null && existsSync(backupPath),
      pastPivot,
      problem: null,
    }
  } catch (error) {
    return { backupPath: null, backupExists: false, pastPivot: false, problem: reportError(error) }
  }
}
