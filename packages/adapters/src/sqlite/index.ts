export {
  type BetterSqlite3,
  betterSqlite3,
  inTransaction,
  type OpenSqlite,
  openInstalledSqlite,
  type SqliteDatabase,
  type SqliteStatement,
} from './driver.js'
export { type SqliteJournalOptions, sqliteJournal } from './journal/sqlite-journal.js'
export type { OwnerChange } from './library/owners.js'
export {
  libraryResource,
  type SqliteLibrary,
  type SqliteLibraryOptions,
  sqliteLibrary,
} from './library/sqlite-library.js'
export { sqlError } from './sql-errors.js'
