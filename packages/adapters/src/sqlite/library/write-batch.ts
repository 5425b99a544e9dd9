import { setImmediate as nextTurn } from 'node:timers/promises'
import { canonicalJson, HoldfastError } from '@holdfast/core'
import {
  type ImportRecord,
  type ItemOutcome,
  importClosed,
  importUnknown,
  libraryChanged,
  type RecordBatch,
  type WriteOptions,
} from '@holdfast/core/import'
import type { AttachmentFiles } from '../../attachment-files/index.js'
import { type BatchContent, keepContent, receiveContent } from './content.js'
import type { ContentAhead } from './content-ahead.js'
import { setLinks } from './file-links.js'
import { addFile, finishRemovals, revokeIntents, settleIntents } from './file-rows.js'
import { findImport, type ImportRow } from './import-rows.js'
import { addItems } from './ledger.js'
import { type LibraryDatabase, publications } from './library-database.js'
import { attachmentContent } from './rows/attachment-rows.js'
import { addHandles } from './rows/handle-rows.js'
import { keyOf, toRow } from './rows/record-rows.js'
import { rowHash, storable } from './rows/row-shape.js'
import { addVersion, currentVersion, type EncodedVersion, encodeVersion, isSame } from './versions.js'

/** Records that are encoded between two turns of the event loop. */
const encodedAtOnce = 128

/** A library that is written to. */
export interface WrittenLibrary {
  readonly db: LibraryDatabase
  readonly files: AttachmentFiles
  readonly ahead: ContentAhead
}

/**
 * Stages a batch. Content first: received, hashed, announced, synced, renamed; then rows, ledger and cursor in one transaction.
 * Meanwhile the content of the next one is received. When it throws, nothing of the batch is staged, and its files are gone again or listed
 * to go, as are those of the next one.
 */
export async function writeBatch(
  library: WrittenLibrary,
  id: string,
  batch: RecordBatch,
  source: WriteOptions,
): Promise<void> {
  try {
    await stageBatch(library, id, batch, source)
  } catch (thrown) {
    await library.ahead.end()
    throw thrown
  }
}

async function stageBatch(
  { db, files, ahead }: WrittenLibrary,
  id: string,
  batch: RecordBatch,
  source: WriteOptions,
): Promise<void> {
  source.signal.throwIfAborted()
  const work = db.attempt('looking for the import', () => openImport(db, id))
  const prepared = await encodeAll(work, batch.records)
  const batchHash = rowHash(
    prepared.map((one) => one?.hash ?? '').join() + canonicalJson(batch.records.map(keyOf)),
  )
  const cursor = canonicalJson(batch.cursor)
  // The commit of this very batch was not seen by the caller.
  if (work.cursor === cursor && work.batch === batchHash) return
  let endFollowing = (): void => {}
  try {
    const received =
      (await ahead.take(work.n, batch)) ?? (await receiveContent(db, files, work, batch.records, source))
    endFollowing = ahead.follow(work, source)
    const content = await keepContent(db, files, work, received, source)
    source.signal.throwIfAborted()
    db.transaction('staging a batch', () => {
      const now = openImport(db, id)
      if (now.items !== work.items) throw disturbed(id)
      stage(db, work, batch.records, prepared, content)
      setLinks(db, work.n, content.kept, content.links)
      addHandles(db, work.n, batch.records)
      settleIntents(db, work.n)
      db.run(
        'UPDATE import_rows SET cursor = ?, batch = ?, items = ? WHERE n = ?',
        cursor,
        batchHash,
        work.items + batch.records.length,
        work.n,
      )
    })
  } catch (thrown) {
    await takeBack(db, files, work)
    throw thrown
  } finally {
    endFollowing()
  }
}

/** The import that a batch goes into. */
function openImport(db: LibraryDatabase, id: string): ImportRow {
  const found = findImport(db, id)
  if (found === null || found.state === 'discarding') throw importUnknown(id)
  if (found.state === 'published') throw importClosed(id)
  if (found.base !== publications(db)) throw libraryChanged(id)
  return found
}

/** Encodes the records whose rows do not depend on content; null for attachments. */
async function encodeAll(
  work: ImportRow,
  records: readonly ImportRecord[],
): Promise<readonly (EncodedVersion | null)[]> {
  const encoded: (EncodedVersion | null)[] = []
  for (const [index, record] of records.entries()) {
    if (index > 0 && index % encodedAtOnce === 0) await nextTurn()
    if (record.key !== keyOf(record)) throw wrongKey(record)
    encoded.push(
      record.type === 'attachment'
        ? null
        : encodeVersion(toRow(record, { device: work.udid ?? '', content: null })),
    )
  }
  return encoded
}

function stage(
  db: LibraryDatabase,
  work: ImportRow,
  records: readonly ImportRecord[],
  prepared: readonly (EncodedVersion | null)[],
  content: BatchContent,
): void {
  const items = records.map((record, index) => {
    const staged = stageRecord(db, work, record, prepared[index] ?? null, content)
    return { type: record.type, key: storable(record.key), ...staged }
  })
  addItems(db, work.n, work.items, items)
}

function stageRecord(
  db: LibraryDatabase,
  work: ImportRow,
  record: ImportRecord,
  prepared: EncodedVersion | null,
  { contents }: BatchContent,
): { readonly row: number; readonly outcome: ItemOutcome; readonly reason: string | null } {
  const device = work.udid ?? ''
  const stored = currentVersion(db, prepared ?? toRow(record, { device, content: null }), work)
  const received = contents.get(record) ?? null
  // What the phone has since moved to iCloud stays in the library: its new version keeps the content of the one before.
  const kept =
    received ?? (stored === null || record.type !== 'attachment' ? null : attachmentContent(stored))
  const encoded = prepared ?? encodeVersion(toRow(record, { device, content: kept }))
  const same = stored !== null && isSame(stored, encoded)
  if (received !== null) addFile(db, received)
  const row = same
    ? stored.row
    : addVersion(db, encoded, { n: work.n, ownerRow: work.ownerRow, supersedes: stored?.row ?? null })
  if (record.type === 'unreadable') return { row, outcome: 'failed', reason: null }
  if (record.type === 'attachment' && record.unavailable !== null) {
    return { row, outcome: 'skipped', reason: record.unavailable }
  }
  return { row, outcome: same ? 'present' : 'stored', reason: null }
}

/** Removes what a failed batch put in place; where that fails too, the next `begin` does it. */
async function takeBack(db: LibraryDatabase, files: AttachmentFiles, work: ImportRow): Promise<void> {
  try {
    db.transaction('taking a batch back', () => revokeIntents(db, work.n))
    await finishRemovals(db, files)
  } catch {
    // What made the batch fail is the error to tell.
  }
}

function wrongKey(record: ImportRecord): HoldfastError {
  return new HoldfastError('STORE_FAILED', `The reader gave a ${record.type} a key that is not its own`, {
    hint: 'This is a mistake in the backup reader: the key must follow from the record, as the port says.',
    retryable: false,
    facts: { type: record.type, key: record.key },
  })
}

function disturbed(id: string): HoldfastError {
  return new HoldfastError('STORE_FAILED', 'Something else wrote to the import at the same time', {
    hint: 'One run at a time may write to a library. Retry: it goes on after the last batch.',
    facts: { import: id },
  })
}
