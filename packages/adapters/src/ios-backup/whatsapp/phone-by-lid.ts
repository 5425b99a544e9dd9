import { DecodeFailure } from '../../decoding/decoding.js'
import { type BackupDatabase, positional, type SqlValue } from '../database/backup-database.js'
import { writtenText } from '../written-text.js'
import { type PhoneByLid, phoneDigits, userOfJid } from './jid.js'

/** Tables that name a hidden id and a phone number in one row: LID.sqlite or ChatStorage.sqlite, and ContactsV2.sqlite. */
const sources = [
  { table: 'ZWAPHONENUMBERLIDPAIR', lid: 'ZLID', phone: 'ZPHONENUMBER' },
  { table: 'ZWAADDRESSBOOKCONTACT', lid: 'ZLID', phone: 'ZWHATSAPPID' },
] as const

/**
 * The phone numbers behind the ids that WhatsApp gives people in place of their number (`@lid`), from whichever of these databases
 * know them. What an earlier database says goes before what a later one does.
 */
export function readPhoneByLid(databases: readonly BackupDatabase[]): PhoneByLid {
  const phones = new Map<string, string>()
  for (const database of databases) {
    for (const { table, lid, phone } of sources) {
      const columns = database.columns(table)
      if (columns?.has(lid.toLowerCase()) !== true || !columns.has(phone.toLowerCase())) continue
      const pairs = database.guard(() =>
        positional<readonly [lid: SqlValue, phone: SqlValue]>(
          database.prepare(
            `SELECT ${lid}, ${phone} FROM ${table} WHERE ${lid} IS NOT NULL AND ${phone} IS NOT NULL ORDER BY ROWID`,
          ),
        )(),
      )
      for (const [lidValue, phoneValue] of pairs) {
        const user = readable(lidValue)
        const digits = phoneDigits(readable(phoneValue))
        if (user === '' || digits === null || phones.has(userOfJid(user))) continue
        phones.set(userOfJid(user), digits)
      }
    }
  }
  return phones
}

/** A pair that is no text pairs nothing, and nothing is lost: whoever has that id keeps it as a handle. */
function readable(value: SqlValue): string {
  try {
    return writtenText(value) ?? ''
  } catch (thrown) {
    if (thrown instanceof DecodeFailure) return ''
    throw thrown
  }
}
