export { openTestSqlite } from './open-sqlite.js'
