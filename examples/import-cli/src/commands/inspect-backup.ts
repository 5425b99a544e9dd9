import { resolve } from 'node:path'
import { inspectBackup } from '@holdfast/adapters/ios-backup'
import type { CommandContext } from '../command-context.js'
import { type ExitStatus, exitStatus } from '../exit-status.js'
import { openDatabase } from '../open-database.js'
import { inspectionWords } from '../report/inspection-words.js'
import { reportOfCommand } from '../report/json-report.js'

/** Options of `inspect --backup`. */
export interface InspectBackupCommandOptions {
  readonly backup: string
  /** Reads and checks each file that carries a digest. */
  readonly digests?: true | undefined
}

/**
 * `inspect --backup`: says what a backup is, how whole it is and what it holds, without its password. It succeeds whatever it finds.
 *
 * @throws HoldfastError as `inspectBackup`.
 */
export async function inspectBackupFolder(
  options: InspectBackupCommandOptions,
  context: CommandContext,
): Promise<ExitStatus> {
  const { terminal, signal, known } = context
  known.backupPath = resolve(options.backup)
  const inspection = await inspectBackup(known.backupPath, {
    openSqlite: openDatabase,
    digests: options.digests === true,
    signal,
  })
  terminal.say(...inspectionWords(inspection, terminal.colors))
  terminal.report({ ...reportOfCommand(context, null), inspection })
  return exitStatus.done
}
