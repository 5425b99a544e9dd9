import { HoldfastError } from '../index.js'
import type { BackupReader, PartState } from './backup-reader.js'
import { checkSkips } from './import-policy.js'
import { countsOf, type Receipt } from './receipt.js'
import type { SkipReason } from './records.js'
import type { ImportRef, Storage } from './storage.js'
import { type Reading, stampedRef } from './store-records.js'

/** What confirming needs beside the import. */
export interface ConfirmOptions {
  readonly reader: BackupReader
  readonly storage: Storage
  /** Skip reasons that may stand. */
  readonly allowed: readonly SkipReason[]
  /** What was there of the backup when it was described, which is still so while its stamp is the same. */
  readonly parts: readonly PartState[]
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
  { reader, storage, allowed, parts }: ConfirmOptions,
  context: Pick<Reading, 'input' | 'signal'>,
): Promise<Receipt> {
  const { signal } = context
  const stamped = await stampedRef(ref, path, reader, context)
  const receipt = (await storage.findUnchanged?.(stamped, { signal })) ?? null
  if (receipt?.import !== published) throw noLongerHeld(published)
  checkSkips(countsOf(receipt), parts, allowed)
  return receipt
}

function noLongerHeld(published: string): HoldfastError {
  return new HoldfastError(
    'VERIFY_FAILED',
    'The import that held all of this backup no longer does, or the backup has changed',
    { hint: 'The backup is kept. Retry: it is read and stored in full.', facts: { import: published } },
  )
}
