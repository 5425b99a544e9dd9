import { number } from '../fields.js'
import type { LibraryDatabase } from '../library-database.js'

/** Names of the lists that an audit makes for itself, as SQL has them. */
export interface AuditLists {
  /** Rows that the items of an import say it wrote: `type`, `row`. */
  readonly listed: string
  /** Rows that name the import, and that no item of it lists: `type`, `row`. */
  readonly unlisted: string
  /** Handles that the items of an import name: `handle`, `is_own`. */
  readonly handles: string
  /** What was noted as deleted on the phone, and what the items of imports say of it. */
  readonly notes: string
}

/**
 * Takes lists that no other audit of this connection has. Several may be under way on it at a time, for an app verifies its library
 * while a run does; each rests between its pages, and would find the other's rows in lists of one name. They are tables of the connection
 * alone, so a library that is opened read-only has them, too.
 */
export function takeLists(db: LibraryDatabase): {
  readonly lists: AuditLists
  readonly giveBack: () => void
} {
  db.run('CREATE TEMP TABLE IF NOT EXISTS audits (slot INTEGER PRIMARY KEY)')
  // The lowest that is free: the names, and the statements that are kept for them, are as few as audits were ever under way at once.
  const free = db.get(
    `SELECT min(slot) AS slot FROM (SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM temp.audits)
     WHERE slot NOT IN (SELECT slot FROM temp.audits)`,
  )
  const slot = free === null ? 0 : number(free, 'slot')
  db.run('INSERT INTO temp.audits VALUES (?)', slot)
  const nameOf = (list: string): string => `temp.audit_${list}_${slot}`
  const lists = {
    listed: nameOf('listed'),
    unlisted: nameOf('unlisted'),
    handles: nameOf('handles'),
    notes: nameOf('notes'),
  }
  const giveBack = (): void => {
    for (const list of Object.values(lists)) db.run(`DROP TABLE IF EXISTS ${list}`)
    db.run('DELETE FROM temp.audits WHERE slot = ?', slot)
  }
  return { lists, giveBack }
}

/** Makes a list that holds each `key` once, or empties it. */
export function beginList(db: LibraryDatabase, list: string, columns: string, key: string): void {
  db.run(`CREATE TABLE IF NOT EXISTS ${list} (${columns}, PRIMARY KEY (${key})) WITHOUT ROWID`)
  db.run(`DELETE FROM ${list}`)
}
