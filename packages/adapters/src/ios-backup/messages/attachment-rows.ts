import type { AttachmentRecord, SkipReason } from '@holdfast/core/import'
import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { unixMillisSql } from '../database/cocoa-time.js'
import { columnOrNull, dateIn, numberIn, textOf } from '../record-table.js'
import { openAttachmentParts, type PartsOf } from './attachment-parts.js'
import { openPlacements, type Placement, type Placements } from './attachment-placements.js'
import { GuidTwins } from './attachment-twins.js'

/** What tells where the file of an attachment is. */
export interface AttachmentFileRow {
  readonly filename: SqlValue
  readonly transferState: SqlValue
  readonly cloudRecord: SqlValue
}

/** A row of `attachment`. */
export interface AttachmentRow extends AttachmentFileRow {
  readonly id: number
  readonly guid: SqlValue
  readonly transferName: SqlValue
  readonly mimeType: SqlValue
  readonly uti: SqlValue
  readonly isSticker: SqlValue
  readonly createdAt: SqlValue
  readonly totalBytes: SqlValue
}

/** The rows of `attachment`, the messages that they are on, and the records that they make. */
export class AttachmentRows {
  readonly placements: Placements
  readonly twins: GuidTwins
  readonly #database: BackupDatabase
  readonly #select: SqliteStatement
  readonly #fileOf: SqliteStatement
  readonly #partsOf: PartsOf

  /** `columns` are those of the table. */
  constructor(database: BackupDatabase, columns: ReadonlySet<string>) {
    this.placements = openPlacements(database)
    this.twins = new GuidTwins(database)
    this.#database = database
    this.#select = database.guard(() => database.prepare(selectAttachments(columns)))
    this.#fileOf = database.guard(() =>
      database.prepare(`SELECT ${fileColumns(columns)} FROM attachment a WHERE a.ROWID = ?`),
    )
    this.#partsOf = openAttachmentParts(database)
  }

  /** The rows from one row id to another, by their row id. */
  between(first: number, last: number): ReadonlyMap<number, AttachmentRow> {
    const found = this.#database.guard(() => rows<AttachmentRow>(this.#select.all(first, last)))
    return new Map(found.map((row) => [row.id, row]))
  }

  /** What tells where the file of a row is; undefined when there is no such row. */
  fileOf(row: number): AttachmentFileRow | undefined {
    return this.#database.guard(() => rows<AttachmentFileRow>(this.#fileOf.all(row)))[0]
  }

  /** The record of a row on one of its messages. Throws DecodeFailure when a column holds what it should not. */
  recordOf(row: AttachmentRow, placement: Placement, unavailable: SkipReason | null): AttachmentRecord {
    const guid = this.twins.guidOf(row)
    const part = placement.message === 0 ? null : this.#partsOf(placement.message).get(String(row.guid))
    return {
      type: 'attachment',
      key: attachmentKey(guid, placement),
      guid,
      parent: placement.guid === null ? null : { type: 'message', key: placement.guid },
      name: textOf(row.transferName) ?? basenameOf(textOf(row.filename)),
      mimeType: textOf(row.mimeType),
      uti: textOf(row.uti),
      isSticker: (numberIn(row.isSticker, 'is_sticker') ?? 0) !== 0,
      createdAt: dateIn(row.createdAt, 'created_date'),
      claimedBytes: numberIn(row.totalBytes, 'total_bytes'),
      unavailable,
      part: part ?? null,
    }
  }
}

/** Key of a record: its guid, and that of the message that it is on. */
export function attachmentKey(guid: string, { guid: message }: Placement): string {
  return `${guid}@${message ?? ''}`
}

/** The last name of a path; null where it ends in a slash, or there is none. */
function basenameOf(filename: string | null): string | null {
  const name = filename?.split('/').at(-1) ?? ''
  return name === '' ? null : name
}

function fileColumns(columns: ReadonlySet<string>): string {
  return [
    columnOrNull(columns, 'a', 'filename'),
    columnOrNull(columns, 'a', 'transfer_state', 'transferState'),
    columnOrNull(columns, 'a', 'ck_record_id', 'cloudRecord'),
  ].join(', ')
}

function selectAttachments(columns: ReadonlySet<string>): string {
  const column = (name: string, as: string) => columnOrNull(columns, 'a', name, as)
  return `SELECT a.ROWID AS id, a.guid AS guid,
    ${fileColumns(columns)}, ${column('transfer_name', 'transferName')}, ${column('mime_type', 'mimeType')},
    ${column('uti', 'uti')}, ${column('is_sticker', 'isSticker')}, ${column('total_bytes', 'totalBytes')},
    ${columns.has('created_date') ? unixMillisSql('a.created_date', 'a.created_date') : 'NULL'} AS createdAt
    FROM attachment a WHERE a.ROWID BETWEEN ? AND ? ORDER BY a.ROWID`
}
