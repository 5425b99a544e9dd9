import type { AttachmentRecord, BackupPartName, PartState, SourceTotals } from '@holdfast/core/import'
import type { BackupDatabase } from '../database/backup-database.js'
import type { DatabaseName } from '../database/database-errors.js'
import type { PhonePath } from '../manifest/file-id.js'
import type { RecordTable } from '../record-table.js'
import type { ContentPlace } from './content-place.js'

/** A database of the phone, open, or why the backup has none. */
export type FoundDatabase =
  | {
      readonly state: 'present'
      /** Closed with the backup; a part closes nothing. */
      readonly database: BackupDatabase
      /** What is odd about its file, for {@link OpenPart.remarks}. */
      readonly remarks: readonly string[]
    }
  | { readonly state: 'absent' }
  | { readonly state: 'blob-missing' }

/** What a part is given: the backup, as far as a part may know it. */
export interface PartSource {
  /** The phone's own number, as Info.plist has it; null where it has none, as a tablet's. */
  readonly ownNumber: string | null

  /**
   * Opens a database of the phone, with its side files, decrypted where that is needed. The backup is not changed. Parts that ask for
   * the same database share it.
   *
   * @throws HoldfastError the damage code of `name`, `BACKUP_ENCRYPTED`, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, or what the scratch
   *   folder throws.
   */
  openDatabase(path: PhonePath, name: DatabaseName): Promise<FoundDatabase>

  /**
   * Where the content of a file of the phone is, or why there is none: of a folder, that the path is invalid.
   *
   * @throws HoldfastError `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, `MANIFEST_DAMAGED`.
   */
  placeOf(path: PhonePath): Promise<ContentPlace>

  /** Whether the backup lists folders under some paths, one answer for each. Throws `MANIFEST_DAMAGED`, `BACKUP_UNREADABLE`. */
  areFolders(paths: readonly PhonePath[]): readonly boolean[]

  /**
   * What the backup lists below a folder, other folders left out, of all paths that are wanted: some at a time and in no order, an
   * entry perhaps twice. A link is among them, and is never followed. For use while the part is opened and counted.
   *
   * @throws HoldfastError `MANIFEST_DAMAGED`, `BACKUP_UNREADABLE`, or the reason for which opening ends.
   */
  filesBelow(
    folder: PhonePath,
    isWanted: (relativePath: string) => boolean,
  ): AsyncGenerator<readonly ListedFile[], void, undefined>
}

/** A file that the backup lists. */
export interface ListedFile {
  readonly relativePath: string
  /** Bytes that it had on the phone, as the manifest claims; null where it does not say. */
  readonly claimedBytes: number | null
}

/** Records of one kind that a part gives. */
export interface PartTable {
  /** Names the table in cursors, after the name of its part: chosen once, never changed. */
  readonly name: string
  /** What its records are counted as. */
  readonly counts: keyof SourceTotals
  readonly table: RecordTable
}

/** A part whose databases are open. */
export interface OpenPart {
  /** In the order in which they are read: what others refer to comes first. */
  readonly tables: readonly PartTable[]
  /** Which of its databases and tables are there. */
  readonly states: readonly PartState[]
  /** What is odd, a sentence each, for people. */
  readonly remarks: readonly string[]
  /**
   * Where the content of an attachment is, found from nothing but the record, in whatever process that was read; null when the
   * record is of another part. A part without attachments has none.
   *
   * @throws HoldfastError as {@link PartSource.placeOf}, and the damage code of the part.
   */
  readonly place?: (record: AttachmentRecord) => Promise<ContentPlace | null>
}

/**
 * A part of an iPhone backup that a host chooses to read: messages, contacts, calls… It is made by a function without side effects
 * and opened with each backup anew.
 *
 * What the backup does not hold is told by a state of `absent` or `blob-missing` and gives no tables; what is there and cannot be read
 * is an error with the damage code of the part, never a part without records.
 *
 * @example
 * const callDatabase = { domain: 'HomeDomain', relativePath: 'Library/CallHistoryDB/CallHistory.storedata' }
 * const name = { file: 'CallHistory.storedata', what: 'The call history', damaged: 'CALLS_DAMAGED' } as const
 *
 * export function calls(): BackupPart {
 *   return {
 *     name: 'calls',
 *     async open(source) {
 *       const found = await source.openDatabase(callDatabase, name)
 *       if (found.state !== 'present') return missingPart('calls', found.state, name)
 *       return {
 *         tables: [{ name: 'calls', counts: 'calls', table: openCalls(found.database) }],
 *         states: [{ part: 'calls', state: 'present', detail: null }],
 *         remarks: found.remarks,
 *       }
 *     },
 *   }
 * }
 */
export interface BackupPart {
  readonly name: BackupPartName
  /** Opens the part. Throws as {@link PartSource.openDatabase}. */
  open(source: PartSource): Promise<OpenPart>
}

/** A part of which the backup has nothing, with the reason for people. */
export function missingPart(
  part: PartState['part'],
  state: 'absent' | 'blob-missing',
  { file }: DatabaseName,
): OpenPart {
  const detail =
    state === 'absent'
      ? `The backup lists no ${file}.`
      : `The backup lists ${file}, but its file is not on disk.`
  return { tables: [], states: [{ part, state, detail }], remarks: [] }
}
