import { createHash } from 'node:crypto'
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
import { cursorAt, type RecordKind, readCursor, recordKinds } from './cursor.js'
import type { Blobs } from './folder/blobs.js'
import type { AttachmentTable } from './messages/attachments.js'
import type { RecordTable } from './record-table.js'

/** The open parts of a backup, ready to be read. */
export interface BackupParts {
  readonly source: SourceDescription
  readonly totals: SourceTotals
  readonly tables: Readonly<Record<RecordKind, RecordTable>>
  /** Finds the content of attachments; null where the source has none. */
  readonly attachments: AttachmentTable | null
  readonly blobs: Blobs
  /** Closes databases and removes private copies. */
  readonly close: () => Promise<void>
}

/** A backup whose databases are open. */
export class PlainBackup implements OpenBackup {
  readonly source: SourceDescription
  readonly #parts: BackupParts
  #closed = false

  constructor(parts: BackupParts) {
    this.#parts = parts
    this.source = parts.source
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
    let { kind, position } = readCursor(options.after)
    for (const each of recordKinds.slice(recordKinds.indexOf(kind))) {
      if (each !== kind) position = null
      kind = each
      for (;;) {
        // Reading is synchronous: without this turn of the event loop a host's window would stand still until the end.
        await setImmediate()
        signal.throwIfAborted()
        this.#check()
        const page = await this.#parts.tables[kind].page(position, batchSize)
        if (page === null) break
        position = page.position
        yield { records: page.records, cursor: cursorAt(kind, position) }
      }
    }
  }

  async *content(record: AttachmentRecord, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#parts.blobs.read(await this.#fileIdOf(record, signal), signal)
  }

  async digest(record: AttachmentRecord, signal: AbortSignal): Promise<ContentDigest> {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of this.#parts.blobs.read(await this.#fileIdOf(record, signal), signal, true)) {
      hash.update(chunk)
      bytes += chunk.length
    }
    return { sha256: hash.digest('hex'), bytes }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#parts.close()
  }

  async #fileIdOf(record: AttachmentRecord, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    this.#check()
    const place = await this.#parts.attachments?.place(record)
    if (place?.unavailable === null) return place.fileId
    throw new HoldfastError('BACKUP_UNREADABLE', 'The backup holds no content for this attachment', {
      hint: 'The file went away since the backup was opened, or the record is of another backup.',
      facts: { key: record.key, reason: place?.unavailable ?? 'not-in-backup' },
    })
  }

  #check(): void {
    if (!this.#closed) return
    throw new HoldfastError('BACKUP_UNREADABLE', 'The backup was closed already', { hint: 'Open it again.' })
  }
}
