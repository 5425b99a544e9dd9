import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import { columnOrNull, sumOf } from '../record-table.js'
import { fileTypes } from './message-types.js'

/** A media item that has a file, or should have one, and the message that it is on. */
export interface MediaRow {
  readonly id: number
  /** Row id of the message; null where the item is on none that exists. */
  readonly message: number | null
  readonly chat: SqlValue
  readonly stanza: SqlValue
  readonly type: SqlValue
  /** 1 for an item that is not the first of its message. */
  readonly further: number
  readonly localPath: SqlValue
  readonly title: SqlValue
  readonly mimeType: SqlValue
  readonly bytes: SqlValue
}

const noted = 'temp.media_on_messages'

/**
 * The media items that are files. In newer versions every message has a row in `ZWAMEDIAITEM`, for its metadata: so those that have a
 * path, or are on a message of a type that has a file, are noted in a temporary table in memory (some 80 bytes each), which also finds
 * them by their message.
 */
export class MediaRows {
  readonly #database: BackupDatabase
  readonly #select: SqliteStatement
  readonly #byMessage: SqliteStatement
  readonly #byStanza: SqliteStatement
  readonly #path: SqliteStatement
  readonly #claimed: SqliteStatement | null

  constructor(database: BackupDatabase, columns: ReadonlySet<string>, messageColumns: ReadonlySet<string>) {
    this.#database = database
    note(database, columns, messageColumns)
    const column = (name: string, as: string) => columnOrNull(columns, 'd', name, as)
    const prepare = (sql: string) => database.guard(() => database.prepare(sql))
    this.#select =
      prepare(`SELECT n.id AS id, n.message AS message, n.chat AS chat, n.stanza AS stanza, n.type AS type,
      n.further AS further, ${column('ZMEDIALOCALPATH', 'localPath')}, ${column('ZTITLE', 'title')},
      ${column('ZVCARDSTRING', 'mimeType')}, ${column('ZFILESIZE', 'bytes')}
      FROM ${noted} n JOIN ZWAMEDIAITEM d ON d.ROWID = n.id WHERE n.id > ? ORDER BY n.id LIMIT ?`)
    this.#byMessage = prepare(`SELECT min(id) AS id FROM ${noted} WHERE message = ?`)
    this.#byStanza = prepare(
      `SELECT id FROM ${noted} WHERE stanza = ? AND chat = ? ORDER BY message, id LIMIT 1`,
    )
    this.#claimed = columns.has('zfilesize')
      ? prepare(`SELECT total(d.ZFILESIZE) AS bytes FROM ${noted} n JOIN ZWAMEDIAITEM d ON d.ROWID = n.id
          WHERE n.id > ? AND typeof(d.ZFILESIZE) = 'integer' AND d.ZFILESIZE > 0`)
      : null
    this.#path = prepare(`SELECT ${column('ZMEDIALOCALPATH', 'localPath')} FROM ${noted} n
      JOIN ZWAMEDIAITEM d ON d.ROWID = n.id WHERE n.id = ?`)
  }

  /** How many there are. Throws the damage code. */
  total(): number {
    // Finds pages that lost their rows.
    this.#database.count('ZWAMEDIAITEM')
    return this.#database.guard(
      () =>
        rows<{ total: number }>(this.#database.prepare(`SELECT count(*) AS total FROM ${noted}`).all())[0]
          ?.total ?? 0,
    )
  }

  /** Bytes that the items behind a row id claim. */
  claimedBytes(id: number): number {
    const claimed = this.#claimed
    return claimed === null ? 0 : this.#database.guard(() => sumOf(claimed, id))
  }

  /** At most `limit` items behind a row id. */
  after(id: number, limit: number): readonly MediaRow[] {
    return this.#database.guard(() => rows<MediaRow>(this.#select.all(id, limit)))
  }

  /** Row of the first item of a message, which is told by its row or by its conversation and stanza id; null when there is none. */
  firstOf(
    message: { readonly row: number } | { readonly chat: number; readonly stanza: string },
  ): number | null {
    const found = this.#database.guard(() =>
      rows<{ id: number | null }>(
        'row' in message
          ? this.#byMessage.all(message.row)
          : this.#byStanza.all(message.stanza, message.chat),
      ),
    )
    return found[0]?.id ?? null
  }

  /** The path of an item as the column holds it. */
  path(id: number): SqlValue {
    return this.#database.guard(() => rows<{ localPath: SqlValue }>(this.#path.all(id)))[0]?.localPath ?? null
  }
}

function note(
  database: BackupDatabase,
  columns: ReadonlySet<string>,
  messageColumns: ReadonlySet<string>,
): void {
  const path = columns.has('zmedialocalpath') ? 'd.ZMEDIALOCALPATH' : 'NULL'
  const message = columns.has('zmessage') ? 'd.ZMESSAGE' : 'NULL'
  const ofMessage = (name: string) => (messageColumns.has(name.toLowerCase()) ? `m.${name}` : 'NULL')
  database.guard(() => {
    for (const sql of [
      'CREATE TEMP TABLE media_on_messages (id INTEGER PRIMARY KEY, message INTEGER, chat, stanza, type, further INTEGER)',
      `INSERT INTO ${noted} SELECT d.ROWID, m.ROWID, ${ofMessage('ZCHATSESSION')}, ${ofMessage('ZSTANZAID')},
        ${ofMessage('ZMESSAGETYPE')}, 0 FROM ZWAMEDIAITEM d LEFT JOIN ZWAMESSAGE m ON m.ROWID = ${message}
        WHERE (${path} IS NOT NULL AND ${path} <> '') OR ${ofMessage('ZMESSAGETYPE')} IN (${fileTypes.join(', ')})`,
      'CREATE INDEX temp.media_by_message ON media_on_messages (message, id)',
      'CREATE INDEX temp.media_by_stanza ON media_on_messages (stanza, chat, message, id)',
      `UPDATE ${noted} SET further = 1 WHERE message IS NOT NULL AND id >
        (SELECT min(f.id) FROM ${noted} f WHERE f.message = media_on_messages.message)`,
    ]) {
      database.prepare(sql).run()
    }
  })
}
