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
  readonly calls: OutcomeCounts
  readonly voicemails: OutcomeCounts
  readonly attachments: OutcomeCounts & {
    /** Bytes of content of the stored and present ones. */
    readonly bytes: number
    /** Skipped ones by reason; only reasons that occur. */
    readonly reasons: { readonly [reason in SkipReason]?: number }
  }
}

/** Counts as a receipt has them: one of version 1 knows of no calls and no voicemails. {@link countsOf} gives them all. */
export type ReceiptCounts = Omit<ImportCounts, 'calls' | 'voicemails'> &
  Partial<Pick<ImportCounts, 'calls' | 'voicemails'>>

/** What a receipt says; plain JSON. */
export type ReceiptFacts = {
  /** Version of this shape, and of what the digest is taken over; verify makes those of version 3. */
  readonly version: 1 | 2 | 3
  /** Id of the import, which is the run's. */
  readonly import: string
  readonly owner: string
  readonly source: {
    /** Fingerprint of the backup at the time of verification. */
    readonly fingerprint: string
    readonly udid: string | null
    /** `OpenBackup.fileStamp` at that time; absent where the reader gave none. */
    readonly fileStamp?: string
  }
  readonly counts: ReceiptCounts
  /** Digest over every item as it was read back from the library; `ContentDigester` says how. Lower-case hex. */
  readonly digest: string
  /** Unix milliseconds UTC. */
  readonly verifiedAt: number
  /** What stored and verified it; receipts before version 3 do not say. */
  readonly versions?: {
    /** Version of Holdfast. */
    readonly holdfast: string
    /** `Storage.format` of the library. */
    readonly library: string
  }
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
    const known = kept.version === 1 || kept.version === 2 || kept.version === 3
    if (known && seal === (await sha256Hex(canonicalJson(facts)))) return kept as Receipt
  }
  throw new HoldfastError('RECEIPT_INVALID', 'The receipt does not match its own seal', {
    hint: 'The backup is kept. Verify the library, or import the backup again.',
    retryable: false,
  })
}

/**
 * The same for a list of receipts, one of which may be damaged and must not hide the others: null where no seal fits. Takes the text of JSON
 * as well.
 */
export async function receiptOrNull(kept: unknown): Promise<Receipt | null> {
  try {
    return await parseReceipt(typeof kept === 'string' ? JSON.parse(kept) : kept)
  } catch {
    return null
  }
}

/**
 * Checks that a receipt is whole and was made for the backup with this fingerprint, and of these files where the receipt says of which.
 *
 * @throws HoldfastError `RECEIPT_INVALID`, `BACKUP_CHANGED`.
 */
export async function checkReceipt(
  receipt: Receipt,
  fingerprint: string,
  fileStamp?: string | null,
): Promise<void> {
  const { source } = await parseReceipt(receipt)
  const hasOtherFiles = source.fileStamp !== undefined && source.fileStamp !== fileStamp
  if (source.fingerprint !== fingerprint || hasOtherFiles) {
    throw new HoldfastError('BACKUP_CHANGED', 'The backup changed after it was verified', {
      hint: 'The backup is kept as it is. Import it again to store what is new.',
      retryable: false,
    })
  }
}

/** The counts of a receipt of any version: what it knew nothing of, it counted none of. */
export function countsOf({ counts }: ReceiptFacts): ImportCounts {
  const none: OutcomeCounts = { stored: 0, present: 0, skipped: 0, failed: 0 }
  return { ...counts, calls: counts.calls ?? none, voicemails: counts.voicemails ?? none }
}

/** How many items a receipt counts, of all kinds and outcomes. */
export function itemsOf(receipt: ReceiptFacts): number {
  return Object.values(countsOf(receipt)).reduce(
    (sum, { stored, present, skipped, failed }) => sum + stored + present + skipped + failed,
    0,
  )
}
