import type { OpenSqlite } from '../../../sqlite/driver.js'
import { toCocoaSeconds } from '../folder/apple-time.js'
import { isSince, type SchemaVersion } from '../folder/generations.js'
import { openForWriting } from '../folder/open-for-writing.js'
import type { PlannedVoicemail } from './voicemail-plan.js'

/**
 * Writes voicemail.db. Its dates are in two units, as on the phone: `date` counts unix seconds, `trashed_date` seconds on Apple's clock.
 */
export function writeVoicemailDatabase(
  path: string,
  voicemails: readonly PlannedVoicemail[],
  options: { readonly openSqlite: OpenSqlite; readonly version: SchemaVersion },
): void {
  const receivers = isSince(options.version, 'ios-11')
  const db = openForWriting(path, options.openSqlite)
  try {
    db.exec(`BEGIN;
      CREATE TABLE _SqliteDatabaseProperties (key TEXT, value TEXT, UNIQUE(key));
      CREATE TABLE voicemail (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, remote_uid INTEGER, date INTEGER, token TEXT, sender TEXT,
        callback_num TEXT, duration INTEGER, expiration INTEGER, trashed_date INTEGER, flags INTEGER
        ${receivers ? ', receiver TEXT, label TEXT, uuid TEXT' : ''});
      ${receivers ? 'CREATE TABLE map (label TEXT, account TEXT);' : ''}
      CREATE INDEX date_index ON voicemail(date);
      CREATE INDEX remote_uid_index ON voicemail(remote_uid)`)
    const insert = db.prepare(`INSERT INTO voicemail
      (ROWID, remote_uid, date, token, sender, callback_num, duration, expiration, trashed_date, flags)
      VALUES (?, ?, ?, 'Complete', ?, ?, ?, ?, ?, ?)`)
    for (const { rowid, date, sender, callback, duration, trashedAt } of voicemails) {
      const expiration = (date ?? 0) + 2_592_000
      const trashed = trashedAt === null ? 0 : toCocoaSeconds(trashedAt)
      insert.run(rowid, rowid + 100, date, sender, callback, duration, expiration, trashed, 3)
    }
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}
