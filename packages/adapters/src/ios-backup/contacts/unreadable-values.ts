import type { UnreadableRecord } from '@holdfast/core/import'
import { type BackupDatabase, rows } from '../database/backup-database.js'
import { emptyTable, type RecordTable } from '../record-table.js'
import { pointKinds } from './points.js'

/**
 * Values of contacts that are bytes where the phone keeps text. Their contacts come without them, so each is told as unreadable, in a
 * table of its own. Properties that are not read are not told: what they hold is no loss of what is.
 */
export function openUnreadableValues(database: BackupDatabase): RecordTable {
  const columns = database.columns('ABMultiValue')
  if (columns === null || !columns.has('uid') || !columns.has('value')) return emptyTable
  const isKnown = columns.has('property') ? `property IN (${Object.keys(pointKinds).join(', ')})` : 'true'
  const bad = `typeof(value) = 'blob' AND ${isKnown}`
  const count = database.guard(() =>
    database.prepare(`SELECT count(*) AS total FROM ABMultiValue WHERE ${bad}`),
  )
  const select = database.guard(() =>
    database.prepare(`SELECT UID AS uid FROM ABMultiValue WHERE ${bad} AND UID > ? ORDER BY UID LIMIT ?`),
  )
  return {
    total: () => database.guard(() => rows<{ total: number }>(count.all())[0]?.total ?? 0),
    page(after, limit) {
      const found = database.guard(() =>
        rows<{ uid: number }>(select.all(after?.[0] ?? Number.MIN_SAFE_INTEGER, limit)),
      )
      const last = found.at(-1)
      return last === undefined
        ? null
        : { position: [last.uid], records: found.map(({ uid }) => unreadableValue(uid)) }
    },
  }
}

function unreadableValue(uid: number): UnreadableRecord {
  const [of, table, row] = ['contact', 'ABMultiValue', String(uid)] as const
  const problem = 'A column that should hold text holds bytes.'
  return { type: 'unreadable', key: `${of}:${table}:${row}`, of, table, row, problem }
}
