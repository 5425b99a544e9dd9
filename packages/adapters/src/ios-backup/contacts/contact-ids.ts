import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'

/** The ids of the persons of an address book, both ways. In memory: some hundred bytes for each person. */
export interface ContactIds {
  /** The id of a person; that of a row without a usable guid where the person is not there. */
  idOf(row: number): string
  /** Whether there is such a person. */
  has(row: number): boolean
}

/**
 * Gives every person an id: the guid, which stays over re-imports, or `person-<row id>` where there is none (before iOS 11), it is
 * empty or bytes, or an earlier person has it already, so that no key is there twice.
 */
export function openContactIds(database: BackupDatabase, columns: ReadonlySet<string>): ContactIds {
  const guid = columns.has('guid') ? 'guid' : 'NULL AS guid'
  const persons = database.guard(() =>
    rows<{ id: number; guid: SqlValue }>(
      database.prepare(`SELECT ROWID AS id, ${guid} FROM ABPerson ORDER BY ROWID`).all(),
    ),
  )
  const byRow = new Map<number, string>()
  const taken = new Set<string>()
  for (const person of persons) {
    const given = usable(person.guid)
    const id = given === null || taken.has(given) ? `person-${person.id}` : given
    taken.add(id)
    byRow.set(person.id, id)
  }
  return { idOf: (row) => byRow.get(row) ?? `person-${row}`, has: (row) => byRow.has(row) }
}

function usable(guid: SqlValue): string | null {
  return typeof guid === 'string' && guid !== '' ? guid : null
}
