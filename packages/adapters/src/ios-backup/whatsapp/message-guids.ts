import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import type { ChatGuids } from './chat-guids.js'

/** What a message's guid is made of. */
export interface MessageName {
  readonly row: number
  /** Row id of the conversation. */
  readonly chat: SqlValue
  /** The id that the sender's phone gave the message: the same on all phones, unique in its conversation only. */
  readonly stanza: SqlValue
}

/**
 * What messages are known by: `<guid of the conversation>:<stanza id>`, which stays the same when WhatsApp is moved to another phone.
 * A message without a stanza id, or with one that an earlier message of the conversation has, is known by its row:
 * `<guid of the conversation>:#<row id>`, and one in no conversation by `<prefix>::#<row id>`.
 */
export class MessageGuids {
  readonly #prefix: string
  readonly #chats: ChatGuids
  readonly #twins: ReadonlySet<number>

  constructor(
    database: BackupDatabase,
    columns: ReadonlySet<string>,
    options: { readonly prefix: string; readonly chats: ChatGuids },
  ) {
    this.#prefix = options.prefix
    this.#chats = options.chats
    this.#twins =
      columns.has('zstanzaid') && columns.has('zchatsession') ? twinsOf(database) : new Set<number>()
  }

  /** The guid of a message. */
  of({ row, chat, stanza }: MessageName): string {
    const name = typeof chat === 'number' ? this.#chats.name(chat) : undefined
    if (name === undefined) return `${this.#prefix}::#${row}`
    return isPlain(stanza) && !this.#twins.has(row) ? `${name.guid}:${stanza}` : `${name.guid}:#${row}`
  }

  /** The guid of the message that has this stanza id in a conversation; null when there can be none. */
  ofStanza(chat: SqlValue, stanza: string): string | null {
    const name = typeof chat === 'number' ? this.#chats.name(chat) : undefined
    return name === undefined || !isPlain(stanza) ? null : `${name.guid}:${stanza}`
  }

  /** Takes a guid apart again: the row of the message, or its conversation and stanza id. Null when it is none of these. */
  parse(guid: string): { readonly row: number } | { readonly chat: number; readonly stanza: string } | null {
    const byRow = /:#(\d{1,15})$/.exec(guid)?.[1]
    if (byRow !== undefined) return { row: Number(byRow) }
    const colon = guid.lastIndexOf(':')
    const chat = this.#chats.row(guid.slice(0, Math.max(0, colon)))
    return chat === undefined ? null : { chat, stanza: guid.slice(colon + 1) }
  }
}

/** An id with a separator in it could pass for another message's guid. */
function isPlain(stanza: SqlValue): stanza is string {
  return typeof stanza === 'string' && stanza !== '' && !/[#:]/.test(stanza)
}

/** Rows whose stanza id an earlier row of the conversation has already. Real ones are a handful, if any. */
function twinsOf(database: BackupDatabase): ReadonlySet<number> {
  const twins = database.guard(() =>
    rows<{ id: number }>(
      database
        .prepare(`WITH repeated AS (SELECT ZCHATSESSION AS chat, ZSTANZAID AS stanza, min(ROWID) AS first FROM ZWAMESSAGE
            WHERE ZSTANZAID IS NOT NULL AND ZCHATSESSION IS NOT NULL
            GROUP BY ZCHATSESSION, ZSTANZAID HAVING count(*) > 1)
          SELECT m.ROWID AS id FROM repeated r
            JOIN ZWAMESSAGE m ON m.ZCHATSESSION = r.chat AND m.ZSTANZAID = r.stanza AND m.ROWID > r.first`)
        .all(),
    ),
  )
  return new Set(twins.map(({ id }) => id))
}
