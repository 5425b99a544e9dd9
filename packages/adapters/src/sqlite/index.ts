export {
  type BetterSqlite3,
  betterSqlite3,
  type OpenSqlite,
  openInstalledSqlite,
  type SqliteDatabase,
  type SqliteStatement,
} from './driver.js'
