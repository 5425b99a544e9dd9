import { setImmediate } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/core'
import type {
  AttachmentRecord,
  ContentDigest,
  Cursor,
  OpenBackup,
  RecordBatch,
  SourceDescription,
  SourceTotals,
} from '@holdfast/core/import'
import { cursorAt, readCursor } from './cursor.js'
import { closedError } from './folder/backup-file.js'
import type { Blobs } from './folder/blobs.js'
import { copyChunks } from './folder/copy-chunks.js'
import { digestChunks } from './folder/digest-chunks.js'
import type { OpenPart } from './parts/backup-part.js'
import type { ContentPlace } from './parts/content-place.js'
import type { OpenParts } from './parts/open-parts.js'
import { type CountedTable, TablePass } from './parts/table-pass.js'
import type { Position } from './record-table.js'

/** The open parts of a backup, ready to be read. */
export interface BackupParts extends OpenParts {
  readonly source: SourceDescription
  readonly blobs: Blobs
  /** What tells whether a file of it was changed; null where nobody asked for it. */
  readonly fileStamp: string | null
  /** Closes databases and removes private copies. */
  readonly close: () => Promise<void>
}

/** A backup whose databases are open. */
export class PlainBackup implements OpenBackup {
  readonly source: SourceDescription
  readonly fileStamp: string | null
  readonly #parts: BackupParts
  #closed = false

  constructor(parts: BackupParts) {
    this.#parts = parts
    this.source = parts.source
    this.fileStamp = parts.fileStamp
  }

  async totals(): Promise<SourceTotals> {
    return this.#parts.totals
  }

  async *read(options: {
    readonly after: Cursor | null
    readonly batchSize: number
    readonly signal: AbortSignal
  }): AsyncGenerator<RecordBatch, void, undefined> {
    const { batchSize, signal } = options
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new HoldfastError('OPTION_INVALID', `read: 'batchSize' must be a whole number of at least 1`, {
        retryable: false,
      })
    }
    for (const { each, after } of this.#behind(options.after)) {
      const { name, table } = each
      let position = after
      const pass = new TablePass(each, position)
      for (;;) {
        // Reading is synchronous: without this turn of the event loop a host's window would stand still until the end.
        await setImmediate()
        signal.throwIfAborted()
        this.#check()
        const page = await table.page(position, batchSize)
        if (page === null) break
        pass.take(page)
        position = page.position
        yield { records: page.records, cursor: cursorAt(name, position) }
      }
      pass.end()
    }
  }

  async claimedBytes(after: Cursor | null): Promise<number> {
    this.#check()
    let bytes = 0
    for (const { each, after: position } of this.#behind(after)) {
      bytes += (await each.table.claimedBytes?.(position)) ?? 0
    }
    return bytes
  }

  async *attachments(options: {
    readonly after: Cursor | null
    readonly batchSize: number
    readonly signal: AbortSignal
  }): AsyncGenerator<readonly AttachmentRecord[], void, undefined> {
    for (const { each, after } of this.#behind(options.after)) {
      if (each.counts !== 'attachments') continue
      for (let position = after; ; ) {
        await setImmediate()
        options.signal.throwIfAborted()
        this.#check()
        const page = await each.table.page(position, options.batchSize)
        if (page === null) break
        position = page.position
        yield page.records.filter((record) => record.type === 'attachment')
      }
    }
  }

  async *content(record: AttachmentRecord, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const place = await this.#find(record, signal)
    if ('bytes' in place) yield place.bytes
    else yield* this.#parts.blobs.read(place.blob, signal)
  }

  async contentFile(record: AttachmentRecord, signal: AbortSignal): Promise<string | null> {
    signal.throwIfAborted()
    this.#check()
    const place = await placeIn(this.#parts.parts, record)
    return place !== null && 'blob' in place && place.blob.key === null ? place.blob.path : null
  }

  async copyContent(record: AttachmentRecord, path: string, signal: AbortSignal): Promise<ContentDigest> {
    const place = await this.#find(record, signal)
    return 'bytes' in place
      ? copyChunks([place.bytes], path)
      : this.#parts.blobs.copy(place.blob, path, signal)
  }

  async digest(record: AttachmentRecord, signal: AbortSignal): Promise<ContentDigest> {
    const place = await this.#find(record, signal)
    return 'bytes' in place ? digestChunks([place.bytes]) : this.#parts.blobs.digest(place.blob, signal)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#parts.close()
  }

  /** The tables that a cursor has not passed, each with the position in it. Throws `OPTION_INVALID` for no cursor of this backup. */
  #behind(
    cursor: Cursor | null,
  ): readonly { readonly each: CountedTable; readonly after: Position | null }[] {
    const { tables } = this.#parts
    const names = tables.map(({ name }) => name)
    const begin = readCursor(cursor, names)
    return (begin === null ? tables : tables.slice(names.indexOf(begin.table))).map((each) => ({
      each,
      after: begin?.table === each.name ? begin.position : null,
    }))
  }

  /** Where the content of a record can be had. */
  async #find(
    record: AttachmentRecord,
    signal: AbortSignal,
  ): Promise<Extract<ContentPlace, { readonly unavailable: null }>> {
    signal.throwIfAborted()
    this.#check()
    const place = await placeIn(this.#parts.parts, record)
    if (place?.unavailable === null) return place
    throw new HoldfastError('BACKUP_UNREADABLE', 'The backup holds no content for this attachment', {
      hint: 'The file went away since the backup was opened, or the record is of another backup.',
      facts: { key: record.key, reason: place?.unavailable ?? 'not-in-backup' },
    })
  }

  #check(): void {
    if (this.#closed) throw closedError()
  }
}

/** Where the content of a record is, by the part that knows it; null when none does. */
async function placeIn(parts: readonly OpenPart[], record: AttachmentRecord): Promise<ContentPlace | null> {
  for (const { place } of parts) {
    const found = (await place?.(record)) ?? null
    if (found !== null) return found
  }
  return null
}
