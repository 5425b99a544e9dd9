import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type ImportRecord,
  importUnknown,
  type ReadBackOptions,
  type StoredItem,
} from '@holdfast/core/import'
import type { AttachmentFiles, FileDigest } from '../../attachment-files/index.js'
import { sqliteCodeOf } from '../result-codes.js'
import { number, numberOrNull, text, word } from './fields.js'
import { suspectFile } from './file-rows.js'
import { FilesAhead } from './files-ahead.js'
import { findImport } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { digestsOf, ofNoType, type ReadItem, readItem } from './read-item.js'
import { shapes } from './rows/record-rows.js'
import { type StoredVersion, versionsBetween } from './versions.js'

/** Items that are read at once: a page, so that no open cursor stands in the way of a writer or of the log's checkpoint. */
const itemsAtOnce = 200

/**
 * Every item of an import in the order in which it was written: rows read and checked again, files hashed from disk. Files are
 * hashed while the caller works at what comes before them, be it messages or a page of attachments.
 */
export async function* readBackImport(
  db: LibraryDatabase,
  files: AttachmentFiles,
  id: string,
  options: ReadBackOptions,
): AsyncGenerator<StoredItem> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const reading = { ...options, signal }
  const ahead = new FilesAhead(db, files, reading)
  let next = beginPage(db, files, id, { ...reading, ahead }, -1)
  const going = ahead.run(id)
  try {
    for (;;) {
      signal.throwIfAborted()
      const { page, last } = next
      const digests = await next.digests
      const isLast = page.length < itemsAtOnce
      if (!isLast) {
        // Pages without files would otherwise follow each other in one turn of the event loop, however many there are.
        await nextTurn()
        next = beginPage(db, files, id, { ...reading, ahead }, last)
      }
      for (const read of page) yield withContent(db, read, digests.get(read) ?? null)
      if (isLast) return
    }
  } finally {
    // Nothing is hashed behind a caller who has stopped.
    ended.abort()
    await going
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
  options: ReadBackOptions & { readonly ahead: FilesAhead },
  after: number,
): BegunPage {
  const { ahead } = options
  const { page, last } = db.attempt('reading an import back', () => readPage(db, id, after, ahead))
  ahead.passed(last)
  const digests = ahead.digestsOf(page, (others) => digestsOf(files, others, options))
  // Told where they are awaited.
  digests.catch(() => undefined)
  return { page, last, digests }
}

/** Items behind a place. By the place of the last one, not by their number: where an item was removed, those behind it are read all the same. */
function readPage(
  db: LibraryDatabase,
  id: string,
  after: number,
  ahead: FilesAhead,
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
    const begun = ahead.take(number(item, 'seq'))
    if (begun !== null) return begun
    const row = numberOrNull(item, 'row')
    const known = versions.get(type) ?? versionsBetween(db, shapes[type], stretch)
    versions.set(type, known)
    return readItem(db, item, type, (row === null ? undefined : known.get(row)) ?? null, found.n)
  })
  return { page, last }
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
