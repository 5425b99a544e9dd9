import { readFileSync, writeFileSync } from 'node:fs'
import type { OpenSqlite, SqliteDatabase } from '../../../sqlite/driver.js'

import { openForWriting } from '../folder/open-for-writing.js'
import { contactProperties, entryNames, type PlannedContact } from './contact-plan.js'

/* Stock SQLite refuses to create a table with a tokenizer that it does not have, so the name is put in afterwards. */
const phoneTokenizer = 'tokenize=ab_cf_tokenizer'
const stockTokenizer = 'tokenize=simple'.padEnd(phoneTokenizer.length)

/**
 * Writes AddressBook.sqlitedb: tables and columns of the phone's, with `ABPerson.guid` where `withGuid`. As on the phone, its
 * full-text table names a tokenizer that stock SQLite does not have, so a check of the whole database fails
 * ("unknown tokenizer: ab_cf_tokenizer") although every table with data is sound.
 */
export function writeContactsDatabase(
  path: string,
  contacts: readonly PlannedContact[],
  options: { readonly openSqlite: OpenSqlite; readonly withGuid: boolean },
): void {
  const db = openForWriting(path, options.openSqlite)
  try {
    db.exec(`BEGIN; ${schema(options.withGuid)}`)
    insertContacts(db, contacts, options.withGuid)
    db.exec('COMMIT')
  } finally {
    db.close()
  }
  renameTokenizer(path)
}

function schema(withGuid: boolean): string {
  return `
    CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT, Middle TEXT, FirstPhonetic TEXT,
      MiddlePhonetic TEXT, LastPhonetic TEXT, Organization TEXT, Department TEXT, Note TEXT, Kind INTEGER, Birthday TEXT,
      JobTitle TEXT, Nickname TEXT, Prefix TEXT, Suffix TEXT, FirstSort TEXT, LastSort TEXT, CreationDate INTEGER,
      ModificationDate INTEGER, CompositeNameFallback TEXT, ExternalIdentifier TEXT, StoreID INTEGER, DisplayName TEXT,
      PersonLink INTEGER DEFAULT -1${withGuid ? ', guid TEXT DEFAULT (ab_generate_guid())' : ''});
    CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, identifier INTEGER,
      label INTEGER, value TEXT, guid TEXT);
    CREATE TABLE ABMultiValueLabel (value TEXT, UNIQUE(value));
    CREATE TABLE ABMultiValueEntry (parent_id INTEGER, key INTEGER, value TEXT, UNIQUE(parent_id, key));
    CREATE TABLE ABMultiValueEntryKey (value TEXT, UNIQUE(value));
    CREATE TABLE ABStore (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, Name TEXT, Type INTEGER, Enabled INTEGER);
    CREATE TABLE ABGroup (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, Name TEXT, StoreID INTEGER);
    CREATE VIRTUAL TABLE ABPersonFullTextSearch USING fts4(${stockTokenizer}, First, Last, Organization);
    CREATE INDEX ABFirstSortIndex ON ABPerson(FirstSort);
    CREATE INDEX ABMultiValueRecordIDIndex ON ABMultiValue(record_id);
    CREATE INDEX ABMultiValueEntryParentIndex ON ABMultiValueEntry(parent_id);
    INSERT INTO ABStore VALUES (1, 'Local', 0, 1);`
}

function insertContacts(db: SqliteDatabase, contacts: readonly PlannedContact[], withGuid: boolean): void {
  const person = db.prepare(
    `INSERT INTO ABPerson (ROWID, First, Last, Middle, Prefix, Suffix, Nickname, FirstPhonetic, MiddlePhonetic, LastPhonetic,
        Organization, Department, JobTitle, Note, Kind, Birthday, CreationDate, ModificationDate, StoreID${withGuid ? ', guid' : ''})
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1${withGuid ? ', ?' : ''})`,
  )
  const value = db.prepare(
    'INSERT INTO ABMultiValue (UID, record_id, property, identifier, label, value) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const label = db.prepare('INSERT INTO ABMultiValueLabel (rowid, value) VALUES (?, ?)')
  const entry = db.prepare('INSERT INTO ABMultiValueEntry VALUES (?, ?, ?)')
  const entryKey = db.prepare('INSERT INTO ABMultiValueEntryKey (rowid, value) VALUES (?, ?)')
  const search = db.prepare(
    'INSERT INTO ABPersonFullTextSearch (rowid, First, Last, Organization) VALUES (?, ?, ?, ?)',
  )

  // The phone adds keys as they first occur, so their numbers are in no useful order.
  const keys = new Map([...entryNames].reverse().map((name, index) => [name, index + 1]))
  for (const [name, rowid] of keys) entryKey.run(rowid, name)
  const labels = new Map<string, number>()
  let uid = 0
  for (const contact of contacts) {
    const kind = contact.first === null && contact.last === null && contact.organization !== null ? 1 : 0
    person.run(
      contact.rowid,
      contact.first,
      contact.last,
      contact.middle,
      contact.prefix,
      contact.suffix,
      contact.nickname,
      ...contact.phonetic,
      contact.organization,
      contact.department,
      contact.jobTitle,
      contact.note,
      kind,
      contact.birthday === null ? null : contact.birthday.toFixed(contact.rowid % 2),
      contact.created,
      contact.modified,
      ...(withGuid ? [contact.guid] : []),
    )
    search.run(contact.rowid, contact.first, contact.last, contact.organization)
    for (const [identifier, point] of contact.points.entries()) {
      if (point.label !== null && !labels.has(point.label)) {
        labels.set(point.label, labels.size + 1)
        label.run(labels.size, point.label)
      }
      uid++
      const labelRow = point.label === null ? null : labels.get(point.label)
      value.run(uid, contact.rowid, contactProperties[point.kind], identifier, labelRow, point.value)
      for (const [part, text] of point.entries) entry.run(uid, keys.get(part), text)
    }
  }
}

/** Puts the phone's tokenizer into the stored declaration, in place: both names are equally long. */
function renameTokenizer(path: string): void {
  const bytes = readFileSync(path)
  let found = 0
  for (let at = bytes.indexOf(stockTokenizer); at >= 0; at = bytes.indexOf(stockTokenizer, at + 1)) {
    bytes.write(phoneTokenizer, at)
    found++
  }
  if (found === 0)
    throw new Error('SQLite did not keep the declaration of the full-text table as it was given')
  writeFileSync(path, bytes)
}
