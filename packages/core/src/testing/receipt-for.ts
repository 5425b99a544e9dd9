import { type Receipt, type ReceiptFacts, sealReceipt } from '../import/receipt.js'
import type { ImportRef } from '../import/storage.js'

const none = { stored: 0, present: 0, skipped: 0, failed: 0 } as const

/**
 * A sealed receipt for an import, for tests of what needs one. It claims what nobody verified: only verify makes receipts for real.
 * `facts` replaces any of its facts.
 */
export function receiptFor(ref: ImportRef, facts: Partial<ReceiptFacts> = {}): Promise<Receipt> {
  return sealReceipt({
    version: 3,
    import: ref.id,
    owner: ref.owner,
    source: { fingerprint: ref.fingerprint, udid: ref.udid },
    counts: {
      chats: none,
      messages: none,
      contacts: none,
      calls: none,
      voicemails: none,
      attachments: { ...none, bytes: 0, reasons: {} },
    },
    digest: '0'.repeat(64),
    verifiedAt: 1_700_000_000_000,
    versions: { holdfast: '0.0.0', library: 'none' },
    ...facts,
  })
}
