import type { AttachmentRecord, ContentDigest, ImportRecord, WriteOptions } from '@holdfast/core/import'
import type { AttachmentFiles, FileMove, IncomingFile } from '../../attachment-files/index.js'
import type { NewLink } from './file-links.js'
import { addIntents, findFile, isReliable } from './file-rows.js'
import type { ImportRow } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { receiveAll } from './receive-all.js'
import { attachmentContent } from './rows/attachment-rows.js'
import { toRow } from './rows/record-rows.js'
import { currentVersion, encodeVersion, isSame } from './versions.js'

/** Content and the name of its file. */
type NamedContent = ContentDigest & { readonly name: string }

/** Content of the attachments of a batch, all of it in place. */
export interface BatchContent {
  /** By the record; those that have none are not in it. */
  readonly contents: ReadonlyMap<ImportRecord, NamedContent>
  /** Hashes of the files that were put in place for it. */
  readonly kept: readonly string[]
  /** Those of them that are links to the backup's files. */
  readonly links: readonly NewLink[]
}

interface Wanted {
  readonly record: AttachmentRecord
  /** Content of an equal record that the library holds already; null when it must be read from the source. */
  readonly held: NamedContent | null
}

/** Content of the attachments of a batch before anything of it has a name. */
export interface ReceivedContent {
  /** Content that the library holds already. */
  readonly held: ReadonlyMap<AttachmentRecord, NamedContent>
  /** Content that came from the source. */
  readonly received: ReadonlyMap<AttachmentRecord, IncomingFile>
  /** All files that are to be named, or dropped. */
  readonly files: readonly IncomingFile[]
}

/**
 * Receives the content of a batch's attachments: from the source only where the library does not hold an equal record with a file of the
 * right size, and that may be trusted. When it rejects, nothing was received.
 */
export async function receiveContent(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  records: readonly ImportRecord[],
  source: WriteOptions,
): Promise<ReceivedContent> {
  const held = new Map<AttachmentRecord, NamedContent>()
  const available = records.filter(
    (record): record is AttachmentRecord => record.type === 'attachment' && record.unavailable === null,
  )
  if (available.length === 0) return { held, received: new Map(), files: [] }
  const { trustHeld = true } = source
  const wanted = await withoutLostFiles(
    files,
    available.map((record) => ({ record, held: trustHeld ? heldContent(db, work, record) : null })),
  )
  for (const one of wanted) if (one.held !== null) held.set(one.record, one.held)
  const missing = wanted.filter((one) => one.held === null).map(({ record }) => record)
  const all: IncomingFile[] = []
  try {
    return { held, received: await receiveAll(files, missing, source, all), files: all }
  } catch (thrown) {
    await dropAll(files, all)
    throw thrown
  }
}

/**
 * Makes sure that what was received for a batch is durable under its final name, before any row refers to it. What did not get a name is
 * dropped, also when it rejects.
 */
export async function keepContent(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  { held, received, files: incoming }: ReceivedContent,
  source: WriteOptions,
): Promise<BatchContent> {
  const contents = new Map<ImportRecord, NamedContent>(held)
  const moves = new Map<string, FileMove>()
  const all = [...incoming]
  const moved = new Set<IncomingFile>()
  try {
    const whole = await wholeFiles(db, files, work, [...received.values()])
    for (const [record, first] of received) {
      const file = await unlinkedWhereShared(db, files, work, { record, file: first, whole }, source, all)
      const { sha256, bytes } = file
      // One file per content: the first name gives the extension.
      const name = moves.get(sha256)?.name ?? findFile(db, sha256)?.name ?? files.nameFor(sha256, record)
      contents.set(record, { sha256, bytes, name })
      if (!whole.has(sha256) && !moves.has(sha256)) moves.set(sha256, { incoming: file, name })
    }
    const links = await keepAll(db, files, work, [...moves.values()])
    for (const { incoming: named } of moves.values()) moved.add(named)
    return { contents, kept: [...moves.keys()], links }
  } finally {
    // Where that failed half-way some are no more where they were; dropping those does nothing.
    await dropAll(
      files,
      all.filter((file) => !moved.has(file)),
    )
  }
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
    return file !== null && isReliable(file, work.n) ? { ...content, name: file.name } : null
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

/** Hashes of received files that the folder holds already, in files that the import may rely on. */
async function wholeFiles(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  received: readonly IncomingFile[],
): Promise<ReadonlySet<string>> {
  const known = received.flatMap(({ sha256, bytes }) => {
    const file = findFile(db, sha256)
    return file !== null && isReliable(file, work.n) ? [{ sha256, bytes, name: file.name }] : []
  })
  const sizes = await files.sizes(known.map(({ name }) => name))
  return new Set(known.filter(({ bytes }, index) => sizes[index] === bytes).map(({ sha256 }) => sha256))
}

/**
 * The file, or a copy of it where it is a link that would take the place of a file which other imports rely on: those may stay when
 * this one is taken back and its backup kept.
 */
async function unlinkedWhereShared(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  received: {
    readonly record: AttachmentRecord
    readonly file: IncomingFile
    readonly whole: ReadonlySet<string>
  },
  { content, signal }: WriteOptions,
  all: IncomingFile[],
): Promise<IncomingFile> {
  const { record, file, whole } = received
  if (file.way !== 'link' || whole.has(file.sha256)) return file
  const known = findFile(db, file.sha256)
  if (known === null || known.linkedBy === work.n) return file
  const copy = await files.receive(content(record, signal), signal)
  all.push(copy)
  return copy
}

/** Puts received files in place, durably. Resolves with those that are links. */
async function keepAll(
  db: LibraryDatabase,
  files: AttachmentFiles,
  work: ImportRow,
  moves: readonly FileMove[],
): Promise<readonly NewLink[]> {
  if (moves.length === 0) return []
  db.transaction('announcing attachments', () => addIntents(db, work.n, moves))
  await files.keep(moves)
  const linked = moves.filter(({ incoming }) => incoming.way === 'link')
  const found = await files.links(linked.map(({ name }) => name))
  return linked.map(({ incoming: { sha256 } }, index) => ({
    sha256,
    changedAt: found[index]?.changedAt ?? 0,
  }))
}

/** Removes files that were received and have no name. */
export async function dropAll(files: AttachmentFiles, incoming: readonly IncomingFile[]): Promise<void> {
  try {
    await files.drop(incoming)
  } catch {
    // What stays is removed by the next sweep; it must not hide what went wrong before.
  }
}
