import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core'
import { type PlistFile, readPlistFile, textAt } from '../plist/plist-file.js'
import { holdsAnything, infoName, manifestPlistName, snapshotName, statusName } from './backup-layout.js'

/** The property lists in the folder of a backup. */
export interface BackupPlists {
  readonly info: PlistFile
  readonly manifest: PlistFile
  readonly status: PlistFile
}

/** How far a backup says that it is complete. */
export interface Wholeness {
  readonly wholeness: 'complete' | 'unconfirmed'
  readonly remarks: readonly string[]
}

/** Reads the property lists of a backup. Throws as `readPlistFile`. */
export async function readBackupPlists(root: string): Promise<BackupPlists> {
  const [info, manifest, status] = await Promise.all(
    [infoName, manifestPlistName, statusName].map((name) => readPlistFile(join(root, name))),
  )
  const none: PlistFile = { state: 'absent' }
  return { info: info ?? none, manifest: manifest ?? none, status: status ?? none }
}

/**
 * Judges whether making the backup was finished: the phone writes `SnapshotState: finished` into Status.plist as the last thing, and
 * until then keeps a Snapshot folder. An aborted run leaves empty property lists (libimobiledevice #1582, #419).
 *
 * @throws HoldfastError `BACKUP_TORN`.
 */
export async function judgeWholeness(root: string, plists: BackupPlists): Promise<Wholeness> {
  if (plists.manifest.state === 'empty') throw torn(`${manifestPlistName} is empty`, root)
  if (plists.status.state === 'empty') throw torn(`${statusName} is empty`, root)
  const state = textAt(plists.status, 'SnapshotState')
  if (state !== null && state !== 'finished')
    throw torn(`the phone says that it was still at '${state}'`, root)
  if (await holdsAnything(join(root, snapshotName)))
    throw torn('the Snapshot folder of an unfinished backup is there', root)
  return {
    wholeness: state === 'finished' ? 'complete' : 'unconfirmed',
    remarks: [
      ...remarksOn(statusName, plists.status, 'nothing confirms that the backup was finished'),
      ...(plists.status.state === 'present' && state === null
        ? [`${statusName} does not say whether the backup was finished.`]
        : []),
      ...remarksOn(manifestPlistName, plists.manifest, 'what the phone said of the backup itself is lost'),
      ...remarksOn(infoName, plists.info, 'the name and the kind of the phone may be unknown'),
    ],
  }
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

function torn(found: string, path: string): HoldfastError {
  return new HoldfastError('BACKUP_TORN', `The backup is incomplete: ${found}`, {
    hint: 'Making it was interrupted. Make the backup of this phone again; it will go on from what is there.',
    retryable: false,
    facts: { path },
  })
}
