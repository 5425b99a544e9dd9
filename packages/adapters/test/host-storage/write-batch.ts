import { createHash } from 'node:crypto'
import type { AttachmentFiles, FileMove, IncomingFile } from '@holdfast/adapters/attachment-files'
import { canonicalJson } from '@holdfast/core'
import {
  type AttachmentRecord,
  checkOpen,
  type ImportRecord,
  itemOutcome,
  type RecordBatch,
  recordIdentity,
  type WriteOptions,
} from '@holdfast/core/import'
import type { HostDatabase } from './host-database.js'
import { fileOf, finishDepartures, putInPlace, revokeArrivals, settleArrivals } from './host-files.js'
import { findRun, type ImportRun } from './import-runs.js'
import { differenceOfRow } from './shown-rows.js'
import { addVersion, newestVersion, recordOf, type Version } from './versions.js'

/** Stages a batch: files first, announced and durable; then versions, items and cursor in one transaction. */
export async function writeBatch(
  db: HostDatabase,
  files: AttachmentFiles,
  id: string,
  batch: RecordBatch,
  { content, trustHeld = true, signal }: WriteOptions,
): Promise<void> {
  signal.throwIfAborted()
  const found = findRun(db, id)
  checkOpen(found)
  const hash = createHash('sha256')
    .update(canonicalJson([batch.records, batch.cursor]))
    .digest('hex')
  if (found.batch === hash) return // its commit was not seen
  const incoming: IncomingFile[] = []
  try {
    const contents = new Map<ImportRecord, string>()
    const moves = new Map<string, FileMove>()
    for (const record of batch.records) {
      if (record.type !== 'attachment' || record.unavailable !== null) continue
      const held = trustHeld ? await heldContent(db, files, found, record) : null
      if (held !== null) {
        contents.set(record, held)
        continue
      }
      const file = await files.receive(content(record, signal), signal)
      incoming.push(file)
      contents.set(record, file.sha256)
      // One file for each content; the first name gives the extension.
      const name = fileOf(db, file.sha256)?.name ?? files.nameFor(file.sha256, record)
      if (!moves.has(file.sha256)) moves.set(file.sha256, { incoming: file, name })
    }
    signal.throwIfAborted()
    await putInPlace(db, files, found.n, [...moves.values()])
    db.transaction(() => {
      const now = findRun(db, id)
      checkOpen(now)
      for (const [index, record] of batch.records.entries()) {
        stageRecord(db, now, now.items + index, record, contents.get(record) ?? null)
      }
      settleArrivals(db, now.n, [...moves.values()])
      db.run(
        'UPDATE import_runs SET cursor = ?, batch = ?, items = ? WHERE n = ?',
        canonicalJson(batch.cursor),
        hash,
        now.items + batch.records.length,
        now.n,
      )
    })
  } catch (thrown) {
    await takeBack(db, files, found.n)
    throw thrown
  } finally {
    // Those that were put in place are no more where they were.
    await files.drop(incoming)
  }
}

function stageRecord(
  db: HostDatabase,
  { n, owner, udid }: ImportRun,
  seq: number,
  record: ImportRecord,
  received: string | null,
): void {
  const identity = identityOf(record, udid)
  const text = canonicalJson(record)
  const before = newestVersion(db, owner, identity, n)
  // What the phone has since moved to iCloud stays with the app: its new version keeps the content of the one before.
  const sha256 = received ?? before?.sha256 ?? null
  const isHeld =
    record.type !== 'unreadable' &&
    before !== null &&
    before.record === text &&
    before.sha256 === sha256 &&
    isAsItWas(db, before)
  const version = isHeld
    ? before.version
    : addVersion(db, { run: n, owner, type: record.type, identity, record: text, sha256 })
  const { outcome, reason } = itemOutcome(record, isHeld)
  const sql = 'INSERT INTO import_items VALUES (?, ?, ?, ?, ?, ?, ?)'
  db.run(sql, n, seq, record.type, record.key, outcome, reason, version)
}

/** Whether neither a version nor the app's row of it was changed. */
function isAsItWas(db: HostDatabase, version: Version): boolean {
  return recordOf(version) !== null && differenceOfRow(db, version) === null
}

/** The hash of an attachment's content where the same record is there, with its file in its size; null where it has to be read. */
export async function heldContent(
  db: HostDatabase,
  files: AttachmentFiles,
  { n, owner, udid }: ImportRun,
  record: AttachmentRecord,
): Promise<string | null> {
  const before = newestVersion(db, owner, identityOf(record, udid), n)
  if (before === null || before.sha256 === null || before.record !== canonicalJson(record)) return null
  return (await isFileThere(db, files, before.sha256)) ? before.sha256 : null
}

/** Whether a file is there in its size, and nothing is known against it. */
export async function isFileThere(
  db: HostDatabase,
  files: AttachmentFiles,
  sha256: string,
): Promise<boolean> {
  const file = fileOf(db, sha256)
  if (file === null || file.is_suspect === 1) return false
  const [bytes] = await files.sizes([file.name])
  return bytes === file.bytes
}

/** Rows that could not be decoded stand for themselves. */
function identityOf(record: ImportRecord, udid: string | null): string {
  return recordIdentity(record, udid) ?? canonicalJson([record.type, record.key])
}

/** Removes what a failed batch put in place; where that fails too, the next `begin` does it. */
async function takeBack(db: HostDatabase, files: AttachmentFiles, n: number): Promise<void> {
  try {
    db.transaction(() => revokeArrivals(db, n))
    await finishDepartures(db, files)
  } catch {
    // What made the batch fail is the error to tell.
  }
}
