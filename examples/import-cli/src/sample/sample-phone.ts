import { mkdtemp, realpath, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { backupFolder, removeTree } from '@holdfast/adapters/backup-folder'
import type { BackupRef, Device } from '@holdfast/core/import'
import { openDatabase } from '../open-database.js'

/** The identifier of the sample phone, and what a run on it is started with as `udid`. */
export const sampleUdid = '00008120-0000000DECADE000'

/** How much the sample phone holds. */
export const sampleSize = { messages: 12_000, attachments: 200 }

const foldersBegin = 'holdfast-phone-'

/**
 * A phone that is made up: `acquire` makes a real backup of it, in a fresh folder among the system's temporary files. A device as
 * one for live phones is: it tells where the backup will be before it writes there, reports progress, and owns what it made.
 */
export function samplePhone(): Device {
  const folders = backupFolder()
  return {
    needs: ['device'],
    resources: () => [`device:${sampleUdid}`],
    expectedPath: () => null,

    async acquire({ signal, previous, onBackup, progress }) {
      const backup = previous ?? (await newBackup())
      if (previous === null) await onBackup(backup)
      // What an earlier attempt left may be half a backup; a made-up phone is quicker asked again than looked through.
      else await removeTree(backup.path, { signal })
      // Loaded only now: no other command needs it.
      const { makeSyntheticBackup } = await import('@holdfast/adapters/testing')
      await makeSyntheticBackup({
        ...sampleSize,
        into: dirname(backup.path),
        udid: sampleUdid,
        seed: 'demo',
        // The demo deletes its backup in the end, which no skip but a harmless one allows.
        anomalies: { invalidPath: 0 },
        truth: false,
        openSqlite: openDatabase,
        onProgress: ({ done, total }) => {
          signal.throwIfAborted()
          progress({ done, total, unit: 'messages' })
        },
      })
      return backup
    },

    async release(backup, receipt, options) {
      const released = await folders.release(backup, receipt, options)
      if (released.deleted) await removeEmptied(backup)
      return released
    },

    async discard(backup, options) {
      if (!options.delete || backup.ownership !== 'made') return
      await removeTree(backup.path, { signal: options.signal })
      await removeEmptied(backup)
    },
  }
}

async function newBackup(): Promise<BackupRef> {
  // The real path, because nothing is ever deleted through a link.
  const folder = await mkdtemp(join(await realpath(tmpdir()), foldersBegin))
  return { path: join(folder, sampleUdid), ownership: 'made' }
}

/** Removes the folder that `newBackup` made for the backup, once that is gone. */
async function removeEmptied({ path }: BackupRef): Promise<void> {
  const folder = dirname(path)
  if (folder.startsWith(join(await realpath(tmpdir()), foldersBegin))) await rmdir(folder).catch(() => {})
}
