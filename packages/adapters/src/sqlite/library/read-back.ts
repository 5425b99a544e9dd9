import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type ImportRecord,
  type ItemOutcome,
  importUnknown,
  type ReadBackOptions,
  type SkipReason,
  type StoredItem,
} from '@holdfast/core/import'
import type { AttachmentFiles, FileDigest } from '../../attachment-files/index.js'
import { sqliteCodeOf } from '../result-codes.js'
import { number, numberOrNull, type Row, RowUnreadable, text, word } from './fields.js'
import { findFile, suspectFile } from './file-rows.js'
import { findImport } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { attachmentContent } from './rows/attachment-rows.js'
import { shapes, toRecord } from './rows/record-rows.js'
import { rowHash, rowText, storable } from './rows/row-shape.js'
import { hasItsCopy, type StoredVersion, versionsBetween } from './versions.js'

/** Items that are read at once: a page, so that no open cursor stands in the way of a writer or of the log's checkpoint. */
const itemsAtOnce = 200

/** An item as its rows give it, before its file is looked at. */
interface ReadItem {
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

/**
 * Every item of an import in the order in which it was written: rows read and checked again, files hashed from disk. The files of a page
 * are hashed while the caller works at the page before.
 */
export async function* readBackImport(
  db: LibraryDatabase,
  files: AttachmentFiles,
  id: string,
  options: ReadBackOptions,
): AsyncGenerator<StoredItem> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  let next = beginPage(db, files, id, { ...options, signal }, -1)
  try {
    for (;;) {
      signal.throwIfAborted()
      const { page, last } = next
      const digests = await next.digests
      const isLast = page.length < itemsAtOnce
      if (!isLast) {
        // Pages without files would otherwise follow each other in one turn of the event loop, however many there are.
        await nextTurn()
        next = beginPage(db, files, id, { ...options, signal }, last)
      }
      for (const read of page) yield withContent(db, read, digests.get(read) ?? null)
      if (isLast) return
    }
  } finally {
    // Nothing is hashed behind a caller who has stopped.
    ended.abort()
    await next.digests.catch(() => undefined)
  }
}

/** A page of items, and what its files hold as soon as they are hashed. */
interface BegunPage {
  readonly page: readonly ReadItem[]
  /** Place of its last item. */
  readonly last: number
  readonly digests: Promise<ReadonlyMap<ReadItem, FileDigest | null>>
}

function beginPage(
  db: LibraryDatabase,
  files: AttachmentFiles,
  id: string,
  options: ReadBackOptions,
  after: number,
): BegunPage {
  const { page, last } = db.attempt('reading an import back', () => readPage(db, id, after))
  const digests = digestsOf(files, page, options)
  // Told where they are awaited.
  digests.catch(() => undefined)
  return { page, last, digests }
}

/** Items behind a place. By the place of the last one, not by their number: where an item was removed, those behind it are read all the same. */
function readPage(
  db: LibraryDatabase,
  id: string,
  after: number,
): { readonly page: readonly ReadItem[]; readonly last: number } {
  const found = findImport(db, id)
  if (found === null || (found.state === 'discarding' && found.publication === null)) throw importUnknown(id)
  const ledger = db.all(
    'SELECT * FROM import_items WHERE import = ? AND seq > ? ORDER BY seq LIMIT ?',
    found.n,
    after,
    itemsAtOnce,
  )
  const end = ledger.at(-1)
  const last = end === undefined ? after : number(end, 'seq')
  const stretch = { n: found.n, from: after + 1, to: last + 1 }
  const versions = new Map<ImportRecord['type'], ReadonlyMap<number, StoredVersion>>()
  const page = ledger.map((item) => {
    if (!Object.hasOwn(shapes, text(item, 'type'))) return ofNoType(item)
    const type = word<ImportRecord['type']>(item, 'type')
    const row = numberOrNull(item, 'row')
    const known = versions.get(type) ?? versionsBetween(db, shapes[type], stretch)
    versions.set(type, known)
    return readItem(db, item, type, (row === null ? undefined : known.get(row)) ?? null, found.n)
  })
  return { page, last }
}

/** An item whose type was changed to one that nothing has: its row cannot be found. */
function ofNoType(ledger: Row): ReadItem {
  const [outcome, key] = [word<ItemOutcome>(ledger, 'outcome'), text(ledger, 'key')]
  const facts = { outcome, reason: null, type: 'unreadable', key, record: null, content: null } as const
  return { item: { ...facts, difference: 'row-missing' }, expects: null }
}

function readItem(
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

/** Hashes the files of a page, all at a time. */
async function digestsOf(
  files: AttachmentFiles,
  page: readonly ReadItem[],
  { signal, contentFile }: ReadBackOptions,
): Promise<ReadonlyMap<ReadItem, FileDigest | null>> {
  const found = await Promise.all(
    page.map(async (read) => {
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

/** The item with its file as it was hashed. One that is not as it should be is remembered, so that the next import writes it again. */
function withContent(
  db: LibraryDatabase,
  { item, expects }: ReadItem,
  digest: FileDigest | null,
): StoredItem {
  if (expects === null) return item
  const content = digest === null ? null : { sha256: digest.sha256, bytes: digest.bytes }
  const whole = content?.sha256 === expects.sha256 && content.bytes === expects.bytes
  if (whole)
    return digest?.isTwin === true ? { ...item, content, isFileOfBackup: true } : { ...item, content }
  remember(db, expects.sha256)
  const difference = content === null ? 'file-missing' : 'file-changed'
  return { ...item, content, difference: item.difference ?? difference }
}

function remember(db: LibraryDatabase, sha256: string): void {
  try {
    db.transaction('noting a damaged file', () => suspectFile(db, sha256))
  } catch (thrown) {
    // A library that is opened read-only is only looked at.
    const cause = thrown instanceof Error ? thrown.cause : null
    if (sqliteCodeOf(cause)?.startsWith('SQLITE_READONLY') !== true) throw thrown
  }
}
