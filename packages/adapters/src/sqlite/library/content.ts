import type { AttachmentRecord, ContentDigest, ContentSource, ImportRecord } from '@holdfast/core/import'
import type { AttachmentFiles, FileMove, IncomingFile } from '../../attachment-files/index.js'
import { addIntents, findFile } from './file-rows.js'
import type { ImportRow } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { attachmentContent } from './rows/attachment-rows.js'
import { toRow } from './rows/record-rows.js'
import { currentVersion, encodeVersion, isSame } from './versions.js'

/** Content of the attachments of a batch, by their record; those that have none are not in it. */
export type BatchContent = ReadonlyMap<ImportRecord, ContentDigest & { readonly name: string }>

interface Wanted {
  readonly record: AttachmentRecord
  /** Content of an equal record that the library holds already; null when it must be read from the source. */
  readonly held: (ContentDigest & { readonly name: string }) | null
}

/**
 * Makes sure that the content of a batch's attachments is durable under its final name, before any row refers to it. Content
 * is read from the source only where the library does not hold an equal record with a file of the right size.
 */
export async function receiveContent(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  records: readonly ImportRecord[],
  source: { readonly content: ContentSource; readonly signal: AbortSignal },
): Promise<BatchContent> {
  const result = new Map<ImportRecord, ContentDigest & { readonly name: string }>()
  const available = records.filter(
    (record): record is AttachmentRecord => record.type === 'attachment' && record.unavailable === null,
  )
  if (available.length === 0) return result

  const wanted = await withoutLostFiles(
    files,
    available.map((record) => ({ record, held: heldContent(db, work, record) })),
  )
  const incoming = new Map<string, FileMove>()
  const surplus: IncomingFile[] = []
  try {
    for (const { record, held } of wanted) {
      if (held !== null) {
        result.set(record, held)
        continue
      }
      source.signal.throwIfAborted()
      const received = await files.receive(source.content(record, source.signal), source.signal)
      const { sha256, bytes } = received
      const twin = incoming.get(sha256)
      // One file per content: the first name gives the extension.
      const name = twin?.name ?? findFile(db, sha256)?.name ?? files.nameFor(sha256, record)
      if (twin === undefined) incoming.set(sha256, { incoming: received, name })
      else surplus.push(received)
      result.set(record, { sha256, bytes, name })
    }
    await keepNew(db, files, work, [...incoming.values()])
  } finally {
    // Those that were renamed are no more where they were; dropping them does nothing.
    await dropAll(files, [...surplus, ...[...incoming.values()].map((move) => move.incoming)])
  }
  return result
}

/** Content of a record that equals one the library holds, if a row knows it and nothing is known against its file. */
export function heldContent(db: LibraryDatabase, work: ImportRow, record: AttachmentRecord): Wanted['held'] {
  return db.attempt('looking for an attachment', () => {
    const device = work.udid ?? ''
    const stored = currentVersion(db, toRow(record, { device, content: null }), work)
    const content = stored === null ? null : attachmentContent(stored)
    if (stored === null || content === null) return null
    if (!isSame(stored, encodeVersion(toRow(record, { device, content })))) return null
    const file = findFile(db, content.sha256)
    return file === null || file.suspect ? null : { ...content, name: file.name }
  })
}

/** The same, with `held` null where the disk holds no file of that size: rows are not believed about files. */
export async function withoutLostFiles(
  files: AttachmentFiles,
  wanted: readonly Wanted[],
): Promise<readonly Wanted[]> {
  const held = wanted.flatMap((one) => (one.held === null ? [] : [one.held]))
  const sizes = await files.sizes(held.map((content) => content.name))
  const whole = new Set(held.filter((content, index) => sizes[index] === content.bytes))
  return wanted.map((one) => (one.held !== null && whole.has(one.held) ? one : { ...one, held: null }))
}

/** Keeps the received files that the folder does not hold yet. */
async function keepNew(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  received: readonly FileMove[],
): Promise<void> {
  const isKnown = (move: FileMove): boolean => findFile(db, move.incoming.sha256)?.suspect === false
  const known = received.filter(isKnown)
  const sizes = await files.sizes(known.map((move) => move.name))
  const whole = new Set(known.filter((move, index) => sizes[index] === move.incoming.bytes))
  const moves = received.filter((move) => !whole.has(move))
  if (moves.length === 0) return
  db.transaction('announcing attachments', () => addIntents(db, work.n, moves))
  await files.keep(moves)
}

async function dropAll(files: AttachmentFiles, incoming: readonly IncomingFile[]): Promise<void> {
  try {
    await files.drop(incoming)
  } catch {
    // What stays is removed by the next sweep; it must not hide what went wrong before.
  }
}
