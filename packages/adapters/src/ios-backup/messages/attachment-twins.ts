import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { requiredText, textOf } from '../record-table.js'

/**
 * Tells attachments with the same guid apart. The phone's schema forbids such twins; where a database has them, all but the one with
 * the lowest row id get a guid with `#<row id>` behind it, so that no key is there twice.
 */
export class GuidTwins {
  readonly #database: BackupDatabase
  readonly #firstOf: SqliteStatement
  readonly #guidOf: SqliteStatement
  readonly #unique: boolean
  readonly #table: string

  constructor(database: BackupDatabase) {
    this.#database = database
    this.#unique = database.isUnique('attachment', ['guid'])
    this.#table = this.#unique ? 'attachment' : indexedGuids(database)
    const row = this.#unique ? 'ROWID' : 'id'
    this.#firstOf = database.guard(() =>
      database.prepare(`SELECT min(${row}) AS id FROM ${this.#table} WHERE guid = ?`),
    )
    this.#guidOf = database.guard(() => database.prepare('SELECT guid FROM attachment WHERE ROWID = ?'))
  }

  /** The guid of an attachment's record: that of its row, told apart where it is a twin. */
  guidOf(row: { readonly id: number; readonly guid: SqlValue }): string {
    const guid = requiredText(row.guid, 'guid')
    return this.#unique || this.#first(row.guid) === row.id ? guid : `${guid}#${row.id}`
  }

  /** Row id of the attachment whose record has this guid; null when the database holds none. */
  find(guid: string): number | null {
    const first = this.#first(guid)
    if (first !== null || this.#unique) return first
    const id = Number(/#(\d{1,16})$/.exec(guid)?.[1] ?? Number.NaN)
    if (!Number.isSafeInteger(id)) return null
    const [row] = this.#database.guard(() => rows<{ guid: SqlValue }>(this.#guidOf.all(id)))
    const own = row === undefined || row.guid instanceof Uint8Array ? null : textOf(row.guid)
    // What has such an ending of its own, as a file inside of a folder may, is no twin.
    return own !== null && `${own}#${id}` === guid ? id : null
  }

  #first(guid: SqlValue): number | null {
    return this.#database.guard(() => rows<{ id: number | null }>(this.#firstOf.all(guid))[0]?.id ?? null)
  }
}

/** A temporary table in memory that finds attachments by guid where the database itself has no index for that. */
function indexedGuids(database: BackupDatabase): string {
  database.guard(() => {
    database.prepare('CREATE TEMP TABLE IF NOT EXISTS attachment_guids (guid, id INTEGER)').run()
    database
      .prepare(
        'INSERT INTO temp.attachment_guids SELECT guid, ROWID FROM main.attachment WHERE guid IS NOT NULL',
      )
      .run()
    database
      .prepare('CREATE INDEX IF NOT EXISTS temp.attachment_by_guid ON attachment_guids (guid, id)')
      .run()
  })
  return 'temp.attachment_guids'
}
