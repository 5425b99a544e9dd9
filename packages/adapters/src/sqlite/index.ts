export {
  type BetterSqlite3,
  betterSqlite3,
  type OpenSqlite,
  openInstalledSqlite,
  type SqliteDatabase,
  type SqliteStatement,
} from './driver.js'
export { type SqliteJournalOptions, sqliteJournal } from './journal/sqlite-journal.js'
export { libraryResource, type SqliteLibraryOptions, sqliteLibrary } from './library/sqlite-library.js'
