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
import { type ImportSource, importSource } from '../library/import-source.js'
import { type LibraryFolder, libraryFolder } from '../library/library-folder.js'
import { openLibrary } from '../library/open-library.js'
import { checkDestination, type Preflight, preflight } from '../library/preflight.js'
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
  /** Id of a phone, or `any`. */
  readonly device?: string | undefined
  readonly full?: boolean | undefined
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
 * `import`: brings a backup, or a phone, into the library, or goes on with the unfinished run of it.
 *
 * @throws HoldfastError for bad usage and bad input; then nothing was changed.
 */
export async function importBackup(
  options: ImportCommandOptions,
  context: CommandContext,
): Promise<ExitStatus> {
  const folder = libraryFolder(options.into)
  const source = await importSource(options, folder, context.signal)
  const password = passwordSource({
    variable: options.passwordEnv,
    terminal: context.terminal,
    input: process.stdin,
    signal: context.signal,
  })
  context.known.backupPath = source.path
  const parts = partsToImport(options)
  context.known.parts = parts

  const input = {
    ...source.input,
    cleanup: options.cleanup,
    ...(options.force === true ? { force: true } : {}),
    // Kept in the journal with the run, so that whatever goes on with it reads the same, and marks the same.
    ...(options.parts === undefined ? {} : { parts }),
    ...(options.deletedInSource === 'keep' ? {} : { deletedInSource: options.deletedInSource }),
    ...(options.allow === undefined
      ? {}
      : { allowSkips: [...allowedSkips({}, options.cleanup), ...options.allow] }),
  }
  // An id that is none of a phone is refused here, where nothing is made yet.
  importDevice(folder).resources(source.input)
  if (source.isPhone) await checkDestination(source.path, folder)
  else await checkFolder(source, { parts, folder, password, signal: context.signal, owner: options.owner })
  context.signal.throwIfAborted()

  const library = await openLibrary(folder, { create: true, vault: password.vault, full: options.full })
  try {
    const before = await library.runner.runs()
    const joined = unfinished(before).find((run) => isImportOf(run, source, folder, options.owner))
    const run = await library.runner.start(library.saga, input, { owner: options.owner })
    // Only now: with another input than it was started with, a run is not gone on with.
    if (joined !== undefined) sayJoined(joined, before, context)
    sayOthers(joined, before, folder, context)
    context.known.run = run.id
    const outcome = await driveRun(library, run, context, {
      password,
      ...(joined === undefined ? {} : { begin: () => goOn(run) }),
    })
    const result = await resultOf(library, outcome)
    context.terminal.say(...runWords(result, folder, context.terminal.colors, options.passwordEnv))
    context.terminal.report(reportOfRun(result, context))
    return statusOfOutcome(outcome.status)
  } finally {
    await library.close()
  }
}

/** Looks at a backup on disk before anything is made; it may be gone when an unfinished run only has its clean-up left. */
async function checkFolder(
  source: ImportSource,
  { owner, ...request }: Omit<Preflight, 'backup'> & { readonly owner: string },
): Promise<void> {
  const { folder } = request
  try {
    await preflight({ backup: source.path, ...request })
  } catch (error) {
    if (!isGone(error) || !(await onlyCleanupIsLeft(source, owner, folder))) throw error
    await checkDestination(source.path, folder)
  }
}

function isGone(error: unknown): boolean {
  return isHoldfastError(error) && error.code === 'BACKUP_NOT_FOUND'
}

/** Whether the backup may be gone because an unfinished run has verified it and began to delete it. */
async function onlyCleanupIsLeft(
  source: ImportSource,
  owner: string,
  folder: LibraryFolder,
): Promise<boolean> {
  if (!existsSync(folder.database)) return false
  const library = await openLibrary(folder, { create: false })
  try {
    const begun = unfinished(await library.runner.runs()).find((run) =>
      isImportOf(run, source, folder, owner),
    )
    return begun !== undefined && (await library.runner.open(begun.id)).view.getSnapshot().pastPivot
  } finally {
    await library.close()
  }
}

/** Whether starting this import would join the run: it is the same work of the same owner. */
function isImportOf(run: RunHeader, source: ImportSource, folder: LibraryFolder, owner: string): boolean {
  return (
    run.owner === owner &&
    importDevice(folder)
      .resources(source.input)
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
