import { basename } from 'node:path'
import type { OpenSqlite, SqliteDatabase } from '../../sqlite/driver.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { type DatabaseName, databaseError } from './database-errors.js'
import { refuseStrangeJournal } from './rollback-journal.js'

/** A file that belongs to a database, beside it on the phone. */
export interface SideFile {
  readonly suffix: '-wal' | '-journal'
  readonly path: string
}

/** Under the name that the file has in the backup: two apps may have databases of one name. */
export async function copyAside(
  path: string,
  scratch: ScratchFolder,
  sideFiles: readonly SideFile[],
): Promise<string> {
  const copy = await scratch.copy(path, basename(path))
  for (const side of sideFiles) await scratch.copy(side.path, `${basename(path)}${side.suffix}`)
  await checkJournals(copy, sideFiles)
  return copy
}

/** Looks at the journals beside a private copy before SQLite does. */
export async function checkJournals(copy: string, sideFiles: readonly SideFile[]): Promise<void> {
  for (const { suffix } of sideFiles) {
    if (suffix === '-journal') await refuseStrangeJournal(`${copy}${suffix}`)
  }
}

/**
 * Brings what a copy has in its side files into the copy itself: SQLite does so when the last connection closes. No statement here
 * needs the schema, which nobody has looked at yet.
 */
export function foldIn(copy: string, name: DatabaseName, openSqlite: OpenSqlite): void {
  let db: SqliteDatabase | null = null
  try {
    db = openSqlite(copy, { readonly: false })
    db.exec('BEGIN IMMEDIATE')
    db.exec('COMMIT')
  } catch (thrown) {
    throw databaseError(thrown, name)
  } finally {
    db?.close()
  }
}
