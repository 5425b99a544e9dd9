import { HoldfastError } from '../index.js'
import type { BackupReader } from './backup-reader.js'
import { checkSkips } from './import-policy.js'
import { countsOf, type Receipt } from './receipt.js'
import type { SkipReason } from './records.js'
import type { ImportRef, Storage } from './storage.js'
import { backupChanged, type Reporting, withBackup } from './store-records.js'

/** What confirming needs beside the import. */
export interface ConfirmOptions {
  readonly reader: BackupReader
  readonly storage: Storage
  /** Skip reasons that may stand. */
  readonly allowed: readonly SkipReason[]
}

/**
 * Looks once more, believing nothing that `store` reported, whether import `published` still holds all of a backup that has not changed
 * since. Resolves with its receipt: the proof that was made when every byte of both was read.
 *
 * @throws HoldfastError `VERIFY_FAILED` when that is no longer so, `SKIP_NOT_ALLOWED`, `BACKUP_CHANGED`, and what the ports throw.
 */
export async function confirmUnchanged(
  ref: ImportRef,
  path: string,
  published: string,
  { reader, storage, allowed }: ConfirmOptions,
  context: Reporting,
): Promise<Receipt> {
  const { signal } = context
  return withBackup(reader, path, context, async (backup) => {
    if (backup.source.fingerprint !== ref.fingerprint) throw backupChanged(path)
    const stamp = await backup.stamp?.(signal)
    const receipt =
      stamp === undefined ? null : ((await storage.findUnchanged?.({ ...ref, stamp }, { signal })) ?? null)
    if (receipt?.import !== published) throw noLongerHeld(published)
    checkSkips(countsOf(receipt), backup.source.parts, allowed)
    return receipt
  })
}

function noLongerHeld(published: string): HoldfastError {
  return new HoldfastError(
    'VERIFY_FAILED',
    'The import that held all of this backup no longer does, or the backup has changed',
    { hint: 'The backup is kept. Retry: it is read and stored in full.', facts: { import: published } },
  )
}
