import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LibraryProblem } from '@holdfast/core/import'
import { text } from '../fields.js'
import type { LibraryDatabase } from '../library-database.js'
import { migrations } from '../migrations/index.js'

/**
 * Finds what no row shows: tables, views and indexes of the library that are gone or were made otherwise, and damage of the database file of
 * which only SQLite itself knows, such as an index that leaves rows out. What else the host's database holds is not looked at.
 */
export async function* auditSchema(db: LibraryDatabase, signal: AbortSignal): AsyncGenerator<LibraryProblem> {
  const held = new Map(
    db
      .attempt('auditing', () => db.all("SELECT name, coalesce(sql, '') AS sql FROM sqlite_master"))
      .map((row) => [text(row, 'name'), text(row, 'sql')]),
  )
  const about = { import: null, type: 'database' } as const
  for (const { name, kind, sql } of madeBy(migrations.map((migration) => migration.sql))) {
    const there = held.get(name)
    // Columns that a later version added stand in the text of a table, so of those only the name is compared.
    const isSame = there !== undefined && (kind === 'TABLE' || plain(there) === plain(sql))
    const what = kind.toLowerCase()
    if (!isSame) {
      const detail = there === undefined ? `the ${what} is gone` : `the ${what} was made otherwise`
      yield { problem: 'schema-changed', ...about, key: name, detail }
    }
    if (kind !== 'TABLE' || there === undefined) continue
    await nextTurn()
    signal.throwIfAborted()
    const [first] = db.attempt('auditing', () => db.all(`PRAGMA integrity_check(${name})`))
    const found = first === undefined ? 'ok' : text(first, 'integrity_check')
    if (found !== 'ok') yield { problem: 'database-damaged', ...about, key: name, detail: found }
  }
}

const statements = /(CREATE|DROP) (TABLE|VIEW|INDEX) (?:IF EXISTS )?(\w+)[^;]*/g

/** What the migrations make, each as it is made last. */
function madeBy(sqls: readonly string[]) {
  const made = new Map<string, { readonly name: string; readonly kind: string; readonly sql: string }>()
  for (const sql of sqls) {
    for (const [whole, verb, kind = '', name = ''] of sql.matchAll(statements)) {
      if (verb === 'DROP') made.delete(name)
      else made.set(name, { name, kind, sql: whole })
    }
  }
  return made.values()
}

function plain(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim()
}
