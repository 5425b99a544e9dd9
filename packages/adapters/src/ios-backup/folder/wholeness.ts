import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import type { SourceDescription, Wholeness } from '@holdfast/core/import'
import { holdsAnything, infoName, manifestPlistName, snapshotName, statusName } from './backup-layout.js'
import { type PlistFile, readPlistFile, textAt } from './plist-file.js'

/** The property lists in the folder of a backup. */
export interface BackupPlists {
  readonly info: PlistFile
  readonly manifest: PlistFile
  readonly status: PlistFile
}

/** What the property lists and the folder say of a backup's wholeness, as sentences for people. */
export interface Judgement {
  readonly wholeness: Wholeness
  /** Why it is not complete; empty when it is. */
  readonly reasons: readonly string[]
  /** What else is odd. */
  readonly remarks: readonly string[]
}

/** Reads the property lists of a backup. Throws as `readPlistFile`. */
export async function readBackupPlists(root: string): Promise<BackupPlists> {
  // One after the other: when one cannot be read, no other is still open, which on Windows would keep the backup from being moved.
  const info = await readPlistFile(join(root, infoName))
  const manifest = await readPlistFile(join(root, manifestPlistName))
  const status = await readPlistFile(join(root, statusName))
  return { info, manifest, status }
}

/**
 * Judges whether making the backup was finished: the phone writes `SnapshotState: finished` into Status.plist as the last thing, and
 * until then keeps a Snapshot folder. From there it goes on when it is backed up again, unless an aborted run left empty property
 * lists: those it takes for damage (libimobiledevice #1582, #1544, #419).
 *
 * @throws HoldfastError `BACKUP_UNREADABLE`.
 */
export async function judgeWholeness(root: string, plists: BackupPlists): Promise<Judgement> {
  const { status, manifest, info } = plists
  const state = textAt(status, 'SnapshotState')
  const empty = [
    ...(manifest.state === 'empty' ? [`${manifestPlistName} is empty`] : []),
    ...(status.state === 'empty' ? [`${statusName} is empty`] : []),
  ]
  const unfinished = [
    ...(state === null || state === 'finished' ? [] : [`the phone says that it was still at '${state}'`]),
    ...((await holdsAnything(join(root, snapshotName)))
      ? ['the Snapshot folder of an unfinished backup is there']
      : []),
  ]
  const unconfirmed = [
    ...remarksOn(statusName, status, 'nothing confirms that the backup was finished'),
    ...(status.state === 'present' && state === null
      ? [`${statusName} does not say whether the backup was finished.`]
      : []),
  ]
  const remarks = [
    ...remarksOn(manifestPlistName, manifest, 'what the phone said of the backup itself is lost'),
    ...remarksOn(infoName, info, 'the name and the kind of the phone may be unknown'),
  ]
  if (empty.length > 0)
    return { wholeness: 'torn', reasons: [...empty, ...unfinished].map(sentence), remarks }
  if (unfinished.length > 0) return { wholeness: 'resumable', reasons: unfinished.map(sentence), remarks }
  return { wholeness: state === 'finished' ? 'complete' : 'unconfirmed', reasons: unconfirmed, remarks }
}

/**
 * Refuses a backup that the phone did not finish; gives what is known of one that can be read.
 *
 * @throws HoldfastError `BACKUP_TORN`.
 */
export function refuseUnfinished(
  { wholeness, reasons, remarks }: Judgement,
  path: string,
): Pick<SourceDescription, 'wholeness' | 'remarks'> {
  if (wholeness === 'complete' || wholeness === 'unconfirmed') {
    return { wholeness, remarks: [...reasons, ...remarks] }
  }
  throw new HoldfastError('BACKUP_TORN', `The backup is incomplete. ${reasons.join(' ')}`, {
    hint:
      wholeness === 'resumable'
        ? 'Making it was interrupted. Back this phone up again; it will go on from what is there.'
        : 'Making it was interrupted. Back this phone up again, into another folder.',
    retryable: false,
    facts: { path, wholeness },
  })
}

function remarksOn(name: string, plist: PlistFile, consequence: string): string[] {
  switch (plist.state) {
    case 'present':
      return []
    case 'absent':
      return [`${name} is missing: ${consequence}.`]
    case 'empty':
      return [`${name} is empty: ${consequence}.`]
    case 'unreadable':
      return [`${name} cannot be read: ${consequence}.`]
  }
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
