import type {
  ImportRecord,
  ItemOutcome,
  ReadBackOptions,
  SkipReason,
  StoredItem,
} from '@holdfast/core/import'
import type { AttachmentFiles, FileDigest } from '../../attachment-files/index.js'
import { type Row, RowUnreadable, text, word } from './fields.js'
import { findFile } from './file-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { attachmentContent } from './rows/attachment-rows.js'
import { toRecord } from './rows/record-rows.js'
import { rowHash, rowText, storable } from './rows/row-shape.js'
import { hasItsCopy, type StoredVersion } from './versions.js'

/** An item as its rows give it, before its file is looked at. */
export interface ReadItem {
  readonly item: StoredItem
  /** Content that its row refers to. */
  readonly expects: {
    readonly sha256: string
    readonly bytes: number
    /** Null when the library knows no such file. */
    readonly name: string | null
    /** Whether the import that is read back has linked the file to its backup. */
    readonly isLink: boolean
  } | null
}

/** An item whose type was changed to one that nothing has: its row cannot be found. */
export function ofNoType(ledger: Row): ReadItem {
  const [outcome, key] = [word<ItemOutcome>(ledger, 'outcome'), text(ledger, 'key')]
  const facts = { outcome, reason: null, type: 'unreadable', key, record: null, content: null } as const
  return { item: { ...facts, difference: 'row-missing' }, expects: null }
}

/** An item of import `n` as its ledger and its version have it; without one its row is gone. */
export function readItem(
  db: LibraryDatabase,
  ledger: Row,
  type: ImportRecord['type'],
  stored: StoredVersion | null,
  n: number,
): ReadItem {
  const facts = {
    outcome: word<ItemOutcome>(ledger, 'outcome'),
    reason: ledger['reason'] === null ? null : word<SkipReason>(ledger, 'reason'),
    type,
    key: text(ledger, 'key'),
    content: null,
  }
  if (stored === null) return { item: { ...facts, record: null, difference: 'row-missing' }, expects: null }

  let record: ImportRecord
  try {
    record = toRecord(stored)
  } catch (thrown) {
    if (!(thrown instanceof RowUnreadable)) throw thrown
    return { item: { ...facts, record: null, difference: 'row-changed' }, expects: null }
  }
  const mine = storable(record.key) === facts.key
  const said = rowText(stored)
  const whole = mine && stored.hash === rowHash(said) && hasItsCopy(stored, said)
  const item: StoredItem = {
    ...facts,
    key: mine ? record.key : facts.key,
    record,
    difference: whole ? null : 'row-changed',
  }
  if (type !== 'attachment' || facts.outcome === 'skipped') return { item, expects: null }
  const content = attachmentContent(stored)
  // An attachment that was stored and whose row names no content any more was changed; its hash has said so already.
  if (content === null) return { item, expects: null }
  const file = findFile(db, content.sha256)
  return { item, expects: { ...content, name: file?.name ?? null, isLink: file?.linkedBy === n } }
}

/** Hashes the files of some items, all at a time. */
export async function digestsOf(
  files: AttachmentFiles,
  items: readonly ReadItem[],
  { signal, contentFile }: ReadBackOptions,
): Promise<ReadonlyMap<ReadItem, FileDigest | null>> {
  const found = await Promise.all(
    items.map(async (read) => {
      const { item, expects } = read
      const name = expects?.name ?? null
      if (expects === null || name === null || item.record?.type !== 'attachment') return []
      const twin = expects.isLink ? ((await contentFile?.(item.record, signal)) ?? null) : null
      return [{ read, request: { name, twin } }]
    }),
  )
  const wanted = found.flat()
  if (wanted.length === 0) return new Map()
  const digests = await files.digests(
    wanted.map(({ request }) => request),
    signal,
  )
  return new Map(wanted.map(({ read }, index) => [read, digests[index] ?? null]))
}
