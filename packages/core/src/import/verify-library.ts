import { ContentDigester } from './content-digest.js'
import { digestLine } from './digest-line.js'
import type { Receipt } from './receipt.js'
import type { PublishedImport, Storage, StoredItem } from './storage.js'

/** An item that is no longer what its receipt proved. */
export type LibraryDifference = {
  readonly import: string
  readonly type: StoredItem['type']
  readonly key: string
  readonly difference: NonNullable<StoredItem['difference']>
}

/** What holding an import against its receipt found. */
export type ImportCheck = {
  readonly import: string
  readonly receipt: Receipt
  readonly items: number
  /** Whether the digest over the library's content is the receipt's. */
  readonly valid: boolean
  readonly differences: readonly LibraryDifference[]
}

/** Most differences that are named one by one. */
const namedDifferences = 100

/**
 * Holds a published import against its receipt, years later and without the backup: reads every row and every file again and
 * computes the digest anew.
 */
export async function verifyPublished(
  storage: Storage,
  published: PublishedImport,
  options: { readonly signal: AbortSignal; readonly progress?: (done: number) => void },
): Promise<ImportCheck> {
  const digester = new ContentDigester()
  const differences: LibraryDifference[] = []
  let items = 0
  for await (const item of storage.readBack(published.id, { signal: options.signal })) {
    await digester.add(digestLine(item, published.receipt.version))
    items += 1
    if (item.difference !== null && differences.length < namedDifferences) {
      differences.push({ import: published.id, type: item.type, key: item.key, difference: item.difference })
    }
    if (items % 1000 === 0) options.progress?.(items)
  }
  options.progress?.(items)
  const valid = differences.length === 0 && (await digester.digest()) === published.receipt.digest
  return { import: published.id, receipt: published.receipt, items, valid, differences }
}
