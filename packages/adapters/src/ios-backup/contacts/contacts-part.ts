import type { BackupDatabase } from '../database/backup-database.js'
import type { DatabaseName } from '../database/database-errors.js'
import { contactDatabase, contactImageDatabase } from '../manifest/file-id.js'
import { type BackupPart, missingPart, type OpenPart, type PartSource } from '../parts/backup-part.js'
import { homeRegion } from '../phone-numbers/home-region.js'
import { type ContactIds, openContactIds } from './contact-ids.js'
import { openContacts } from './contacts.js'
import { openContactImages } from './images.js'
import { openUnreadableValues } from './unreadable-values.js'

const contactsName: DatabaseName = {
  file: 'AddressBook.sqlitedb',
  what: 'The contacts database',
  damaged: 'CONTACTS_DAMAGED',
}
const imagesName: DatabaseName = {
  file: 'AddressBookImages.sqlitedb',
  what: 'The database of contact images',
  damaged: 'CONTACTS_DAMAGED',
}

/** Tables that contacts are put together from. */
const companions = ['ABMultiValue', 'ABMultiValueLabel', 'ABMultiValueEntry', 'ABMultiValueEntryKey']

/** The contacts of the phone with their images, out of AddressBook.sqlitedb and AddressBookImages.sqlitedb. */
export function contacts(): BackupPart {
  return {
    name: 'contacts',
    async open(source) {
      const found = await source.openDatabase(contactDatabase, contactsName)
      if (found.state !== 'present') return missingPart('contacts', found.state, contactsName)
      const { database } = found
      const columns = database.columns('ABPerson')
      if (columns === null) {
        const detail = `${contactsName.file} has no table of persons.`
        return {
          tables: [],
          states: [{ part: 'contacts', state: 'absent', detail }],
          remarks: found.remarks,
        }
      }
      countCompanions(database)
      const ids = openContactIds(database, columns)
      const known = { ids, region: await homeRegion(source) }
      const images = await openImagesPart(source, ids)
      return {
        ...images,
        tables: [
          { name: 'contacts', counts: 'contacts', table: openContacts(database, columns, known) },
          { name: 'values', counts: 'contacts', table: openUnreadableValues(database) },
          ...images.tables,
        ],
        states: [{ part: 'contacts', state: 'present', detail: null }, ...images.states],
        remarks: [...found.remarks, ...images.remarks],
      }
    },
  }
}

/** Finds torn pages, table by table: a check of the whole database fails on every phone, for a tokenizer that only the phone has. */
function countCompanions(database: BackupDatabase): void {
  for (const table of companions) if (database.columns(table) !== null) database.count(table)
}

async function openImagesPart(source: PartSource, ids: ContactIds): Promise<OpenPart> {
  const found = await source.openDatabase(contactImageDatabase, imagesName)
  if (found.state !== 'present') return missingPart('contact-images', found.state, imagesName)
  const { tables, place } = openContactImages(found.database, ids)
  return {
    tables,
    states: [
      tables.length > 0
        ? { part: 'contact-images', state: 'present', detail: null }
        : { part: 'contact-images', state: 'absent', detail: `${imagesName.file} has no table of images.` },
    ],
    remarks: found.remarks,
    place: async (record) => place(record),
  }
}
