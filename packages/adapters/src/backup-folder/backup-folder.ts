import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkOptions, HoldfastError, type Json, type OptionRule } from '@holdfast/core'
import { type BackupRef, type CleanupPolicy, type Device, parseReceipt } from '@holdfast/core/import'
import { folderAt } from '../ios-backup/folder/backup-layout.js'
import { refused } from './deletable-folder.js'
import { placeHold, removeHold } from './hold.js'
import { releaseFolder } from './release-folder.js'

/** What a run on a folder is started with; further fields are not this device's business. */
export type BackupFolderInput = {
  /** Path of the backup: the folder that holds Manifest.db. */
  readonly path: string
  /** What becomes of it in the end. @default 'keep' */
  readonly cleanup?: CleanupPolicy
}

/** How a folder is let go. */
export interface BackupFolderOptions {
  /** How often a file that is busy is tried again while a backup is deleted. @default 6 */
  readonly retries?: number
  /** Milliseconds before the first of these tries; each pause is twice the one before. @default 50 */
  readonly retryDelay?: number
}

const rules: Readonly<Record<keyof BackupFolderOptions, OptionRule>> = {
  retries: {
    must: 'be a whole number of at least 0',
    test: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
  retryDelay: {
    must: 'be a number of milliseconds',
    test: (value) => typeof value === 'number' && value >= 0 && value <= 60_000,
  },
}

/**
 * Adopts a backup that is on disk already, and marks it as needed until the run lets it go or is discarded. It stays somebody else's, and is never deleted, unless the run's input asks for
 * `cleanup: 'delete'`: then it is handed over, and goes once a receipt proves that all of it is stored.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function backupFolder(options: BackupFolderOptions = {}): Device {
  checkOptions('backupFolder', options, rules)
  const { retries = 6, retryDelay = 50 } = options
  return {
    needs: [],

    resources: (input) => [`backup:${realPath(inputOf(input).path)}`],

    expectedPath: (input) => realPath(inputOf(input).path),

    async acquire({ input, signal, onBackup, run, into }) {
      signal.throwIfAborted()
      const { path, cleanup } = inputOf(input)
      const backup: BackupRef = {
        path: await folderAt(path),
        ownership: cleanup === 'delete' ? 'handed-over' : 'adopted',
      }
      // Before the mark is made, so that whoever discards the run knows where it is.
      await onBackup(backup)
      await placeHold(backup.path, { run, into })
      try {
        // Another run that released it a moment ago looks for marks once it has renamed it; this one looks for it once it has its mark.
        await folderAt(path)
      } catch (gone) {
        await removeHold(backup.path, run)
        throw gone
      }
      return backup
    },

    async release(backup, receipt, { policy, signal, run, into }) {
      const holder = { run, into }
      // All of it is stored and verified: it is needed no more. Two runs that both let it go would wait for each other otherwise.
      await parseReceipt(receipt)
      await removeHold(backup.path, run)
      if (policy !== 'delete') {
        // Nothing is touched, so it does not matter whether the backup went on meanwhile.
        return { deleted: false }
      }
      if (backup.ownership === 'adopted') throw refused('it was adopted, not handed over', backup.path)
      await releaseFolder(backup.path, receipt, { signal, retries, delay: retryDelay, holder })
      return { deleted: true }
    },

    // A folder that was adopted was there before the run, and stays, whatever the request says.
    async discard(backup, { run }) {
      await removeHold(backup.path, run)
    },
  }
}

/**
 * Reads a run's input.
 *
 * @throws HoldfastError `OPTION_INVALID`.
 */
function inputOf(input: Json): BackupFolderInput {
  if (typeof input === 'object' && input !== null && 'path' in input) {
    const { path, cleanup } = input
    const known = cleanup === undefined || cleanup === 'delete' || cleanup === 'scratch' || cleanup === 'keep'
    if (typeof path === 'string' && path !== '' && known)
      return cleanup === undefined ? { path } : { path, cleanup }
  }
  throw new HoldfastError('OPTION_INVALID', 'The input of the run does not name a backup', {
    hint: "Start it with { path: '/the/folder/of/the/backup', cleanup: 'keep' } or another cleanup: 'scratch', 'delete'.",
    retryable: false,
  })
}

/** The real path, so that two names of one folder are one resource; the absolute one where nothing is there yet. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return resolve(path)
  }
}
