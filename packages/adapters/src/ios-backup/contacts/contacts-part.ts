import type { DatabaseName } from '../database/backup-database.js'
import { contactDatabase } from '../manifest/file-id.js'
import { type BackupPart, missingPart } from '../parts/backup-part.js'
import { openContacts } from './contacts.js'

const name: DatabaseName = {
  file: 'AddressBook.sqlitedb',
  what: 'The contacts database',
  damaged: 'CONTACTS_DAMAGED',
}

/** The contacts of the phone, out of AddressBook.sqlitedb. */
export function contacts(): BackupPart {
  return {
    name: 'contacts',
    async open(source) {
      const found = await source.openDatabase(contactDatabase, name)
      if (found.state !== 'present') return missingPart('contacts', found.state, name)
      const { database, remarks } = found
      const columns = database.columns('ABPerson')
      if (columns === null) {
        const detail = `${name.file} has no table of persons.`
        return { tables: [], states: [{ part: 'contacts', state: 'absent', detail }], remarks }
      }
      // Table by table: a check of the whole database fails on every phone, for a tokenizer that only the phone has.
      for (const table of [
        'ABMultiValue',
        'ABMultiValueLabel',
        'ABMultiValueEntry',
        'ABMultiValueEntryKey',
      ]) {
        if (database.columns(table) !== null) database.count(table)
      }
      return {
        tables: [{ name: 'contacts', counts: 'contacts', table: openContacts(database, columns) }],
        states: [{ part: 'contacts', state: 'present', detail: null }],
        remarks,
      }
    },
  }
}
