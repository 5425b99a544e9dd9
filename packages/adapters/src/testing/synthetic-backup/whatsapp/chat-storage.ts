import type { OpenSqlite, SqliteDatabase } from '../../../sqlite/driver.js'
import { cocoaEpochSeconds } from '../folder/apple-time.js'
import { isSince, type SchemaVersion } from '../folder/generations.js'
import { openForWriting } from '../folder/open-for-writing.js'
import type { PlannedChat } from './chat-plan.js'
import type { PlannedMedia, PlannedMessage } from './planned-message.js'

/** What ChatStorage.sqlite is made of. */
export interface ChatStorage {
  readonly chats: readonly PlannedChat[]
  readonly messages: readonly PlannedMessage[]
  /** Media items whose message is gone. */
  readonly orphans: readonly PlannedMedia[]
}

/** Whether media items of a generation have metadata, which names the message that another one answers. */
export function hasMetadata(version: SchemaVersion): boolean {
  return isSince(version, 'ios-11')
}

/** Writes ChatStorage.sqlite, a store of Core Data. */
export function writeChatStorage(
  path: string,
  storage: ChatStorage,
  options: { readonly openSqlite: OpenSqlite; readonly version: SchemaVersion },
): void {
  const withMetadata = hasMetadata(options.version)
  const db = openForWriting(path, options.openSqlite)
  try {
    db.exec(`BEGIN; ${tables(withMetadata)}`)
    insertChats(db, storage.chats)
    insertMessages(db, storage, withMetadata)
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}

function tables(withMetadata: boolean): string {
  return `
    CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
    CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_UUID VARCHAR(255), Z_PLIST BLOB);
    CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZARCHIVED INTEGER, ZHIDDEN INTEGER,
      ZMESSAGECOUNTER INTEGER, ZREMOVED INTEGER, ZSESSIONTYPE INTEGER, ZGROUPINFO INTEGER, ZLASTMESSAGEDATE TIMESTAMP,
      ZCONTACTJID VARCHAR, ZLASTMESSAGETEXT VARCHAR, ZPARTNERNAME VARCHAR);
    CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZISACTIVE INTEGER, ZISADMIN INTEGER,
      ZCHATSESSION INTEGER, ZCONTACTNAME VARCHAR, ZMEMBERJID VARCHAR);
    CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFLAGS INTEGER, ZGROUPEVENTTYPE INTEGER,
      ZISFROMME INTEGER, ZMESSAGETYPE INTEGER, ZSORT INTEGER, ZSTARRED INTEGER, ZCHATSESSION INTEGER, ZGROUPMEMBER INTEGER,
      ZMEDIAITEM INTEGER, ZMESSAGEDATE TIMESTAMP, ZFROMJID VARCHAR, ZSTANZAID VARCHAR, ZTEXT VARCHAR, ZTOJID VARCHAR);
    CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFILESIZE INTEGER, ZMESSAGE INTEGER,
      ZLATITUDE FLOAT, ZLONGITUDE FLOAT, ZMEDIALOCALPATH VARCHAR, ZTITLE VARCHAR, ZVCARDNAME VARCHAR, ZVCARDSTRING VARCHAR
      ${withMetadata ? ', ZMETADATA BLOB' : ''});
    CREATE INDEX ZWAMESSAGE_ZCHATSESSION_INDEX ON ZWAMESSAGE (ZCHATSESSION);
    CREATE INDEX ZWAMEDIAITEM_ZMESSAGE_INDEX ON ZWAMEDIAITEM (ZMESSAGE);
    CREATE INDEX ZWAGROUPMEMBER_ZCHATSESSION_INDEX ON ZWAGROUPMEMBER (ZCHATSESSION);`
}

function insertChats(db: SqliteDatabase, chats: readonly PlannedChat[]): void {
  const chat =
    db.prepare(`INSERT INTO ZWACHATSESSION (Z_PK, Z_ENT, Z_OPT, ZSESSIONTYPE, ZCONTACTJID, ZPARTNERNAME)
    VALUES (?, 4, 1, ?, ?, ?)`)
  const member =
    db.prepare(`INSERT INTO ZWAGROUPMEMBER (Z_PK, Z_ENT, Z_OPT, ZISACTIVE, ZCHATSESSION, ZCONTACTNAME, ZMEMBERJID)
    VALUES (?, 6, 1, ?, ?, ?, ?)`)
  for (const { pk, sessionType, jid, name, members } of chats) {
    chat.run(pk, sessionType, jid, name)
    for (const each of members) {
      member.run(each.pk, Number(each.isActive), pk, each.person.name, each.person.jid)
    }
  }
}

function insertMessages(db: SqliteDatabase, storage: ChatStorage, withMetadata: boolean): void {
  const message =
    db.prepare(`INSERT INTO ZWAMESSAGE (Z_PK, Z_ENT, Z_OPT, ZISFROMME, ZMESSAGETYPE, ZSORT, ZCHATSESSION, ZGROUPMEMBER,
    ZMEDIAITEM, ZMESSAGEDATE, ZFROMJID, ZSTANZAID, ZTEXT, ZTOJID) VALUES (?, 9, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const media =
    db.prepare(`INSERT INTO ZWAMEDIAITEM (Z_PK, Z_ENT, Z_OPT, ZFILESIZE, ZMESSAGE, ZLATITUDE, ZLONGITUDE, ZMEDIALOCALPATH,
    ZTITLE, ZVCARDNAME, ZVCARDSTRING${withMetadata ? ', ZMETADATA' : ''})
    VALUES (?, 8, 1, ?, ?, ?, ?, ?, ?, ?, ?${withMetadata ? ', ?' : ''})`)
  const addMedia = (each: PlannedMedia, messagePk: number) =>
    media.run(
      each.pk,
      each.content?.length ?? null,
      messagePk,
      each.place?.[0] ?? null,
      each.place?.[1] ?? null,
      each.localPath,
      each.title,
      each.cardName,
      each.mimeType,
      ...(withMetadata ? [each.metadata] : []),
    )
  for (const each of storage.messages) {
    const { chat, isFromMe, member, at } = each
    const other = chat?.person?.jid ?? chat?.jid ?? null
    message.run(
      each.pk,
      Number(isFromMe),
      each.type,
      each.pk,
      chat?.pk ?? null,
      member?.pk ?? null,
      each.media[0]?.pk ?? null,
      at === null ? null : at / 1000 - cocoaEpochSeconds,
      isFromMe ? null : other,
      each.stanza,
      each.text,
      isFromMe ? other : null,
    )
    for (const item of each.media) addMedia(item, each.pk)
  }
  const after = (storage.messages.at(-1)?.pk ?? 0) + 1000
  for (const item of storage.orphans) addMedia(item, after)
}
