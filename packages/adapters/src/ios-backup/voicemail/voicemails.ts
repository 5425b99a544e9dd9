import type { VoicemailRecord } from '@holdfast/core/import'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { unixMillis, wholeMillis } from '../database/cocoa-time.js'
import { type HomeRegion, handleOfPhone } from '../phone-numbers/phone-number.js'
import { columnOrNull, numberOf, type RecordTable, recordOf, textOf } from '../record-table.js'

interface VoicemailRow {
  readonly id: number
  readonly date: SqlValue
  readonly sender: SqlValue
  readonly callback: SqlValue
  readonly seconds: SqlValue
  readonly trashed: SqlValue
}

/** The voicemails of voicemail.db, whose table has these columns. Numbers without a country are taken to be of `region`. */
export function openVoicemails(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
  region: HomeRegion,
): RecordTable {
  const column = (name: string, as: string) => columnOrNull(columns, 'v', name, as)
  const select = database.guard(() =>
    database.prepare(`SELECT v.ROWID AS id, ${column('date', 'date')}, ${column('sender', 'sender')},
      ${column('callback_num', 'callback')}, ${column('duration', 'seconds')}, ${column('trashed_date', 'trashed')}
      FROM voicemail v WHERE v.ROWID > ? ORDER BY v.ROWID LIMIT ?`),
  )
  return {
    total: () => database.count('voicemail'),
    page(after, limit) {
      const voicemails = database.guard(() =>
        rows<VoicemailRow>(select.all(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit)),
      )
      const last = voicemails.at(-1)
      if (last === undefined) return null
      return {
        position: [last.id],
        records: voicemails.map((row) =>
          recordOf('voicemail', 'voicemail', row.id, () => voicemailOf(row, region)),
        ),
      }
    },
  }
}

/** What a voicemail is known by: its row, which also names its recording. */
export function voicemailId(row: number): string {
  return `voicemail-${row}`
}

function voicemailOf(row: VoicemailRow, region: HomeRegion): VoicemailRecord {
  const handleOf = (text: string | null) => (text === null ? null : handleOfPhone(text, region))
  const id = voicemailId(row.id)
  const date = numberOf(row.date)
  const seconds = numberOf(row.seconds)
  const trashed = numberOf(row.trashed)
  return {
    type: 'voicemail',
    key: id,
    id,
    sender: handleOf(textOf(row.sender)),
    callbackNumber: handleOf(textOf(row.callback)),
    // Two clocks in one row: this one is unix time, that of the deletion is Apple's.
    receivedAt: date === null || date === 0 ? null : wholeMillis(date * 1000),
    durationMs: seconds === null ? null : Math.round(seconds * 1000),
    trashedAt: trashed === null || trashed === 0 ? null : unixMillis(trashed),
    // The bits of `flags` are told differently by those who looked at them.
    isRead: null,
  }
}
