import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HoldfastError, systemCodeOf } from '@holdfast/core'
import { type BetterSqlite3, betterSqlite3, type OpenSqlite } from '../sqlite/index.js'

/**
 * Loads a driver from where the host has it: a module that exports `openSqlite`, or better-sqlite3 itself.
 *
 * @throws HoldfastError `DRIVER_MISSING` when there is no such module, or it is neither; `DRIVER_UNSUPPORTED` as `betterSqlite3`.
 */
export async function loadDriver(path: string): Promise<OpenSqlite> {
  const loaded = await load(path)
  const [openSqlite, Database] = [exportOf(loaded, 'openSqlite'), exportOf(loaded, 'default')]
  // What they take and give is checked by using them: JavaScript knows no more of a function.
  if (typeof openSqlite === 'function') return openSqlite as OpenSqlite
  const version = versionOf(path)
  if (typeof Database === 'function' && version !== null) {
    return betterSqlite3(Database as unknown as BetterSqlite3, version)
  }
  throw missing(path, 'It exports neither better-sqlite3 nor a function `openSqlite`.', null)
}

async function load(path: string): Promise<object> {
  try {
    const loaded: unknown = await import(pathToFileURL(path).href)
    if (typeof loaded === 'object' && loaded !== null) return loaded
  } catch (cause) {
    throw missing(path, 'It cannot be loaded.', cause)
  }
  throw missing(path, 'It is no module.', null)
}

/** An export of a module; of a CommonJS one also a property of what it exports. */
function exportOf(loaded: object, name: string): unknown {
  const own: unknown = Reflect.get(loaded, name)
  if (own !== undefined) return own
  const whole: unknown = Reflect.get(loaded, 'default')
  return typeof whole === 'object' && whole !== null ? Reflect.get(whole, name) : undefined
}

/** The version of the package that a file belongs to; null where there is none above it. */
function versionOf(file: string): string | null {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const version: unknown =
        typeof manifest === 'object' && manifest !== null && Reflect.get(manifest, 'version')
      if (typeof version === 'string') return version
    } catch {
      // None in this folder.
    }
    if (dirname(folder) === folder) return null
  }
}

function missing(path: string, why: string, cause: unknown): HoldfastError {
  return new HoldfastError('DRIVER_MISSING', `The module for SQLite cannot be used: ${why}`, {
    hint: "Name better-sqlite3 as the app finds it, such as require.resolve('better-sqlite3').",
    retryable: false,
    facts: { path, systemCode: systemCodeOf(cause) },
    ...(cause === null ? {} : { cause }),
  })
}
