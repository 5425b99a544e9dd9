import type { AttachmentRecord } from '@holdfast/core/import'
import { DecodeFailure } from '../../decoding/decoding.js'
import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import type { PartTable } from '../parts/backup-part.js'
import type { ContentPlace } from '../parts/content-place.js'
import { bytesOf, numberOf, type RecordTable, recordOf, rowsBehind } from '../record-table.js'
import type { ContactIds } from './contact-ids.js'

/** More than any phone keeps of a face; a larger one would have to be held in memory whole. */
const mostBytes = 64 * 1024 * 1024

interface ImageRow {
  readonly id: number
  readonly person: SqlValue
  readonly format: SqlValue
  readonly bytes: SqlValue
  readonly head: SqlValue
}

/** The images of an open AddressBookImages.sqlitedb. */
export interface ContactImages {
  readonly tables: readonly PartTable[]
  /** Where the content of a record is; null when it is no image of a contact. */
  place(record: AttachmentRecord): ContentPlace | null
}

interface ImageTable extends RecordTable {
  /** Content by the guid of its record; null when the table has no such image. */
  content(guid: string): Uint8Array | null
}

/**
 * The photos of contacts as attachments: `ABFullSizeImage` and `ABThumbnailImage(record_id, format, data)`, the images themselves
 * in column `data`. Their guids are `<contact>/photo` and `<contact>/thumbnail-<format>`: an image that was replaced replaces the
 * one of an earlier import.
 */
export function openContactImages(database: BackupDatabase, ids: ContactIds): ContactImages {
  const photos = openImages(database, 'ABFullSizeImage', 'photo', ids)
  const thumbnails = openImages(database, 'ABThumbnailImage', 'thumbnail', ids)
  const tables: PartTable[] = []
  if (photos !== null) tables.push({ name: 'photos', counts: 'attachments', table: photos })
  if (thumbnails !== null) tables.push({ name: 'thumbnails', counts: 'attachments', table: thumbnails })
  return {
    tables,
    place({ parent, guid }) {
      if (parent !== null && parent.type !== 'contact') return null
      const bytes = photos?.content(guid) ?? thumbnails?.content(guid) ?? null
      return bytes === null ? null : { bytes, unavailable: null }
    },
  }
}

function openImages(
  database: BackupDatabase,
  table: string,
  what: string,
  ids: ContactIds,
): ImageTable | null {
  const columns = database.columns(table)
  if (columns === null || !columns.has('record_id') || !columns.has('data')) return null
  const format = columns.has('format') ? 'format' : 'NULL'
  const select = database.guard(() =>
    database.prepare(`SELECT ROWID AS id, record_id AS person, ${format} AS format,
      CASE WHEN typeof(data) IN ('blob', 'null') THEN coalesce(length(data), 0) END AS bytes, substr(data, 1, 16) AS head
      FROM ${table} WHERE ROWID > ? ORDER BY ROWID LIMIT ?`),
  )
  const data = database.guard(() => database.prepare(`SELECT data FROM ${table} WHERE ROWID = ?`))
  const guids = openGuids(database, table, format, (person, ofFormat) =>
    [`${ids.idOf(person)}/${what}`, ...(ofFormat === null ? [] : [ofFormat])].join('-'),
  )
  return {
    total: () => database.count(table),
    page(after, limit) {
      const page = rowsBehind<ImageRow>(database, select, after, limit)
      if (page === null) return null
      return {
        position: [page.last],
        records: page.found.map((row) =>
          recordOf('attachment', table, row.id, () => imageOf(row, guids().byRow.get(row.id), ids)),
        ),
      }
    },
    content(guid) {
      const row = guids().byGuid.get(guid)
      return row === undefined ? null : dataOf(database, data, row)
    },
  }
}

function imageOf(row: ImageRow, guid: string | undefined, ids: ContactIds): AttachmentRecord {
  const person = numberOf(row.person)
  const bytes = numberOf(row.bytes)
  if (guid === undefined || person === null) throw new DecodeFailure('The image names no person.')
  if (bytes === null) throw new DecodeFailure('A column that should hold an image holds text or a number.')
  if (bytes > mostBytes) throw new DecodeFailure(`The image has ${bytes} bytes.`)
  // What a contact that was deleted left behind hangs on nothing.
  const parent = ids.has(person) ? ({ type: 'contact', key: ids.idOf(person) } as const) : null
  return {
    type: 'attachment',
    key: `${guid}@${parent?.key ?? ''}`,
    guid,
    parent,
    part: null,
    name: null,
    mimeType: mimeTypeOf(bytesOf(row.head)),
    uti: null,
    isSticker: false,
    createdAt: null,
    claimedBytes: bytes,
    unavailable: bytes === 0 ? 'no-path' : null,
  }
}

interface Guids {
  readonly byRow: ReadonlyMap<number, string>
  readonly byGuid: ReadonlyMap<string, number>
}

/** Guids of the images, made when they are first asked for. A second image for the same use carries its row id behind the guid. */
function openGuids(
  database: BackupDatabase,
  table: string,
  format: string,
  guidOf: (person: number, format: number | null) => string,
): () => Guids {
  let guids: Guids | null = null
  return () => {
    if (guids !== null) return guids
    const byRow = new Map<number, string>()
    const byGuid = new Map<string, number>()
    const found = database.guard(() =>
      rows<{ id: number; person: SqlValue; format: SqlValue }>(
        database
          .prepare(
            `SELECT ROWID AS id, record_id AS person, ${format} AS format FROM ${table} ORDER BY ROWID`,
          )
          .all(),
      ),
    )
    for (const { id, person, format: ofFormat } of found) {
      const row = numberOf(person)
      if (row === null) continue
      const first = guidOf(row, numberOf(ofFormat))
      const guid = byGuid.has(first) ? `${first}#${id}` : first
      byRow.set(id, guid)
      byGuid.set(guid, id)
    }
    guids = { byRow, byGuid }
    return guids
  }
}

function dataOf(database: BackupDatabase, statement: SqliteStatement, row: number): Uint8Array | null {
  const [found] = database.guard(() => rows<{ data: SqlValue }>(statement.all(row)))
  return bytesOf(found?.data ?? null)
}

/** By the first bytes, because nothing else says; null for what is none of the formats that phones write. */
function mimeTypeOf(head: Uint8Array | null): string | null {
  if (head === null) return null
  const text = Buffer.from(head).toString('latin1')
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  return /^....ftyp(?:heic|heix|mif1|msf1)/s.test(text) ? 'image/heic' : null
}
