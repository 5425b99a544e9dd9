import type { AttachmentRecord } from '@holdfast/core/import'
import { type BackupDatabase, rows } from '../database/backup-database.js'
import type { PhonePath } from '../manifest/file-id.js'
import type { PartSource } from '../parts/backup-part.js'
import type { ContentPlace } from '../parts/content-place.js'
import type { RecordTable } from '../record-table.js'
import { voicemailId } from './voicemails.js'

/** The recordings of voicemails: one record for each row, also where the backup has no file for it. */
export function openRecordings(database: BackupDatabase, source: PartSource): RecordTable {
  const select = database.guard(() =>
    database.prepare('SELECT v.ROWID AS id FROM voicemail v WHERE v.ROWID > ? ORDER BY v.ROWID LIMIT ?'),
  )
  return {
    total: () => database.count('voicemail'),
    async page(after, limit) {
      const voicemails = database.guard(() =>
        rows<{ id: number }>(select.all(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit)),
      )
      const last = voicemails.at(-1)
      if (last === undefined) return null
      const records = await Promise.all(
        voicemails.map(async ({ id }) => recordingOf(id, await source.placeOf(recordingFile(id)))),
      )
      return { records, position: [last.id] }
    },
  }
}

/** The file of a recording; null when the record is of something else. */
export function recordingFileOf(record: AttachmentRecord): PhonePath | null {
  const row = /^voicemail-(-?\d{1,15})$/.exec(record.guid)?.[1]
  return row === undefined ? null : recordingFile(Number(row))
}

/** The phone names a recording by the row of its voicemail. */
function recordingFile(row: number): PhonePath {
  return { domain: 'HomeDomain', relativePath: `Library/Voicemail/${row}.amr` }
}

function recordingOf(row: number, { unavailable }: ContentPlace): AttachmentRecord {
  const id = voicemailId(row)
  return {
    type: 'attachment',
    key: `${id}@${id}`,
    guid: id,
    parent: { type: 'voicemail', key: id },
    name: `${row}.amr`,
    mimeType: 'audio/amr',
    uti: null,
    isSticker: false,
    createdAt: null,
    claimedBytes: null,
    unavailable,
    part: null,
  }
}
