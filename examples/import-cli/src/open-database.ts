import { createRequire } from 'node:module'
import { type BetterSqlite3, betterSqlite3, type OpenSqlite } from '@holdfast/adapters/sqlite'

/**
 * Opens databases with the better-sqlite3 that works on the running Node: 13 brings its own binary and needs Node-API 10
 * (Node 22.14 and newer); 12 is compiled for older ones.
 */
export const openDatabase: OpenSqlite = (path, options) => {
  opener ??= load()
  return opener(path, options)
}

let opener: OpenSqlite | undefined

function load(): OpenSqlite {
  const require = createRequire(import.meta.url)
  const name = Number(process.versions['napi'] ?? 0) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
  // `require` knows no types; these are what the package's own manifest and entry are.
  const manifest = require(`${name}/package.json`) as { version: string }
  const Database = require(name) as BetterSqlite3
  return betterSqlite3(Database, manifest.version)
}
