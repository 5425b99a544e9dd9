import { checkOptions, HoldfastError, type Json, rule } from '../index.js'
import { type BackupPartName, type BackupRef, backupParts, type PartState } from './backup-reader.js'
import type { CleanupPolicy } from './device.js'
import type { ImportCounts } from './receipt.js'
import { type SkipReason, skipReasons } from './records.js'
import type { DeletedInSource, PublishOptions } from './storage.js'

/** What a run of the import is started with, beside what its Device takes (`path`, `udid`). */
export interface ImportInput {
  /** What becomes of the backup in the end. @default `delete` for a backup that the run made, `keep` for an adopted one */
  readonly cleanup?: CleanupPolicy
  /** Skip reasons that may stand in a verified import. @default see {@link allowedSkips} */
  readonly allowSkips?: readonly SkipReason[]
  /**
   * Which parts of the backup are imported. What is left out is not looked at, so that a damaged part keeps nothing else from being
   * imported; where the backup is deleted in the end, it goes with it. @default all that the reader reads
   */
  readonly parts?: readonly BackupPartName[]
  /**
   * Reads and compares everything, even where nothing tells of a change since the backup was last imported. One that is deleted in
   * the end always is. @default false
   */
  readonly force?: boolean
  /**
   * What becomes of records that the backup no longer holds and an earlier import of the same phone brought. They always stay; a library
   * that can tells which they are with `mark`. @default what the library was made with
   */
  readonly deletedInSource?: DeletedInSource
}

const inputRules = {
  cleanup: rule.oneOf('delete', 'scratch', 'keep'),
  allowSkips: {
    must: `be an array of: ${Object.keys(skipReasons).join(', ')}`,
    test: (value: unknown) =>
      Array.isArray(value) &&
      value.every((reason) => typeof reason === 'string' && Object.hasOwn(skipReasons, reason)),
  },
  parts: {
    must: `be an array of some of: ${backupParts.join(', ')}, none of them twice`,
    test: (value: unknown) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => backupParts.some((known) => known === name)) &&
      new Set(value).size === value.length,
  },
  force: rule.boolean,
  deletedInSource: rule.oneOf('keep', 'mark'),
  path: rule.string,
  udid: rule.string,
}

/**
 * Checks what `start` was given for an import.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function checkImportInput(given: unknown): Json {
  checkOptions('backup-import', given ?? {}, inputRules)
  // Every property was just checked to be a string, a boolean or an array of strings.
  return (given ?? {}) as Json
}

/** The policy that an input asks for, or the default for the backup's ownership. */
export function cleanupPolicy(input: Json, backup: BackupRef): CleanupPolicy {
  return readInput(input).cleanup ?? (backup.ownership === 'adopted' ? 'keep' : 'delete')
}

/** Whether the run will delete the backup, so that what it holds may be taken over: it is the run's own, and the policy says so. */
export function fateOf(input: Json, backup: BackupRef): 'goes' | 'stays' {
  return backup.ownership !== 'adopted' && cleanupPolicy(input, backup) === 'delete' ? 'goes' : 'stays'
}

/** The parts of the backup that an input asks for; null for all that the reader reads. */
export function chosenParts(input: Json): readonly BackupPartName[] | null {
  return readInput(input).parts ?? null
}

/** Whether an input asks that a backup be read in full even where nothing tells of a change. */
export function isForced(input: Json): boolean {
  return readInput(input).force === true
}

/** What an input asks for records that its backup no longer holds; nothing where it leaves that to the library. */
export function deletionPolicy(input: Json): PublishOptions {
  const { deletedInSource } = readInput(input)
  return deletedInSource === undefined ? {} : { deletedInSource }
}

/** Nothing is lost by these: the backup has no content to give, whatever happens to it; that of a folder is in items of their own. */
const harmlessSkips: readonly SkipReason[] = ['no-path', 'offloaded', 'not-in-backup', 'is-directory']

/**
 * The skip reasons that may stand in a verified import. A backup that stays can be looked at again, so anything may be skipped;
 * one that will be deleted is the last place where a damaged item could be rescued from, so only what it never held.
 */
export function allowedSkips(input: Json, policy: CleanupPolicy): readonly SkipReason[] {
  const { allowSkips } = readInput(input)
  if (allowSkips !== undefined) return allowSkips
  if (policy === 'delete') return harmlessSkips
  return Object.keys(skipReasons).filter((reason): reason is SkipReason => Object.hasOwn(skipReasons, reason))
}

/**
 * Holds what an import could not store against what its policy allows: items by reason, and whole databases that the backup lists
 * but does not hold.
 *
 * @throws HoldfastError `SKIP_NOT_ALLOWED`, with the number of items (or databases) by reason as facts.
 */
export function checkSkips(
  counts: ImportCounts,
  parts: readonly PartState[],
  allowed: readonly SkipReason[],
): void {
  const offending: Record<string, number> = {}
  const missing = parts.filter(({ state }) => state === 'blob-missing')
  if (missing.length > 0 && !allowed.includes('blob-missing')) offending['blob-missing'] = missing.length
  for (const [reason, count] of Object.entries(counts.attachments.reasons)) {
    if (!allowed.some((other) => other === reason)) offending[reason] = (offending[reason] ?? 0) + count
  }
  const unreadable = Object.values(counts).reduce((sum, { failed }) => sum + failed, 0)
  if (unreadable > 0 && !allowed.includes('unreadable')) offending['unreadable'] = unreadable
  const list = Object.entries(offending).map(([reason, count]) => `${count} ${reason}`)
  if (list.length === 0) return
  throw new HoldfastError('SKIP_NOT_ALLOWED', `Items could not be stored: ${list.join(', ')}`, {
    hint: 'The backup is kept. Discard the run, then import again with a policy that allows this, or keep the backup.',
    retryable: false,
    facts: offending,
  })
}

function readInput(input: Json): ImportInput {
  // The journal gives back what `checkImportInput` let pass; a machine that is driven by hand may have no input at all.
  return (typeof input === 'object' && input !== null ? input : {}) as ImportInput
}
