import type { AttachmentRecord, SkipReason } from '@holdfast/core/import'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { unixMillisSql } from '../database/cocoa-time.js'
import type { PartSource } from '../parts/backup-part.js'
import type { ContentPlace } from '../parts/content-place.js'
import {
  columnOrNull,
  dateIn,
  numberIn,
  numberOf,
  type Page,
  type RecordTable,
  recordOf,
  sumOf,
  textOf,
} from '../record-table.js'
import { openAttachmentParts } from './attachment-parts.js'
import { attachmentPath } from './attachment-path.js'
import { openPlacements, type Placement } from './attachment-placements.js'
import { GuidTwins } from './attachment-twins.js'

interface AttachmentRow {
  readonly id: number
  readonly guid: SqlValue
  readonly filename: SqlValue
  readonly transferName: SqlValue
  readonly mimeType: SqlValue
  readonly uti: SqlValue
  readonly isSticker: SqlValue
  readonly createdAt: SqlValue
  readonly totalBytes: SqlValue
  readonly transferState: SqlValue
  readonly cloudRecord: SqlValue
}

/** What tells where the file of an attachment is. */
type FileRow = Pick<AttachmentRow, 'filename' | 'transferState' | 'cloudRecord'>

/** `transfer_state` of a file that waits to be loaded. */
const waiting = 0

/** The attachments of sms.db, one record per message that they are on. */
export interface AttachmentTable extends RecordTable {
  /**
   * Where the content of a record is, found from nothing but the record: in whatever process it was read. Null for a record of
   * something else.
   *
   * @throws HoldfastError `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, `MESSAGES_DAMAGED`, `MANIFEST_DAMAGED`.
   */
  place(record: AttachmentRecord): Promise<ContentPlace | null>
}

/** Opens the attachments of a database whose `attachment` table has these columns. */
export function openAttachments(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
  source: PartSource,
): AttachmentTable {
  const select = database.guard(() => database.prepare(selectAttachments(columns)))
  const placements = openPlacements(database)
  const twins = new GuidTwins(database)
  const partsOf = openAttachmentParts(database)
  const fileRow = database.guard(() =>
    database.prepare(`SELECT ${fileColumns(columns)} FROM attachment a WHERE a.ROWID = ?`),
  )

  async function placeOf(row: FileRow): Promise<ContentPlace> {
    const path = attachmentPath(textOf(row.filename))
    const place = typeof path === 'string' ? { unavailable: path } : await source.placeOf(path)
    const isNowhere = place.unavailable === 'no-path' || place.unavailable === 'not-in-backup'
    return isNowhere && isOffloaded(row) ? { unavailable: 'offloaded' } : place
  }

  const claimed = columns.has('total_bytes') ? database.guard(() => database.prepare(selectClaimed)) : null

  return {
    total: () => placements.total(),
    claimedBytes: (after) =>
      claimed === null ? 0 : database.guard(() => sumOf(claimed, after?.[0] ?? Number.MIN_SAFE_INTEGER)),
    async page(after, limit): Promise<Page | null> {
      const found = database.guard(() => placements.after(after, limit))
      const first = found[0]
      const last = found.at(-1)
      if (first === undefined || last === undefined) return null
      const attachments = new Map(
        database
          .guard(() => rows<AttachmentRow>(select.all(first.attachment, last.attachment)))
          .map((row) => [row.id, row]),
      )
      const places = new Map(
        await Promise.all(
          [...attachments.values()].map(
            async (row) => [row.id, row.filename instanceof Uint8Array ? null : await placeOf(row)] as const,
          ),
        ),
      )
      const records = found.map((placement) =>
        recordOf('attachment', 'attachment', rowName(placement), () => {
          const row = attachments.get(placement.attachment)
          const place = places.get(placement.attachment)
          if (row === undefined || place === undefined || place === null)
            throw new Error('The row names its file with bytes.')
          const part = placement.message === 0 ? null : partsOf(placement.message).get(String(row.guid))
          return attachmentOf(row, placement, twins.guidOf(row), {
            unavailable: place.unavailable,
            part: part ?? null,
          })
        }),
      )
      return { records, position: [last.attachment, last.message] }
    },
    async place(record) {
      if (record.parent !== null && record.parent.type !== 'message') return null
      const row = twins.find(record)
      if (row === null) return null
      const [found] = database.guard(() => rows<FileRow>(fileRow.all(row)))
      return found === undefined ? null : placeOf(found)
    },
  }
}

function attachmentOf(
  row: AttachmentRow,
  placement: Placement,
  guid: string,
  found: { readonly unavailable: SkipReason | null; readonly part: number | null },
): AttachmentRecord {
  return {
    type: 'attachment',
    key: `${guid}@${placement.guid ?? ''}`,
    guid,
    parent: placement.guid === null ? null : { type: 'message', key: placement.guid },
    name: textOf(row.transferName) ?? basenameOf(textOf(row.filename)),
    mimeType: textOf(row.mimeType),
    uti: textOf(row.uti),
    isSticker: (numberIn(row.isSticker, 'is_sticker') ?? 0) !== 0,
    createdAt: dateIn(row.createdAt, 'created_date'),
    claimedBytes: numberIn(row.totalBytes, 'total_bytes'),
    unavailable: found.unavailable,
    part: found.part,
  }
}

/** An attachment on several messages is several records, and stays so when it cannot be decoded. */
function rowName({ attachment, message }: Placement): string {
  return message === 0 ? String(attachment) : `${attachment}@${message}`
}

function basenameOf(filename: string | null): string | null {
  const name = filename?.split('/').at(-1) ?? ''
  return name === '' ? null : name
}

/** Whether the phone had moved a file to iCloud: it has a record there, and the file waits to be loaded. */
function isOffloaded(row: FileRow): boolean {
  return (
    numberOf(row.transferState) === waiting && typeof row.cloudRecord === 'string' && row.cloudRecord !== ''
  )
}

function fileColumns(columns: ReadonlySet<string>): string {
  return [
    columnOrNull(columns, 'a', 'filename'),
    columnOrNull(columns, 'a', 'transfer_state', 'transferState'),
    columnOrNull(columns, 'a', 'ck_record_id', 'cloudRecord'),
  ].join(', ')
}

/** An attachment on several messages is one file. What waits in iCloud is counted too: to leave it out, every file would be looked for. */
const selectClaimed =
  "SELECT total(total_bytes) AS bytes FROM attachment WHERE ROWID > ? AND typeof(total_bytes) = 'integer' AND total_bytes > 0"

function selectAttachments(columns: ReadonlySet<string>): string {
  const column = (name: string, as: string) => columnOrNull(columns, 'a', name, as)
  return `SELECT a.ROWID AS id, a.guid AS guid,
    ${fileColumns(columns)}, ${column('transfer_name', 'transferName')}, ${column('mime_type', 'mimeType')},
    ${column('uti', 'uti')}, ${column('is_sticker', 'isSticker')}, ${column('total_bytes', 'totalBytes')},
    ${columns.has('created_date') ? unixMillisSql('a.created_date', 'a.created_date') : 'NULL'} AS createdAt
    FROM attachment a WHERE a.ROWID BETWEEN ? AND ? ORDER BY a.ROWID`
}
