import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ImportRecord } from '@holdfast/core/import'
import { number, numberOrNull, type Row, text, word } from './fields.js'
import { type ImportRow, publishedImports } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { shapes } from './rows/record-rows.js'

/** Items of a ledger that are read between two turns of the event loop. */
const itemsAtOnce = 5000

/**
 * Notes what the last import of the same phone and parts found in its source and this one did not, and what it found again of what an
 * earlier one had missed. Before publishing, so that it is seen with the import or not at all; safe to repeat. Nothing is noted where
 * the source may only look smaller: an older backup, a phone or parts that are not known, or rows of it that cannot be read.
 */
export async function noteDeletions(db: LibraryDatabase, found: ImportRow): Promise<void> {
  const missing: Row[] = []
  const before = db.attempt('looking for the import before', () => importBefore(db, found))
  const held = await rowsOf(db, found)
  if (before !== null && !held.unreadable) {
    for await (const page of ledgerOf(db, before)) {
      missing.push(...page.filter((item) => !held.has(word(item, 'type'), numberOrNull(item, 'row'))))
      await nextTurn()
    }
  }
  db.transaction('noting what the source no longer holds', () => {
    db.run('DELETE FROM source_deletions WHERE import = ?', found.n)
    const add = (item: Row, isGone: number): void => {
      const [type, row] = [word<ImportRecord['type']>(item, 'type'), number(item, 'row')]
      db.run(
        'INSERT OR IGNORE INTO source_deletions VALUES (?, ?, ?, ?, ?)',
        found.n,
        type,
        row,
        text(item, 'key'),
        isGone,
      )
    }
    for (const item of missing) if (!isReplaced(db, found, item)) add(item, 1)
    for (const item of goneBefore(db, found)) {
      if (held.has(word(item, 'type'), number(item, 'row')) || isReplaced(db, found, item)) add(item, 0)
    }
  })
}

/**
 * Forgets what an import noted, when it is taken back. What it missed and no other import has found or missed since passes to the next
 * one of the same phone and parts, which missed it as well: else it would have been noted as found again.
 */
export function passDeletionsOn(db: LibraryDatabase, found: ImportRow): void {
  const heir = publishedImports(db, found.owner).findLast(
    (one) => (one.publication ?? 0) > (found.publication ?? 0) && isOfSameSource(one, found),
  )
  if (heir !== undefined) {
    db.run(
      `UPDATE source_deletions SET import = ? WHERE import = ? AND NOT EXISTS (
         SELECT 1 FROM source_deletions AS later JOIN import_rows AS l ON l.n = later.import
         WHERE later.row = source_deletions.row AND later.type = source_deletions.type AND l.publication > ?)`,
      heir.n,
      found.n,
      found.publication,
    )
  }
  db.run('DELETE FROM source_deletions WHERE import = ?', found.n)
}

/** The last published import of the same phone and parts, if its source is not newer than this one's. */
function importBefore(db: LibraryDatabase, found: ImportRow): ImportRow | null {
  if (found.udid === null || found.parts === null || found.takenAt === null) return null
  const before = publishedImports(db, found.owner).find((one) => isOfSameSource(one, found))
  return before !== undefined && before.takenAt !== null && before.takenAt <= found.takenAt ? before : null
}

function isOfSameSource(one: ImportRow, other: ImportRow): boolean {
  return one.udid === other.udid && one.parts === other.parts
}

/** Items of an import that have a row which another import may find again: one that could not be read stands for itself. */
async function* ledgerOf(db: LibraryDatabase, { n, items }: ImportRow): AsyncGenerator<readonly Row[]> {
  for (let from = 0; from < items; from += itemsAtOnce) {
    yield db.attempt('reading a ledger', () =>
      db.all(
        `SELECT type, key, row FROM import_items WHERE import = ? AND seq >= ? AND seq < ? AND type <> 'unreadable' AND row IS NOT NULL`,
        n,
        from,
        from + itemsAtOnce,
      ),
    )
  }
}

/** Which rows an import found, as a bit for each: a set of a million numbers would take a hundred times as much. */
async function rowsOf(
  db: LibraryDatabase,
  found: ImportRow,
): Promise<{
  readonly unreadable: boolean
  readonly has: (type: ImportRecord['type'], row: number | null) => boolean
}> {
  const bits = new Map<string, Uint8Array>()
  for (const { type, table } of Object.values(shapes)) {
    const highest = db.attempt('counting rows', () => db.get(`SELECT max(row) AS row FROM ${table}`))
    bits.set(type, new Uint8Array(((highest === null ? null : numberOrNull(highest, 'row')) ?? 0) / 8 + 1))
  }
  for await (const page of ledgerOf(db, found)) {
    for (const item of page) {
      const row = number(item, 'row')
      const of = bits.get(text(item, 'type'))
      if (of !== undefined) of[row >> 3] = (of[row >> 3] ?? 0) | (1 << (row & 7))
    }
    await nextTurn()
  }
  const unreadable = db.attempt('looking for what could not be read', () =>
    db.get("SELECT 1 FROM import_items WHERE import = ? AND type = 'unreadable' LIMIT 1", found.n),
  )
  return {
    unreadable: unreadable !== null,
    has: (type, row) => row !== null && ((bits.get(type)?.[row >> 3] ?? 0) & (1 << (row & 7))) !== 0,
  }
}

/** Whether this import has a newer version of the row: then it was changed in the source, not deleted. */
function isReplaced(db: LibraryDatabase, found: ImportRow, item: Row): boolean {
  const { table } = shapes[word<ImportRecord['type']>(item, 'type')]
  const newer = `SELECT 1 FROM ${table} WHERE supersedes = ? AND import = ?`
  return db.get(newer, number(item, 'row'), found.n) !== null
}

/** Rows of this owner that count as gone now. */
function goneBefore(db: LibraryDatabase, found: ImportRow): readonly Row[] {
  return db.all(
    `SELECT d.type, d.key, d.row FROM source_deletions AS d JOIN import_rows AS i ON i.n = d.import
     WHERE i.owner = ? AND d.is_gone = 1 AND i.publication IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM source_deletions AS later JOIN import_rows AS l ON l.n = later.import
       WHERE later.row = d.row AND later.type = d.type AND l.publication > i.publication)`,
    found.ownerRow,
  )
}
