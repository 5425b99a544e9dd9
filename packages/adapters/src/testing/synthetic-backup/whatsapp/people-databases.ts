import type { OpenSqlite } from '../../../sqlite/driver.js'
import { openForWriting } from '../folder/open-for-writing.js'
import type { WhatsAppPerson } from './people.js'

/** Writes LID.sqlite: hidden ids and phone numbers, both without a server, as WhatsApp does. */
export function writeLidDatabase(
  path: string,
  people: readonly WhatsAppPerson[],
  openSqlite: OpenSqlite,
): void {
  const db = openForWriting(path, openSqlite)
  try {
    db.exec(`BEGIN; CREATE TABLE ZWAPHONENUMBERLIDPAIR (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTIMESTAMP TIMESTAMP,
      ZLID VARCHAR, ZPHONENUMBER VARCHAR)`)
    const insert = db.prepare('INSERT INTO ZWAPHONENUMBERLIDPAIR VALUES (NULL, 3, 1, 0, ?, ?)')
    for (const { jid, handle, pairedIn } of people) {
      if (pairedIn === 'LID.sqlite') insert.run(jid.replace('@lid', ''), handle.slice(1))
    }
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}

/** Writes ContactsV2.sqlite: the address book as WhatsApp matched it, its texts kept as bytes and with their servers. */
export function writeContactsV2(
  path: string,
  people: readonly WhatsAppPerson[],
  openSqlite: OpenSqlite,
): void {
  const db = openForWriting(path, openSqlite)
  try {
    db.exec(`BEGIN; CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFULLNAME BLOB,
      ZPHONENUMBER BLOB, ZWHATSAPPID BLOB, ZLID BLOB)`)
    const insert = db.prepare('INSERT INTO ZWAADDRESSBOOKCONTACT VALUES (NULL, 1, 1, ?, ?, ?, ?)')
    const bytes = (text: string) => Buffer.from(text)
    for (const { jid, handle, name, pairedIn } of people) {
      if (pairedIn === 'LID.sqlite' || !handle.startsWith('+')) continue
      const id = bytes(`${handle.slice(1)}@s.whatsapp.net`)
      insert.run(bytes(name), bytes(handle), id, pairedIn === null ? null : bytes(jid))
    }
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}
