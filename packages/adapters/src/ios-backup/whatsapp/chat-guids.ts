import { type BackupDatabase, positional, type SqlValue } from '../database/backup-database.js'

/** One conversation, as messages refer to it. */
export interface ChatName {
  readonly guid: string
  /** Address of the other or of the group; null where the row has none. */
  readonly jid: string | null
}

/**
 * What conversations are known by: `<prefix>:<address>`. A row that has no address, one with a `#` in it, or one that an earlier row
 * has already is known by `#<row id>` behind it, so that no guid is there twice. All are kept in memory: a few thousand where there
 * are hundreds of thousands of messages.
 */
export class ChatGuids {
  readonly #names = new Map<number, ChatName>()
  readonly #rows = new Map<string, number>()

  /** Reads the table of conversations; with null for its columns there are none. */
  constructor(database: BackupDatabase, columns: ReadonlySet<string> | null, prefix: string) {
    if (columns === null) return
    const jid = columns.has('zcontactjid') ? 'ZCONTACTJID' : 'NULL'
    const all = database.guard(() =>
      positional<readonly [id: number, jid: SqlValue]>(
        database.prepare(`SELECT ROWID, ${jid} AS jid FROM ZWACHATSESSION ORDER BY ROWID`),
      )(),
    )
    for (const [id, value] of all) {
      const known = typeof value === 'string' && value !== '' ? value : null
      const plain = known === null || known.includes('#') ? null : `${prefix}:${known}`
      const guid = plain === null || this.#rows.has(plain) ? `${plain ?? `${prefix}:`}#${id}` : plain
      this.#names.set(id, { guid, jid: known })
      this.#rows.set(guid, id)
    }
  }

  /** The conversation of a row; undefined when there is none. */
  name(row: number): ChatName | undefined {
    return this.#names.get(row)
  }

  /** The row of a guid; undefined when there is none. */
  row(guid: string): number | undefined {
    return this.#rows.get(guid)
  }
}
