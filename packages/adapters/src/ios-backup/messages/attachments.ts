import type { AttachmentRecord } from '@holdfast/core/import'
import type { BackupDatabase } from '../database/backup-database.js'
import type { PartSource } from '../parts/backup-part.js'
import type { ContentPlace } from '../parts/content-place.js'
import { numberOf, type Page, type RecordTable, recordOf, sumOf, textOf } from '../record-table.js'
import { attachmentPath } from './attachment-path.js'
import type { Placement } from './attachment-placements.js'
import type { AttachmentFileRow, AttachmentRows } from './attachment-rows.js'

/** `transfer_state` of a file that waits to be loaded. */
const waiting = 0

/** Attachments of sms.db, one record per message that they are on. */
export interface AttachmentTable extends RecordTable {
  /**
   * Where the content of a record is, found from nothing but the record: in whatever process it was read. Of a record that a page gave
   * it is where it was found for the page: whoever opens it finds out whether it is there still. Null for a record of something else.
   *
   * @throws HoldfastError `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, `MESSAGES_DAMAGED`, `MANIFEST_DAMAGED`.
   */
  place(record: AttachmentRecord): Promise<ContentPlace | null>
}

/** Opens the attachments of a database whose `attachment` table has these columns. */
export function openAttachments(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
  table: AttachmentRows,
  source: PartSource,
): AttachmentTable {
  const { placements, twins } = table
  /** To find a place takes two statements and a look at the disk, which the page has just had. */
  const placesOfPages = new WeakMap<AttachmentRecord, ContentPlace>()

  async function placeOf(row: AttachmentFileRow): Promise<ContentPlace> {
    const path = attachmentPath(textOf(row.filename))
    const place = typeof path === 'string' ? { unavailable: path } : await source.placeOf(path)
    const isNowhere = place.unavailable === 'no-path' || place.unavailable === 'not-in-backup'
    if (isNowhere && isOffloaded(row)) return { unavailable: 'offloaded' }
    const isFolder =
      place.unavailable === 'invalid-path' &&
      typeof path !== 'string' &&
      source.areFolders([path]).includes(true)
    return isFolder ? { unavailable: 'is-directory' } : place
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
      const attachments = table.between(first.attachment, last.attachment)
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
          const record = table.recordOf(row, placement, place.unavailable)
          placesOfPages.set(record, place)
          return record
        }),
      )
      return { records, position: [last.attachment, last.message] }
    },
    async place(record) {
      const known = placesOfPages.get(record)
      if (known !== undefined) return known
      if (record.parent !== null && record.parent.type !== 'message') return null
      const row = twins.find(record.guid)
      const found = row === null ? undefined : table.fileOf(row)
      return found === undefined ? null : placeOf(found)
    },
  }
}

/** An attachment on several messages is several records, and stays so when it cannot be decoded. */
function rowName({ attachment, message }: Placement): string {
  return message === 0 ? String(attachment) : `${attachment}@${message}`
}

/** Whether the phone had moved a file to iCloud: it has a record there, and the file waits to be loaded. */
function isOffloaded(row: AttachmentFileRow): boolean {
  return (
    numberOf(row.transferState) === waiting && typeof row.cloudRecord === 'string' && row.cloudRecord !== ''
  )
}

/** An attachment on several messages is one file. What waits in iCloud is counted too: to leave it out, every file would be looked for. */
const selectClaimed =
  "SELECT total(total_bytes) AS bytes FROM attachment WHERE ROWID > ? AND typeof(total_bytes) = 'integer' AND total_bytes > 0"
