import {
  type BackupPartName,
  backupParts,
  countsOf,
  type ImportCounts,
  type OutcomeCounts,
  type Receipt,
  type SkipReason,
  type SourceDescription,
  skipReasons,
} from '@holdfast/core/import'
import type { LibraryFolder } from '../library/library-folder.js'
import type { RunResult } from '../runs/run-result.js'
import { count, localTime, size } from '../terminal/format.js'
import { fields, table } from '../terminal/table.js'
import type { Colors } from '../terminal/terminal.js'
import { commandLine } from './commands-to-type.js'
import { sentence } from './error-words.js'
import { totalOf } from './json-report.js'
import { countsOfRun, wasUnchanged } from './run-counts.js'

/**
 * What is said of a run at the end of a command. `passwordEnv` is the variable that the command had the password from: the one to go on
 * with needs it too.
 */
export function runWords(
  result: RunResult,
  folder: LibraryFolder,
  colors: Colors,
  passwordEnv?: string,
): readonly string[] {
  switch (result.status) {
    case 'done':
      return doneWords(result, folder, colors)
    case 'discarded':
      return discardedWords(result, folder, colors)
    default:
      return parkedWords(result, folder, colors, passwordOption(result, passwordEnv))
  }
}

/** Lines of a table: what became of the items, by kind. */
function countWords(counts: ImportCounts): readonly string[] {
  const { messages, attachments, chats, contacts, calls, voicemails } = counts
  const row = (name: string, outcomes: OutcomeCounts, more = '') =>
    [
      name,
      ...[outcomes.stored, outcomes.present, outcomes.skipped, outcomes.failed].map(count),
      more,
    ] as const
  return table([
    ['', 'stored', 'present', 'skipped', 'failed', ''],
    row('messages', messages),
    row('attachments', attachments, size(attachments.bytes)),
    row('chats', chats),
    row('contacts', contacts),
    // Not every host takes these, and not every phone has them.
    ...(isNone(calls) ? [] : [row('calls', calls)]),
    ...(isNone(voicemails) ? [] : [row('voicemails', voicemails)]),
  ])
}

function isNone({ stored, present, skipped, failed }: OutcomeCounts): boolean {
  return stored + present + skipped + failed === 0
}

function doneWords(result: RunResult, folder: LibraryFolder, colors: Colors): readonly string[] {
  const { receipt, extract, parts } = result
  return [
    '',
    `${colors.green('✓')} ${colors.bold('Done.')} ${sureOf(receipt, parts)}`,
    ...(receipt !== null && wasUnchanged(receipt, result.run)
      ? ['  It has not changed since it was imported; nothing had to be read again.']
      : []),
    '',
    ...(receipt === null ? [] : indented(countWords(countsOfRun(receipt, result.run)))),
    '',
    ...indented(
      fields([
        ...skipFields(receipt),
        ...(extract === null ? [] : sourceFields(extract.source)),
        ['run', result.run],
        ['receipt', receipt === null ? 'none' : receipt.digest],
        ['library', folder.database],
        ['attachments', folder.attachments],
        ['backup', backupState(result)],
      ]),
    ),
  ]
}

/** What may be claimed: not that all is there, where the backup itself did not give all of it. */
function sureOf(receipt: Receipt | null, parts: readonly BackupPartName[]): string {
  if (receipt === null) return 'What was stored before is still there.'
  const left = Object.values(countsOf(receipt)).some(({ skipped, failed }) => skipped + failed > 0)
  if (parts.length < backupParts.length) {
    const asked = `What was asked for (${parts.join(', ')}) is stored and verified`
    return left ? `${asked}, as far as the backup gives it; the rest is counted.` : `${asked}.`
  }
  return left
    ? 'All that the backup gives is stored and verified; the rest is counted.'
    : 'Everything in the backup is stored and verified.'
}

/** What a retry has to be given, so that it has the password where no terminal asks for it. */
function passwordOption({ error }: RunResult, variable: string | undefined): readonly string[] {
  if (variable !== undefined) return ['--password-env', variable]
  return error?.code === 'BACKUP_ENCRYPTED' ? ['--password-env', 'NAME'] : []
}

function parkedWords(
  result: RunResult,
  folder: LibraryFolder,
  colors: Colors,
  password: readonly string[],
): readonly string[] {
  const { step, error, extract, staged, receipt, status } = result
  const stopped = error?.code === 'CANCELLED'
  const head = stopped
    ? `Stopped in step ${step}, as asked.`
    : `Parked: step ${step} failed. ${sentence(error?.message ?? '')}`
  const code = error === null || stopped ? '' : colors.dim(` (${error.code})`)
  return [
    '',
    `${stopped ? colors.yellow('▪') : colors.red('✗')} ${colors.bold(head)}${code}`,
    ...(stopped || error === null || error.hint === null ? [] : [`  ${error.hint}`]),
    ...(status === 'stuck'
      ? ['  Undoing it failed too, so some of its side effects may remain until a retry.']
      : []),
    '',
    ...indented(
      fields([
        ['run', result.run],
        ['backup', parkedBackup(result)],
        ...(staged === null || extract === null || receipt !== null
          ? []
          : [
              [
                'staged',
                `${count(staged)} of ${count(totalOf(extract.totals))} items, seen by nobody before they are verified`,
              ] as const,
            ]),
        ...(receipt === null
          ? []
          : [['stored', 'everything is stored and verified; only the clean-up is left'] as const]),
        ['go on', colors.bold(commandLine('retry', result.run, '--into', folder.path, ...password))],
        ...(receipt === null
          ? [['give up', commandLine('discard', result.run, '--into', folder.path)] as const]
          : []),
      ]),
    ),
  ]
}

function discardedWords(result: RunResult, folder: LibraryFolder, colors: Colors): readonly string[] {
  return [
    '',
    `${colors.green('✓')} ${colors.bold('Discarded.')} The library is as it was before the run.`,
    '',
    ...indented(
      fields([
        ['run', result.run],
        ['library', folder.database],
        ['backup', backupState({ ...result, deleted: !result.backupExists })],
      ]),
    ),
  ]
}

function parkedBackup({ backupPath, backupExists, extract, receipt, askedPath }: RunResult): string {
  if (backupPath === null) return 'none was made yet'
  if (backupExists) return `kept, at ${backupPath}`
  if (receipt !== null) return `deleted, after it was verified (was at ${backupPath})`
  const wasBeingMade = extract === null && askedPath === null
  return wasBeingMade ? `not finished; a retry makes it, at ${backupPath}` : `not found at ${backupPath}`
}

function backupState({ backupPath, deleted, changed, backupExists }: RunResult): string {
  if (backupPath === null) return 'none was made'
  if (deleted === true) return `deleted (was at ${backupPath})`
  if (changed === 'backup') return `kept, because it has changed since it was verified, at ${backupPath}`
  if (changed === 'library') {
    return `kept, because the library has changed since it was verified: import it again, from ${backupPath}`
  }
  return backupExists ? `kept, at ${backupPath}` : `kept by this run, but no longer at ${backupPath}`
}

function skipFields(receipt: Receipt | null): readonly (readonly [string, readonly string[]])[] {
  const reasons = Object.entries(receipt?.counts.attachments.reasons ?? {})
  if (reasons.length === 0) return []
  const lines = reasons.map(([reason, skipped]) => `${count(skipped)} ${reason}: ${meaning(reason)}`)
  return [['skipped', lines]]
}

function meaning(reason: string): string {
  // The keys of the counts are skip reasons; a receipt of a newer version may know others.
  return Object.hasOwn(skipReasons, reason)
    ? skipReasons[reason as SkipReason]
    : 'for a reason of a newer version'
}

/** Facts about the source, what is odd and what is missing. */
export function sourceFields(
  source: SourceDescription,
): readonly (readonly [string, string | readonly string[]])[] {
  const { deviceName, productType, osVersion, takenAt, remarks, parts } = source
  const words = [
    deviceName,
    productType,
    osVersion === null ? null : `iOS ${osVersion}`,
    takenAt === null ? null : `backed up ${localTime(takenAt)}`,
  ].filter((word) => word !== null)
  const absent = parts.filter(({ state }) => state !== 'present')
  return [
    ['source', words.length === 0 ? 'an iPhone that the backup does not name' : words.join(', ')],
    ...(absent.length === 0
      ? []
      : [['absent', absent.map(({ part, detail }) => `${part}: ${detail ?? ''}`)] as const]),
    ...(remarks.length === 0 ? [] : [['remarks', remarks] as const]),
  ]
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? line : `  ${line}`))
}
