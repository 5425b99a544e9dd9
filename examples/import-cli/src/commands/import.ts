import { existsSync } from 'node:fs'
import { isHoldfastError, type RunHeader } from '@holdfast/core'
import {
  allowedSkips,
  type BackupPartName,
  backupParts,
  type CleanupPolicy,
  type DeletedInSource,
} from '@holdfast/core/import'
import { cliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, statusOfOutcome } from '../exit-status.js'
import { canonicalPath, type LibraryFolder, libraryFolder } from '../library/library-folder.js'
import { openLibrary } from '../library/open-library.js'
import { checkDestination, preflight } from '../library/preflight.js'
import { passwordSource } from '../password/password-source.js'
import { reportOfRun } from '../report/json-report.js'
import { runWords } from '../report/run-words.js'
import { sayJoined, sayOthers } from '../report/unfinished-words.js'
import { driveRun, goOn } from '../runs/drive-run.js'
import { unfinished } from '../runs/find-run.js'
import { resultOf } from '../runs/run-result.js'
import { importDevice } from '../sample/import-device.js'

/** Options of `import`. */
export interface ImportCommandOptions {
  readonly backup?: string | undefined
  readonly device?: string | undefined
  readonly into: string
  readonly passwordEnv?: string | undefined
  /** In reading order. */
  readonly parts?: readonly BackupPartName[] | undefined
  readonly cleanup: CleanupPolicy
  readonly allow?: readonly string[] | undefined
  readonly force?: boolean | undefined
  readonly deletedInSource: DeletedInSource
  readonly owner: string
}

/**
 * `import`: brings a backup into the library, or goes on with the unfinished run of that backup.
 *
 * @throws HoldfastError for bad usage and bad input; then nothing was changed.
 */
export async function importBackup(
  options: ImportCommandOptions,
  context: CommandContext,
): Promise<ExitStatus> {
  const path = backupPath(options)
  const password = passwordSource({
    variable: options.passwordEnv,
    terminal: context.terminal,
    input: process.stdin,
    signal: context.signal,
  })
  context.known.backupPath = path
  const parts = partsToImport(options)
  context.known.parts = parts
  const folder = libraryFolder(options.into)

  const input = {
    path,
    cleanup: options.cleanup,
    ...(options.force === true ? { force: true } : {}),
    // Kept in the journal with the run, so that whatever goes on with it reads the same, and marks the same.
    ...(options.parts === undefined ? {} : { parts }),
    ...(options.deletedInSource === 'keep' ? {} : { deletedInSource: options.deletedInSource }),
    ...(options.allow === undefined
      ? {}
      : { allowSkips: [...allowedSkips({}, options.cleanup), ...options.allow] }),
  }
  try {
    await preflight({ backup: path, parts, folder, password, signal: context.signal })
  } catch (error) {
    if (!isGone(error) || !(await onlyCleanupIsLeft(path, options.owner, folder))) throw error
    await checkDestination(path, folder)
  }
  context.signal.throwIfAborted()

  const library = await openLibrary(folder, { create: true, vault: password.vault })
  try {
    const before = unfinished(await library.runner.runs())
    const joined = before.find((run) => isImportOf(run, path, options.owner))
    if (joined !== undefined) sayJoined(joined, context)
    sayOthers(
      before.filter((run) => run !== joined),
      folder,
      context,
    )
    const run = await library.runner.start(library.saga, input, { owner: options.owner })
    context.known.run = run.id
    const outcome = await driveRun(library, run, context, {
      password,
      ...(joined === undefined ? {} : { begin: () => goOn(run) }),
    })
    const result = await resultOf(library, outcome)
    context.terminal.say(...runWords(result, folder, context.terminal.colors))
    context.terminal.report(reportOfRun(result, context))
    return statusOfOutcome(outcome.status)
  } finally {
    await library.close()
  }
}

function isGone(error: unknown): boolean {
  return isHoldfastError(error) && error.code === 'BACKUP_NOT_FOUND'
}

/** Whether the backup may be gone because an unfinished run has verified it and began to delete it. */
async function onlyCleanupIsLeft(path: string, owner: string, folder: LibraryFolder): Promise<boolean> {
  if (!existsSync(folder.database)) return false
  const library = await openLibrary(folder, { create: false })
  try {
    const begun = unfinished(await library.runner.runs()).find((run) => isImportOf(run, path, owner))
    return begun !== undefined && (await library.runner.open(begun.id)).view.getSnapshot().pastPivot
  } finally {
    await library.close()
  }
}

/** Whether starting an import of this backup would join the run: it is the same work of the same owner. */
function isImportOf(run: RunHeader, path: string, owner: string): boolean {
  return (
    run.owner === owner &&
    importDevice()
      .resources({ path })
      .every((name) => run.resources.includes(name))
  )
}

/**
 * What is to be imported. A part that is left out is in the backup alone, which therefore stays.
 *
 * @throws HoldfastError `USAGE`.
 */
function partsToImport({ parts, cleanup }: ImportCommandOptions): readonly BackupPartName[] {
  if (parts === undefined) return backupParts
  if (cleanup !== 'delete') return parts
  throw cliError(
    'USAGE',
    'A backup of which --parts leaves something out is not deleted',
    'Leave out --parts, or --cleanup delete.',
  )
}

function backupPath({ backup, device }: ImportCommandOptions): string {
  if (device !== undefined) {
    throw cliError(
      'DEVICE_UNSUPPORTED',
      'Importing from a live iPhone comes in a later version',
      'Make a backup of the phone first (Finder, iTunes, idevicebackup2), then import it with --backup DIR.',
    )
  }
  if (backup === undefined) {
    throw cliError('USAGE', 'Nothing to import was named', 'Name the folder of a backup with --backup DIR.')
  }
  return canonicalPath(backup)
}
