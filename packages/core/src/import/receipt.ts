import { canonicalJson, HoldfastError } from '../index.js'
import { sha256Hex } from './content-digest.js'
import type { SkipReason } from './records.js'

declare const verified: unique symbol

/** How the items of one kind ended. */
export type OutcomeCounts = {
  readonly stored: number
  readonly present: number
  readonly skipped: number
  readonly failed: number
}

/** Counts of an import, by kind. */
export type ImportCounts = {
  readonly chats: OutcomeCounts
  readonly messages: OutcomeCounts
  readonly contacts: OutcomeCounts
  readonly attachments: OutcomeCounts & {
    /** Bytes of content of the stored and present ones. */
    readonly bytes: number
    /** Skipped ones by reason; only reasons that occur. */
    readonly reasons: { readonly [reason in SkipReason]?: number }
  }
}

/** What a receipt says; plain JSON. */
export type ReceiptFacts = {
  /** Version of this shape. */
  readonly version: 1
  /** Id of the import, which is the run's. */
  readonly import: string
  readonly owner: string
  readonly source: {
    /** Fingerprint of the backup at the time of verification. */
    readonly fingerprint: string
    readonly udid: string | null
  }
  readonly counts: ImportCounts
  /** Digest over every item as it was read back from the library; `ContentDigester` says how. Lower-case hex. */
  readonly digest: string
  /** Unix milliseconds UTC. */
  readonly verifiedAt: number
}

/**
 * Proof that everything of a source is stored. Only verify makes one: the brand keeps anything else from being passed where a
 * receipt is needed, and `seal` keeps a damaged or hand-made one from being believed.
 */
export type Receipt = ReceiptFacts & {
  /** SHA-256 of the canonical JSON of the facts, in lower-case hex. */
  readonly seal: string
  readonly [verified]: true
}

/** Seals facts into a receipt. For verify alone: whoever calls it claims that every item was compared. */
export async function sealReceipt(facts: ReceiptFacts): Promise<Receipt> {
  // The brand exists in the types only, so this is the one place where it is put on.
  return { ...facts, seal: await sha256Hex(canonicalJson(facts)) } as Receipt
}

/**
 * A receipt that was kept as JSON (in a journal or a library), believed again only when its seal fits.
 *
 * @throws HoldfastError `RECEIPT_INVALID`.
 */
export async function parseReceipt(kept: unknown): Promise<Receipt> {
  if (typeof kept === 'object' && kept !== null && 'seal' in kept && 'version' in kept) {
    const { seal, ...facts } = kept
    // The seal covers every fact, so a value with a fitting seal is what `sealReceipt` was given.
    if (kept.version === 1 && seal === (await sha256Hex(canonicalJson(facts)))) return kept as Receipt
  }
  throw new HoldfastError('RECEIPT_INVALID', 'The receipt does not match its own seal', {
    hint: 'The backup is kept. Verify the library, or import the backup again.',
    retryable: false,
  })
}

/**
 * Checks that a receipt is whole and was made for the backup with this fingerprint.
 *
 * @throws HoldfastError `RECEIPT_INVALID`, `BACKUP_CHANGED`.
 */
export async function checkReceipt(receipt: Receipt, fingerprint: string): Promise<void> {
  const sealed = await parseReceipt(receipt)
  if (sealed.source.fingerprint !== fingerprint) {
    throw new HoldfastError('BACKUP_CHANGED', 'The backup changed after it was verified', {
      hint: 'The backup is kept as it is. Import it again to store what is new.',
      retryable: false,
    })
  }
}
