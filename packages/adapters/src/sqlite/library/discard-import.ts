import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ImportRecord } from '@holdfast/core/import'
import type { AttachmentFiles } from '../../attachment-files/index.js'
import { pagesOf } from './audit/pages.js'
import { number, numberOrNull, word } from './fields.js'
import { findFile, finishRemovals, removeUnreferenced, revokeIntents } from './file-rows.js'
import { findImport, type ImportRow, removeImport } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { countPublication } from './publish-import.js'
import { attachmentContent } from './rows/attachment-rows.js'
import { removeHandles } from './rows/handle-rows.js'
import { shapes } from './rows/record-rows.js'
import { passDeletionsOn } from './source-deletions.js'
import { removeVersion, versionAt } from './versions.js'

/** Items that one transaction takes back: few enough not to be felt. */
const itemsAtOnce = 200

/**
 * Takes an import back. One transaction makes all of it invisible; then its rows go in small ones, newest first, each listing the
 * files whose last reference it took; then those files. After a crash it goes on wherever it was.
 */
export async function discardImport(db: LibraryDatabase, files: AttachmentFiles, id: string): Promise<void> {
  const found = db.transaction('taking an import back', () => {
    const row = findImport(db, id)
    if (row === null) return null
    if (row.state === 'published') unpublish(db, row)
    else db.run('DELETE FROM source_deletions WHERE import = ?', row.n)
    db.run("UPDATE import_rows SET state = 'discarding', cursor = NULL, batch = NULL WHERE n = ?", row.n)
    return row
  })
  if (found !== null) {
    await files.sweep()
    while (db.transaction('taking rows back', () => removeItems(db, found.n))) await nextTurn()
    await removeStrays(db, found.n)
    db.transaction('forgetting an import', () => {
      revokeIntents(db, found.n)
      removeHandles(db, found.n)
      removeImport(db, found.n)
    })
  }
  await finishRemovals(db, files)
}

/** Removes the last items of an import and their rows. Returns whether there is more. */
function removeItems(db: LibraryDatabase, n: number): boolean {
  const items = db.all(
    'SELECT seq, type, row FROM import_items WHERE import = ? ORDER BY seq DESC LIMIT ?',
    n,
    itemsAtOnce,
  )
  for (const item of items) {
    const row = numberOrNull(item, 'row')
    if (row !== null) removeRow(db, n, word(item, 'type'), row)
  }
  const first = items.at(-1)
  if (first !== undefined) {
    db.run('DELETE FROM import_items WHERE import = ? AND seq >= ?', n, number(first, 'seq'))
  }
  return items.length === itemsAtOnce
}

/** Removes rows that say they are the import's and that no item listed: its number is given again, and they would be the next one's. */
async function removeStrays(db: LibraryDatabase, n: number): Promise<void> {
  const { signal } = new AbortController()
  for (const { type, table } of Object.values(shapes)) {
    for await (const { after, upTo } of pagesOf(db, table, 'row', { signal })) {
      const sql = `SELECT row FROM ${table} WHERE row > ? AND row <= ? AND import = ?`
      const strays = db.attempt('looking for stray rows', () => db.all(sql, after, upTo, n))
      if (strays.length === 0) continue
      db.transaction('taking rows back', () => {
        for (const stray of strays) removeRow(db, n, type, number(stray, 'row'))
      })
    }
  }
}

function removeRow(db: LibraryDatabase, n: number, type: ImportRecord['type'], row: number): void {
  const shape = shapes[type]
  const stored = type === 'attachment' ? versionAt(db, shape, row) : null
  const content = stored === null ? null : attachmentContent(stored)
  if (removeVersion(db, shape, row, n)) {
    db.run('DELETE FROM source_deletions WHERE row = ? AND type = ?', row, type)
  }
  if (content !== null) {
    const file = findFile(db, content.sha256)
    if (file !== null) removeUnreferenced(db, content.sha256, file.name)
  }
}

/**
 * Makes a published import invisible. What later imports found present in it becomes theirs, and what they superseded of it they
 * then supersede of the versions before: otherwise both would be seen.
 */
function unpublish(db: LibraryDatabase, found: ImportRow): void {
  passDeletionsOn(db, found)
  const later = db.all(
    'SELECT n FROM import_rows WHERE publication > ? ORDER BY publication',
    found.publication,
  )
  for (const { type, table } of Object.values(shapes)) {
    for (const heir of later) {
      db.run(
        `UPDATE ${table} SET import = ? WHERE import = ?
           AND row IN (SELECT row FROM import_items WHERE import = ? AND type = ?)`,
        number(heir, 'n'),
        found.n,
        number(heir, 'n'),
        type,
      )
    }
    const relink = `UPDATE ${table} SET supersedes = (SELECT old.supersedes FROM ${table} AS old WHERE old.row = ${table}.supersedes)
      WHERE supersedes IS NOT NULL AND import <> ?
        AND (SELECT old.import FROM ${table} AS old WHERE old.row = ${table}.supersedes) = ?`
    // One import may hold a chain of versions, when its source told one key more than once.
    while (db.run(relink, found.n, found.n).changes > 0);
  }
  db.run(
    'UPDATE import_rows SET publication = NULL, published_at = NULL, receipt = NULL WHERE n = ?',
    found.n,
  )
  countPublication(db)
}
