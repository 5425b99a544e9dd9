import type { SqlValue } from '../database/backup-database.js'
import type { PartSource } from '../parts/backup-part.js'
import type { ContentPlace } from '../parts/content-place.js'
import { type RecordTable, recordOf, textOf } from '../record-table.js'
import { mediaRecord } from './media.js'
import { mediaPath } from './media-path.js'
import type { MediaRow, MediaRows } from './media-rows.js'
import type { MessageGuids } from './message-guids.js'

/** What media are told with. */
export interface MediaContext {
  readonly guids: MessageGuids
  /** Domain of the app's shared folder. */
  readonly domain: string
  readonly prefix: string
  readonly source: PartSource
}

/** The files of messages, one record for each media item that is a file or should have one. */
export function openMedia(media: MediaRows, context: MediaContext): RecordTable {
  const recordFor = async (row: MediaRow) => {
    // Bytes in place of a path are told when the record is made.
    const place = row.localPath instanceof Uint8Array ? null : await placeOfMedia(row.localPath, context)
    return recordOf('attachment', `${context.prefix}.ZWAMEDIAITEM`, row.id, () =>
      mediaRecord(row, { ...context, unavailable: place?.unavailable ?? null }),
    )
  }
  return {
    total: () => media.total(),
    claimedBytes: (after) => media.claimedBytes(after?.[0] ?? Number.MIN_SAFE_INTEGER),
    async page(after, limit) {
      const found = media.after(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit)
      const last = found.at(-1)
      if (last === undefined) return null
      return { records: await Promise.all(found.map(recordFor)), position: [last.id] }
    },
  }
}

/** Where the content of a media item is whose path is in a column. */
export async function placeOfMedia(localPath: SqlValue, context: MediaContext): Promise<ContentPlace> {
  const path = mediaPath(textOf(localPath))
  if (typeof path === 'string') return { unavailable: path }
  return context.source.placeOf({ domain: context.domain, relativePath: path.relativePath })
}
