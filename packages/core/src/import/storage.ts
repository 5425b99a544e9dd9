import type { ContentDigest } from './backup-reader.js'
import type { LibraryProblem } from './library-problems.js'
import type { Receipt } from './receipt.js'
import type {
  AttachmentRecord,
  Cursor,
  ImportRecord,
  ItemOutcome,
  RecordBatch,
  SkipReason,
} from './records.js'

/** What an import is, for the library. Plain JSON. */
export type ImportRef = {
  /** The run's id. */
  readonly id: string
  /** Whose data it is; captured when the run starts, never read again from anywhere else. */
  readonly owner: string
  /** Fingerprint of the source; see SourceDescription. */
  readonly fingerprint: string
  /** Device that the source belongs to, null when the backup does not say. */
  readonly udid: string | null
  /** What `BackupReader.stamp` gave before anything of the source was read. Absent where nothing tells whether it has changed. */
  readonly stamp?: string
  /** Names of the parts of the source that are there and read, sorted. Absent where they are not known. */
  readonly parts?: readonly string[]
  /** When the source was made; unix milliseconds UTC. Absent or null where it does not say. */
  readonly takenAt?: number | null
}

/** How far the staging of an import has come. */
export interface StagingState {
  /** Cursor of the last durable batch; null before the first. */
  readonly cursor: Cursor | null
  /** Items in the ledger so far. */
  readonly items: number
  /** The receipt when the import is published already. */
  readonly receipt: Receipt | null
}

/** Gives the bytes of an attachment while a batch is written. */
export type ContentSource = (record: AttachmentRecord, signal: AbortSignal) => AsyncIterable<Uint8Array>

/**
 * Gives the path of the file in the backup that holds exactly the bytes of an attachment; null where there is none, because the
 * content is encrypted, or in a database, or cannot be had. Whoever opens it follows no link.
 */
export type ContentFile = (record: AttachmentRecord, signal: AbortSignal) => Promise<string | null>

/** Writes the bytes of an attachment into a new file. The contract is that of `OpenBackup.copyContent`. */
export type ContentCopy = (
  record: AttachmentRecord,
  path: string,
  signal: AbortSignal,
) => Promise<ContentDigest>

/** Where a batch's content comes from. */
export interface WriteOptions {
  readonly content: ContentSource
  /** A storage that keeps content in files may take these over instead of reading {@link content}. @default it reads */
  readonly contentFile?: ContentFile
  /** A storage that keeps content in files may have them written so, several at a time, instead of reading {@link content}. @default it reads */
  readonly copyContent?: ContentCopy
  /**
   * Whether the run owns the backup and deletes it once everything is verified. Only then may a storage hold content as a hard link
   * to the backup's own file: one file by two names changes under both of them. @default 'stays'
   */
  readonly backup?: 'goes' | 'stays'
  /**
   * Whether content that the library holds with an equal record may stand for that of the source, which is not read then. Nothing in a record
   * tells that bytes of its content have changed in the same size: only reading does. An import in which that may have come to light is
   * written again without this. @default true
   */
  readonly trustHeld?: boolean
  /**
   * The batch that the next `write` of this import gets, which may be being read still; null behind the last. A storage may begin to
   * receive its content once it has that of this batch: what of it is there when an import does not go on is for `begin` and `discard` to
   * remove. When `write` rejects, nothing of it is under way or there any more. Rejects with what reading it throws, which whoever gives it
   * has seen to. @default nothing is known of it
   */
  readonly following?: Promise<RecordBatch | null>
  readonly signal: AbortSignal
}

/** How an import is read back. */
export interface ReadBackOptions {
  /** Lets a storage tell which of its files are the backup's own; see {@link StoredItem.isFileOfBackup}. */
  readonly contentFile?: ContentFile
  readonly signal: AbortSignal
}

/** A volume that an import writes to. */
export interface Room {
  /** A folder or a file on it, absolute; it need not exist yet. */
  readonly path: string
  /** What goes there: the rows of the library, the content of attachments. */
  readonly holds: readonly ('rows' | 'content')[]
  /** Bytes that may still be written there as the file system says, which knows nothing of quotas and compression; null when it does not say. */
  readonly bytesFree: number | null
  /** Whether a file of the backup is linked or cloned there, so that it takes no room of its own. */
  readonly takesFilesOver: boolean
}

/** An item read back from the library, as it is now: the row, and for an attachment its file re-hashed from disk. */
export interface StoredItem {
  readonly outcome: ItemOutcome
  /** Why, for `skipped`. */
  readonly reason: SkipReason | null
  /** The record as the rows give it; null when the row is gone. */
  readonly record: ImportRecord | null
  /** What kind of item and which, also when its row is gone. */
  readonly type: ImportRecord['type']
  readonly key: string
  /** Content as it is on disk now; null for items without content, and when the file is gone. */
  readonly content: { readonly sha256: string; readonly bytes: number } | null
  /** What the library itself finds wrong: `row-missing`, `row-changed`, `file-missing`, `file-changed`; null when nothing. */
  readonly difference: 'row-missing' | 'row-changed' | 'file-missing' | 'file-changed' | null
  /**
   * Whether the file that was just hashed is the very file of the backup, by another name: the file system said so of both. Then
   * the hash is of the source as well as of the library. @default false
   */
  readonly isFileOfBackup?: boolean
}

/** What becomes of records that a source no longer holds: they stay as they are, or stay and are marked. */
export type DeletedInSource = 'keep' | 'mark'

/** How an import is published. Plain JSON. */
export type PublishOptions = {
  /** What the run asks for, where it does. A storage that marks nothing leaves it unread. @default the storage's own */
  readonly deletedInSource?: DeletedInSource
}

/** A published import. */
export interface PublishedImport {
  readonly id: string
  readonly owner: string
  /** Unix milliseconds UTC. */
  readonly publishedAt: number
  /** Null where what is kept as its receipt is damaged: nothing proves this import any more. */
  readonly receipt: Receipt | null
}

/** An optional power of a {@link Storage}: to tell how much room an import takes. Nothing is ever refused because of it. */
export interface StorageSpace {
  /** The volumes that an import of this backup would write to. */
  rooms(request: { readonly backupPath: string; readonly backup: 'goes' | 'stays' }): Promise<readonly Room[]>

  /**
   * Whether `write` would find the content of these attachments in the library already, one answer for each; changes nothing.
   *
   * @throws HoldfastError `IMPORT_UNKNOWN`.
   */
  held(id: string, records: readonly AttachmentRecord[]): Promise<readonly boolean[]>
}

/** An optional power of a {@link Storage}: to hold content as hard links to files of a backup that is to go. */
export interface StorageLinks {
  /**
   * Checks, just before the backup of a published import is deleted, that the content which is held as hard links to the backup's
   * files still is what was verified: a link would pass on what somebody has done to the backup since.
   *
   * @throws HoldfastError `BACKUP_CHANGED` when it is not; `STORE_FAILED` when the disk does not say.
   */
  check(id: string, options: { readonly signal: AbortSignal }): Promise<void>

  /**
   * Makes the content of a published import the library's alone: what is a hard link to a file of the backup is one no more when it
   * resolves, durably. The engine calls it when the backup is gone, which costs nothing then, and when it turns out that the backup
   * stays: then the content is copied. Goes on after a crash, safe to repeat.
   *
   * @throws HoldfastError `DISK_FULL`, `STORE_FAILED`, or the signal's reason; what was done stays done.
   */
  end(id: string, options: { readonly signal: AbortSignal }): Promise<void>
}

/**
 * Port: the library that an import fills. The engine makes sure that one run at a time works on a library.
 *
 * Staging is invisible: no reader of the library sees any of an import before {@link publish}, and all of it afterwards.
 *
 * `storageContract` of `@holdfast/core/testing` tells when one is right.
 */
export interface Storage {
  /** Names of what a run must have for itself, such as `library:/path/to/library.db`. */
  readonly resources: readonly string[]

  /** What it stores and how, with a version: `sqlite-library 2`. Receipts say it, so that whoever reads them later knows what to read. */
  readonly format: string

  /**
   * Checks, before the long work begins, that an import from `backupPath` could be stored. Changes nothing.
   *
   * @throws HoldfastError `DESTINATION_UNWRITABLE`, `DESTINATION_UNSAFE`, `LIBRARY_NEWER`, `LIBRARY_DAMAGED`.
   */
  check(request: { readonly backupPath: string | null }): Promise<void>

  /**
   * Opens the staging of an import, or goes on with it. Also removes what a crash left half-written of it.
   * Where another import was published since this one was staged, what is staged is dropped and the cursor is null again:
   * it was compared with a library that is no more. Repeat calls are safe; published imports answer with their receipt.
   */
  begin(ref: ImportRef): Promise<StagingState>

  /**
   * Stages a batch with its cursor, atomically: after a power cut either all of it is there or nothing.
   * Content is durable under its final name before any row refers to it. A record that the library already holds unchanged
   * (same owner, same `recordIdentity` and content) is `present`, also where its file was gone or another and is written again here:
   * `present` says that the library had the record, not that nothing had to be mended. An attachment with `unavailable` is
   * `skipped`; an `unreadable` record is `failed` (`itemOutcome`).
   * Durable when it resolves. Repeating a batch whose commit was not seen is safe.
   *
   * @throws HoldfastError `DISK_FULL`, `STORE_FAILED`, `IMPORT_UNKNOWN`, `LIBRARY_CHANGED`, or what `content` throws; then nothing
   *   of the batch is staged.
   */
  write(id: string, batch: RecordBatch, options: WriteOptions): Promise<void>

  /** What an import takes of the disk, told before it begins; a storage that cannot tell leaves it out. */
  readonly space?: StorageSpace

  /**
   * Every item of an import, staged or published, in the order in which it was written: rows read again, files re-hashed from disk.
   * Independent of what {@link write} believed.
   *
   * @throws HoldfastError `IMPORT_UNKNOWN`.
   */
  readBack(id: string, options: ReadBackOptions): AsyncIterable<StoredItem>

  /**
   * Makes a staged import visible and writes its receipt, in one transaction. Durable when it resolves.
   * For an import that is published already it resolves when the receipt is the same.
   *
   * @throws HoldfastError `LIBRARY_CHANGED` when another import was published since this one was staged,
   *   `RECEIPT_INVALID`, `IMPORT_UNKNOWN`.
   */
  publish(id: string, receipt: Receipt, options?: PublishOptions): Promise<void>

  /** Content that is held as hard links to the backup's files; a storage that never holds any leaves it out. */
  readonly links?: StorageLinks

  /**
   * Takes an import back: rows first, durably, then the files whose last reference went. The library is as it was before
   * {@link begin}, superseded rows included. Resumable after a crash, safe to repeat, and nothing to do for an unknown id.
   */
  discard(id: string): Promise<void>

  /**
   * The receipt of a published import of this owner that began with the stamp of `ref`, when the library still holds all of it: no
   * row of it is gone or was superseded by another import, and every file is there in its size and not known to be damaged. Null
   * when there is none. Rows are not compared and files not hashed. Changes nothing. Storages that cannot tell leave it out.
   */
  findUnchanged?(ref: ImportRef, options: { readonly signal: AbortSignal }): Promise<Receipt | null>

  /** Published imports, oldest first. One whose receipt was damaged is listed without it, so that it does not hide the others. */
  imports(): Promise<readonly PublishedImport[]>

  /**
   * Looks for what {@link readBack} cannot tell, because no item leads there: rows that no import brought, rows that changed hands,
   * items that readers do not see or see twice, files that belong to nothing. Independent of what the other methods believe, and
   * changes nothing. Several may be under way at a time, such as that of a run and that of an app that verifies its library. A library that is
   * as this port promises yields nothing, whatever is staged in it. With `import`, only what
   * concerns that import, staged or published, and no files.
   *
   * @throws HoldfastError `IMPORT_UNKNOWN`.
   */
  audit(options: { readonly import?: string; readonly signal: AbortSignal }): AsyncIterable<LibraryProblem>
}
