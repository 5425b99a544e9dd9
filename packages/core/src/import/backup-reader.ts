import type { AskRequest, Json } from '../index.js'
import type { AttachmentRecord, Cursor, RecordBatch } from './records.js'

/** A backup that a run works on; plain JSON, kept in the journal. */
export type BackupRef = {
  /** Absolute path of the backup's own folder (the one that holds Manifest.db). */
  readonly path: string
  /**
   * `made`: by this run. `handed-over`: adopted, and the user asked in so many words to have it deleted in the end.
   * `adopted`: somebody else's; never deleted.
   */
  readonly ownership: 'made' | 'handed-over' | 'adopted'
}

/** Parts of a backup that can be read one without the other, by name, in the order in which they are read. */
export const backupParts = ['contacts', 'messages', 'calls', 'voicemail', 'whatsapp'] as const

/** One of {@link backupParts}. */
export type BackupPartName = (typeof backupParts)[number]

/** Whether a part of the backup (messages, contacts, calls…) is there. Absent is a fact to report, unreadable is an error. */
export type PartState = {
  readonly part: BackupPartName | 'attachments' | 'contact-images'
  /** `present`; `absent`: the source has no such database or table; `blob-missing`: the manifest lists it, the disk does not hold it. */
  readonly state: 'present' | 'absent' | 'blob-missing'
  /** A sentence for people; null when present. */
  readonly detail: string | null
}

/**
 * How whole a backup is. `complete`: the phone said that it finished, and nothing contradicts it. `unconfirmed`: nothing says that it
 * did not finish. `resumable`: it did not, and goes on from what is there when the phone is backed up again. `torn`: something of it
 * is lost, and only another backup mends it.
 */
export type Wholeness = 'complete' | 'unconfirmed' | 'resumable' | 'torn'

/** What a backup is and how much of it is there; plain JSON. */
export type SourceDescription = {
  /** Changes when the backup changes; equal for equal backups. Lower-case hex. */
  readonly fingerprint: string
  readonly udid: string | null
  readonly deviceName: string | null
  readonly productType: string | null
  readonly osVersion: string | null
  /** Unix milliseconds UTC of the backup; null when it does not say. */
  readonly takenAt: number | null
  readonly encrypted: boolean
  /** As far as the phone's own word goes: one that it did not finish is not opened. Whether blobs are missing is not looked at. */
  readonly wholeness: Extract<Wholeness, 'complete' | 'unconfirmed'>
  /** What is missing or odd, a sentence each, for people. */
  readonly remarks: readonly string[]
  readonly parts: readonly PartState[]
}

/** How many items a backup holds, for progress; exact. */
export type SourceTotals = {
  readonly chats: number
  readonly messages: number
  readonly attachments: number
  readonly contacts: number
  readonly calls: number
  readonly voicemails: number
}

/** Size and hash of some content, read in full. */
export interface ContentDigest {
  /** Lower-case hex. */
  readonly sha256: string
  readonly bytes: number
}

/** What opening a backup is given. */
export interface OpenRequest {
  readonly signal: AbortSignal
  /**
   * Asks a human: an encrypted backup needs its `password` (`secret: true`). An answer that is no text, or empty, says that there is
   * none to be had. Without it an encrypted backup cannot be opened.
   */
  readonly ask?: (request: AskRequest) => Promise<Json>
  /** The run that the backup is opened for. What opens it again for the same run need not ask again; see `forget`. */
  readonly run?: string
  /** Which of its parts the reader is to read; the others are not looked at, damaged or not. @default all that the reader reads */
  readonly parts?: readonly BackupPartName[]
  /** Whether {@link OpenBackup.fileStamp} is asked for, which may take as long as asking the disk about every file. @default false */
  readonly fileStamp?: boolean
}

/** What tells whether a backup has changed; plain JSON. */
export type BackupStamp = {
  /** As in {@link SourceDescription}. */
  readonly fingerprint: string
  /** Equal stamps stand for equal records and contents; a reader that reads more, or other parts, gives another one. */
  readonly stamp: string
}

/**
 * Port: opens backups for reading. Implementations never change a backup, not even by a side file of SQLite.
 */
export interface BackupReader {
  /**
   * Opens a backup and checks that it is whole enough to be read: one that is resumable or torn by the phone's own word is refused
   * with `BACKUP_TORN`, whose fact `wholeness` says which. Nothing is written outside the scratch folder that the host
   * gave to the reader; whatever is there goes again with {@link OpenBackup.close}.
   *
   * @throws HoldfastError `BACKUP_NOT_FOUND`, `BACKUP_INVALID`, `BACKUP_TORN`, `BACKUP_ENCRYPTED` when no password is given,
   *   `PASSWORD_WRONG`, `KEYBAG_DAMAGED`, `BACKUP_UNSAFE`, `MANIFEST_MISSING`, `MANIFEST_DAMAGED`, `MESSAGES_MISSING`,
   *   `MESSAGES_DAMAGED`, `CONTACTS_DAMAGED`, `CALLS_DAMAGED`, `VOICEMAIL_DAMAGED`, `WHATSAPP_DAMAGED`,
   *   `OPTION_INVALID` when `parts` names one that this reader does not read.
   */
  open(path: string, request: OpenRequest): Promise<OpenBackup>
  /**
   * Tells whether a backup has changed, without opening it: nothing is asked, and nothing of it is read but its fingerprint, which need
   * not be taken again where the files say that they are as they were. Of files whose content it does not read it believes size and time
   * of change. Readers that cannot tell leave it out.
   *
   * @throws HoldfastError `BACKUP_NOT_FOUND`, `BACKUP_INVALID`, `MANIFEST_MISSING`, `BACKUP_UNREADABLE`, `BACKUP_UNSAFE`, `OPTION_INVALID`
   *   as {@link open}, or the signal's reason.
   */
  stamp?(path: string, request: Pick<OpenRequest, 'signal' | 'parts'>): Promise<BackupStamp>
  /**
   * Forgets what `open` keeps in memory for a run, such as the key of an encrypted backup. The import calls it when the run needs the
   * backup no more, or has failed. Readers that keep nothing leave it out.
   */
  forget?(run: string): void
}

/**
 * A backup open for reading. One caller at a time, but several calls of {@link OpenBackup.digest}, {@link OpenBackup.copyContent} and
 * {@link OpenBackup.contentFile} may be under way, and what was read is stored while {@link OpenBackup.read} reads the next batch:
 * contents are asked for meanwhile.
 */
export interface OpenBackup {
  readonly source: SourceDescription

  /**
   * Tells of every file of the backup, read or not, whether it was changed, added or removed: equal for equal names, sizes and times of
   * change. Taken by `open` before anything is copied or read. Receipts hold it, and who deletes a backup compares it (`checkReceipt`).
   * Null where it was not asked for; readers whose backups have no such files leave it out.
   */
  readonly fileStamp?: string | null

  /** Exact counts of what {@link read} yields, without reading it all. */
  totals(): Promise<SourceTotals>

  /**
   * All records in an order that is the same at every call: part by part of the source (contacts first, then
   * messages), in each part what others refer to first (chats, messages, attachments), each kind by its row id. With `after`, what follows that cursor. Batches hold at most `batchSize` records; memory stays bounded at any size.
   * A row that cannot be decoded is yielded as `unreadable`.
   *
   * @throws HoldfastError `MESSAGES_DAMAGED`, `CONTACTS_DAMAGED`, … when a table of that part cannot be read any further.
   */
  read(options: {
    readonly after: Cursor | null
    readonly batchSize: number
    readonly signal: AbortSignal
  }): AsyncIterable<RecordBatch>

  /**
   * About how many bytes of content {@link read} gives behind a cursor, as the backup itself claims; quick, and rather too many than too
   * few. Readers that cannot tell leave it out.
   */
  claimedBytes?(after: Cursor | null): Promise<number>

  /** The attachments alone of what {@link read} gives behind a cursor, in the same order. Readers that read them only with all else leave it out. */
  attachments?(options: {
    readonly after: Cursor | null
    readonly batchSize: number
    readonly signal: AbortSignal
  }): AsyncIterable<readonly AttachmentRecord[]>

  /**
   * The bytes of an attachment whose `unavailable` is null, streamed.
   *
   * @throws HoldfastError `BACKUP_UNREADABLE` when the blob cannot be read.
   */
  content(record: AttachmentRecord, signal: AbortSignal): AsyncIterable<Uint8Array>

  /**
   * The absolute path of the file in the backup that holds exactly the bytes which {@link content} gives; null where there is none,
   * because they are encrypted, or in a database, or cannot be had. Readers that have no such files leave it out.
   */
  contentFile?(record: AttachmentRecord, signal: AbortSignal): Promise<string | null>

  /**
   * Writes the bytes that {@link content} gives into a new file, for this user alone, and hashes them on the way: quicker than what
   * whoever reads {@link content} can do, where a reader has threads. Resolves with what was written, which is not yet durable. Several
   * calls may be under way. When it throws, nothing writes to the file any more, and some of it may be left there for the caller to
   * remove. Readers that are no quicker leave it out.
   *
   * @throws as {@link content}, or the signal's reason; what the file system refuses of `path`, such as `ENOSPC`, unchanged.
   */
  copyContent?(record: AttachmentRecord, path: string, signal: AbortSignal): Promise<ContentDigest>

  /** Reads the attachment's content from the backup once more, in full, and hashes it. Throws as {@link content}. */
  digest(record: AttachmentRecord, signal: AbortSignal): Promise<ContentDigest>

  /** Closes files and removes what `open` left in the scratch folder. Repeat calls are safe. */
  close(): Promise<void>
}
