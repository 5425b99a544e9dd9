import { openDatabase } from '../open-database.js'
import type { LibraryFolder } from './library-folder.js'

/** A table or view of the library that hosts read. */
export type LibraryTable = 'messages' | 'attachments' | 'chats' | 'contacts' | 'reactions' | 'imports'

/** Counts rows as any reader of the library would, with plain SQL on a connection of its own. */
export function countRows(
  folder: LibraryFolder,
  tables: readonly LibraryTable[],
): ReadonlyMap<string, number> {
  // Not read-only: such a connection would leave the files of SQLite's log behind.
  const db = openDatabase(folder.database, { readonly: false })
  try {
    return new Map(
      tables.map((table) => {
        const [row] = db.prepare(`SELECT count(*) AS total FROM ${table}`).all()
        return [table, typeof row === 'object' && row !== null && 'total' in row ? Number(row.total) : 0]
      }),
    )
  } finally {
    db.close()
  }
}
