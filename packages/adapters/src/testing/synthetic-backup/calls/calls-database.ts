import type { OpenSqlite, SqliteDatabase } from '../../../sqlite/driver.js'
import { isSince, type SchemaVersion } from '../folder/generations.js'
import { openForWriting } from '../folder/open-for-writing.js'
import { type PlannedCall, toCallDate } from './call-plan.js'

/** Which of the columns and tables a generation has. */
interface CallSchema {
  /** Whether a call names the app that made it. */
  readonly withProvider: boolean
  /** Numbers of the entities of calls and handles, which are in the names of the table that joins them; null where there is none. */
  readonly entities: { readonly call: number; readonly handle: number } | null
}

/**
 * Writes CallHistory.storedata, a store of Core Data. From `ios-15` on it has a table that joins calls and handles; its name and its
 * columns carry the numbers of the entities, and those differ between `ios-15` and later here: a reader may not count on them.
 */
export function writeCallsDatabase(
  path: string,
  calls: readonly PlannedCall[],
  options: { readonly openSqlite: OpenSqlite; readonly version: SchemaVersion },
): void {
  const schema = schemaOf(options.version)
  const db = openForWriting(path, options.openSqlite)
  try {
    db.exec(`BEGIN; ${tables(schema)}`)
    insertCalls(db, calls, schema)
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}

/** Whether calls of a generation name their participants. */
export function hasParticipants(version: SchemaVersion): boolean {
  return schemaOf(version).entities !== null
}

/** Whether calls of a generation name the app that made them. */
export function hasProvider(version: SchemaVersion): boolean {
  return schemaOf(version).withProvider
}

function schemaOf(version: SchemaVersion): CallSchema {
  const withProvider = isSince(version, 'ios-10')
  if (isSince(version, 'ios-16')) return { withProvider, entities: { call: 2, handle: 4 } }
  return { withProvider, entities: isSince(version, 'ios-15') ? { call: 2, handle: 3 } : null }
}

function tables({ withProvider, entities }: CallSchema): string {
  const columns = withProvider ? ', ZSERVICE_PROVIDER VARCHAR' : ''
  const core = `
    CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
    CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_UUID VARCHAR(255), Z_PLIST BLOB);
    CREATE TABLE ZCALLDBPROPERTIES (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTIMER_ALL FLOAT);
    CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZANSWERED INTEGER, ZCALLTYPE INTEGER,
      ZDISCONNECTED_CAUSE INTEGER, ZORIGINATED INTEGER, ZREAD INTEGER, ZDATE TIMESTAMP, ZDURATION FLOAT, ZADDRESS VARCHAR,
      ZISO_COUNTRY_CODE VARCHAR, ZLOCATION VARCHAR, ZNAME VARCHAR, ZUNIQUE_ID VARCHAR${columns});
    INSERT INTO ZCALLDBPROPERTIES VALUES (1, 1, 1, 0);`
  if (entities === null) return core
  const { call, handle } = entities
  const join = `Z_${call}REMOTEPARTICIPANTHANDLES`
  return `${core}
    CREATE TABLE ZHANDLE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTYPE INTEGER, ZNORMALIZEDVALUE VARCHAR,
      ZVALUE VARCHAR);
    CREATE TABLE ${join} (Z_${call}REMOTEPARTICIPANTCALLS INTEGER, Z_${handle}REMOTEPARTICIPANTHANDLES INTEGER,
      PRIMARY KEY (Z_${call}REMOTEPARTICIPANTCALLS, Z_${handle}REMOTEPARTICIPANTHANDLES));
    CREATE INDEX ${join}_INDEX ON ${join} (Z_${handle}REMOTEPARTICIPANTHANDLES, Z_${call}REMOTEPARTICIPANTCALLS);`
}

function insertCalls(
  db: SqliteDatabase,
  calls: readonly PlannedCall[],
  { withProvider, entities }: CallSchema,
): void {
  const call =
    db.prepare(`INSERT INTO ZCALLRECORD (Z_PK, Z_ENT, Z_OPT, ZANSWERED, ZCALLTYPE, ZORIGINATED, ZREAD, ZDATE, ZDURATION,
    ZADDRESS, ZISO_COUNTRY_CODE, ZNAME, ZUNIQUE_ID${withProvider ? ', ZSERVICE_PROVIDER' : ''})
    VALUES (?, 2, 1, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?${withProvider ? ', ?' : ''})`)
  for (const each of calls) {
    call.run(
      each.pk,
      Number(each.answered),
      each.callType,
      Number(each.originated),
      toCallDate(each.at),
      each.duration,
      each.address,
      each.country,
      each.name,
      each.uniqueId,
      ...(withProvider ? [each.provider] : []),
    )
  }
  if (entities === null) return
  const handle = db.prepare('INSERT INTO ZHANDLE VALUES (?, 4, 1, ?, NULL, ?)')
  const join = db.prepare(`INSERT INTO Z_${entities.call}REMOTEPARTICIPANTHANDLES VALUES (?, ?)`)
  let row = 0
  // The phone keeps a handle for each call, also where the same person took part in another.
  for (const { pk, participants } of calls) {
    for (const value of participants) {
      row++
      handle.run(row, value.includes('@') ? 3 : 2, value)
      join.run(pk, row)
    }
  }
}
