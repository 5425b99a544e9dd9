import type { CallRecord } from '@holdfast/core/import'
import { DecodeFailure } from '../../decoding/decoding.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { unixMillisSql, wholeMillis } from '../database/cocoa-time.js'
import { type HomeRegion, handleOfPhone } from '../phone-numbers/phone-number.js'
import { columnOrNull, numberOf, type RecordTable, recordOf, rowsBehind } from '../record-table.js'
import { writtenText } from '../written-text.js'
import { openParticipants } from './participants.js'

interface CallRow {
  readonly id: number
  readonly uniqueId: SqlValue
  readonly startedAt: SqlValue
  readonly seconds: SqlValue
  readonly address: SqlValue
  readonly originated: SqlValue
  readonly answered: SqlValue
  readonly callType: SqlValue
  readonly provider: SqlValue
}

/** `ZCALLRECORD.ZCALLTYPE`; 0 is an app of another provider. */
const media: Readonly<Record<number, CallRecord['medium']>> = {
  1: 'phone',
  8: 'facetime-video',
  16: 'facetime-audio',
}

/** The calls of CallHistory.storedata, whose table of calls has these columns. Numbers without a country are taken to be of `region`. */
export function openCalls(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
  region: HomeRegion,
): RecordTable {
  const column = (name: string, as: string) => columnOrNull(columns, 'c', name, as)
  const select = database.guard(() =>
    database.prepare(`SELECT c.ROWID AS id, ${column('ZUNIQUE_ID', 'uniqueId')},
      ${columns.has('zdate') ? unixMillisSql('c.ZDATE') : 'NULL'} AS startedAt, ${column('ZDURATION', 'seconds')},
      ${column('ZADDRESS', 'address')}, ${column('ZORIGINATED', 'originated')}, ${column('ZANSWERED', 'answered')},
      ${column('ZCALLTYPE', 'callType')}, ${column('ZSERVICE_PROVIDER', 'provider')}
      FROM ZCALLRECORD c WHERE c.ROWID > ? ORDER BY c.ROWID LIMIT ?`),
  )
  const participantsOf = openParticipants(database)
  const twins = columns.has('zunique_id') ? twinsOf(database) : new Set<number>()
  return {
    total: () => database.count('ZCALLRECORD'),
    page(after, limit) {
      const page = rowsBehind<CallRow>(database, select, after, limit)
      if (page === null) return null
      const participants = participantsOf(page.first, page.last)
      return {
        position: [page.last],
        records: page.found.map((row) =>
          recordOf('call', 'ZCALLRECORD', row.id, () =>
            callOf(row, { participants: participants.get(row.id) ?? [], isTwin: twins.has(row.id), region }),
          ),
        ),
      }
    },
  }
}

/** Row ids of calls whose unique id an earlier one has already: they go by their row id, so that no key is there twice. */
function twinsOf(database: BackupDatabase): ReadonlySet<number> {
  const twins = database.guard(() =>
    rows<{ id: number }>(
      database
        .prepare(`SELECT ROWID AS id FROM ZCALLRECORD WHERE ZUNIQUE_ID IS NOT NULL
          AND ROWID NOT IN (SELECT min(ROWID) FROM ZCALLRECORD GROUP BY ZUNIQUE_ID)`)
        .all(),
    ),
  )
  return new Set(twins.map(({ id }) => id))
}

function callOf(
  row: CallRow,
  known: {
    readonly participants: readonly SqlValue[]
    readonly isTwin: boolean
    readonly region: HomeRegion
  },
): CallRecord {
  const { participants, isTwin, region } = known
  const id = (isTwin ? null : writtenText(row.uniqueId)) ?? `call-${row.id}`
  const originated = numberOf(row.originated)
  if (originated === null) throw new DecodeFailure('The row does not say who called whom.')
  const startedAt = numberOf(row.startedAt)
  const seconds = numberOf(row.seconds)
  // One other is in the row itself, several are in the table of participants; the newer systems write both for one.
  const address = writtenText(row.address)
  const medium = media[numberOf(row.callType) ?? 0] ?? 'other'
  // To another app the same digits may be a number of its own.
  const handleOf = (text: string) => (medium === 'other' ? text : handleOfPhone(text, region))
  const written = participants.map(writtenText).filter((handle) => handle !== null)
  const handles = new Set(written.map(handleOf))
  return {
    type: 'call',
    key: id,
    id,
    startedAt: startedAt === null ? null : wholeMillis(startedAt),
    durationMs: seconds === null ? null : Math.round(seconds * 1000),
    direction: originated === 0 ? 'incoming' : 'outgoing',
    // Of a call that it made the phone does not note whether it was answered, but how long it took.
    isAnswered: (numberOf(row.answered) ?? 0) !== 0 || (originated !== 0 && (seconds ?? 0) > 0),
    medium,
    service: writtenText(row.provider),
    handles: handles.size > 0 ? [...handles] : address === null ? [] : [handleOf(address)],
  }
}
