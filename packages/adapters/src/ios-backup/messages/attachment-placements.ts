import { type BackupDatabase, rows } from '../database/backup-database.js'
import { openJoinTable } from '../database/join-table.js'
import type { Position } from '../record-table.js'

/** An attachment on a message; the message's row id is 0 where the attachment is on none. */
export interface Placement {
  readonly attachment: number
  readonly message: number
  /** guid of the message. */
  readonly guid: string | null
}

/** Pairs of attachments and messages, in the order of both row ids. */
export interface Placements {
  /** How many pairs there are. Throws the damage code. */
  total(): number
  /** At most `limit` pairs behind a position. Throws what the driver throws. */
  after(position: Position | null, limit: number): readonly Placement[]
}

// A message without a guid cannot be referred to: it is yielded as unreadable, and its attachments are on no message.
const named = "typeof(m.guid) = 'text' AND m.guid <> ''"

/**
 * Pairs of attachments and the messages that they are on, in the order of both row ids. An attachment on no message that exists
 * (there are such: drafts, and leftovers of deletions) is a pair with message 0.
 */
export function openPlacements(database: BackupDatabase): Placements {
  const join = openJoinTable(database, 'message_attachment_join', 'attachment_id', 'message_id')
  if (join === null) return openLonely(database)
  const onMessages = `${join.from} j JOIN message m ON m.ROWID = j.${join.other} AND ${named}`
  // The pairs of one attachment, and for each further attachment its pairs: so the order comes from row ids and nothing large is sorted.
  const ofOne = database.guard(() =>
    database.prepare(`SELECT ? AS attachment, m.ROWID AS message, m.guid AS guid FROM ${onMessages}
      WHERE j.${join.by} = ? AND m.ROWID > ? ORDER BY m.ROWID LIMIT ?`),
  )
  const further = database.guard(() =>
    database.prepare(`SELECT a.id AS attachment, coalesce(m.ROWID, 0) AS message, m.guid AS guid
      FROM (SELECT ROWID AS id FROM attachment WHERE ROWID > ? ORDER BY ROWID LIMIT ?) a
      LEFT JOIN ${join.from} j ON j.${join.by} = a.id
        AND EXISTS (SELECT 1 FROM message m WHERE m.ROWID = j.${join.other} AND ${named})
      LEFT JOIN message m ON m.ROWID = j.${join.other}
      ORDER BY a.id, m.ROWID LIMIT ?`),
  )
  return {
    total() {
      // Counted on the pages of the table itself; the numbers below come from indexes.
      const attachments = database.count('attachment')
      return database.guard(() => {
        const [pairs] = rows<{ pairs: number; placed: number }>(
          database
            .prepare(
              `SELECT count(*) AS pairs, count(DISTINCT a.ROWID) AS placed FROM attachment a
                JOIN (${onMessages}) ON j.${join.by} = a.ROWID`,
            )
            .all(),
        )
        return attachments + (pairs?.pairs ?? 0) - (pairs?.placed ?? 0)
      })
    },
    after(position, limit) {
      const [attachment, message] = position ?? []
      const rest =
        attachment === undefined || message === undefined
          ? []
          : rows<Placement>(ofOne.all(attachment, attachment, message, limit))
      if (rest.length === limit) return rest
      return [
        ...rest,
        ...rows<Placement>(further.all(attachment ?? Number.MIN_SAFE_INTEGER, limit, limit - rest.length)),
      ]
    },
  }
}

/** Without a table that joins them, every attachment is on no message. */
function openLonely(database: BackupDatabase): Placements {
  const select = database.guard(() =>
    database.prepare(`SELECT ROWID AS attachment, 0 AS message, NULL AS guid FROM attachment
      WHERE ROWID > ? ORDER BY ROWID LIMIT ?`),
  )
  return {
    total: () => database.count('attachment'),
    after: (position, limit) => rows<Placement>(select.all(position?.[0] ?? Number.MIN_SAFE_INTEGER, limit)),
  }
}
