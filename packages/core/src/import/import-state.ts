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
