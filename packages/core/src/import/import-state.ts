import { HoldfastError } from '../index.js'
import { parseReceipt, type Receipt } from './receipt.js'
import type { ImportRef } from './storage.js'

/**
 * What every Storage checks before it publishes, and again in the transaction that does: the receipt is whole and was made for this
 * import. Resolves with the receipt as it is to be kept.
 *
 * @throws HoldfastError `RECEIPT_INVALID`.
 */
export async function receiptOfImport(
  ref: Pick<ImportRef, 'id' | 'owner' | 'fingerprint'>,
  receipt: Receipt,
): Promise<Receipt> {
  const sealed = await parseReceipt(receipt)
  const isOfImport =
    sealed.import === ref.id && sealed.owner === ref.owner && sealed.source.fingerprint === ref.fingerprint
  if (!isOfImport) throw wrongReceipt(ref.id, 'The receipt was made for another import')
  return sealed
}

type SourceOfOwner = Pick<ImportRef, 'owner' | 'udid' | 'fingerprint'>

/** Whether two imports are of the same source of the same owner: what was staged for the one may go on as the other. */
export function isSameSource(one: SourceOfOwner, other: SourceOfOwner): boolean {
  return one.owner === other.owner && one.udid === other.udid && one.fingerprint === other.fingerprint
}

/** What a Storage knows of an import that it holds. */
export interface HeldImport {
  readonly id: string
  /** What it was published with; null while it is staged. */
  readonly receipt: { readonly seal: string } | null
  /** Whether another import was published, or a published one discarded, since it was begun. */
  readonly isStale: boolean
}

/**
 * What every Storage checks before it adds a batch, in the transaction that does.
 *
 * @throws HoldfastError `STORE_FAILED` when the import is published already, `LIBRARY_CHANGED` when it is stale.
 */
export function checkOpen({ id, receipt, isStale }: HeldImport): void {
  if (receipt !== null) throw importClosed(id)
  if (isStale) throw libraryChanged(id)
}

/**
 * What every Storage checks in the transaction that publishes: whether there is anything to do. False when the import is published with
 * this very receipt.
 *
 * @throws HoldfastError `RECEIPT_INVALID` when it is published with another one, `LIBRARY_CHANGED` when it is stale.
 */
export function isToBePublished({ id, receipt, isStale }: HeldImport, sealed: Receipt): boolean {
  if (receipt?.seal === sealed.seal) return false
  if (receipt !== null) throw wrongReceipt(id, 'The import is published with another receipt')
  if (isStale) throw libraryChanged(id)
  return true
}

/** The error for a receipt that an import cannot be published with. */
export function wrongReceipt(id: string, message: string): HoldfastError {
  return new HoldfastError('RECEIPT_INVALID', message, {
    hint: 'The backup is kept. Verify the import again.',
    retryable: false,
    facts: { import: id },
  })
}

/** The error for an id that nothing was begun for. */
export function importUnknown(id: string): HoldfastError {
  return new HoldfastError('IMPORT_UNKNOWN', `The library holds no import '${id}'`, {
    hint: 'It was discarded, or belongs to another library.',
    retryable: false,
    facts: { import: id },
  })
}

/** The error for what was staged against a library that is no more. */
export function libraryChanged(id: string): HoldfastError {
  return new HoldfastError('LIBRARY_CHANGED', 'Another import was published since this one was staged', {
    hint: 'Retry: the store begins afresh. The backup is kept.',
    facts: { import: id },
  })
}

/** The error for a batch of an import that is published already. */
export function importClosed(id: string): HoldfastError {
  return new HoldfastError('STORE_FAILED', 'The import is published already; nothing can be added to it', {
    hint: 'Begin another import.',
    retryable: false,
    facts: { import: id },
  })
}
