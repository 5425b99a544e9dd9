import { createRequire } from 'node:module'
import { type BetterSqlite3, betterSqlite3, type OpenSqlite } from '../sqlite/driver.js'

/**
 * Opens databases with the better-sqlite3 that works on the running Node: 13 needs Node-API 10 (Node 22.14 and newer),
 * 12 is built from source for older ones. Both are development dependencies of this package.
 */
export const openTestSqlite: OpenSqlite = (path, options) => {
  opener ??= load()
  return opener(path, options)
}

let opener: OpenSqlite | undefined

function load(): OpenSqlite {
  const require = createRequire(import.meta.url)
  const name = Number(process.versions['napi'] ?? 0) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
  const manifest: { version: string } = require(`${name}/package.json`)
  const Database: BetterSqlite3 = require(name)
  return betterSqlite3(Database, manifest.version)
}
