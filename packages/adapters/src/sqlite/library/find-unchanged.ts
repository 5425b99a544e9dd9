import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ImportRef, type Receipt, receiptOrNull } from '@holdfast/core/import'
import type { AttachmentFiles } from '../../attachment-files/index.js'
import { number, numberOrNull, text } from './fields.js'
import { type ImportRow, publishedImports } from './import-rows.js'
import type { LibraryDatabase } from './library-database.js'
import { ownerOf } from './owners.js'
import { attachmentShape } from './rows/attachment-rows.js'
import { shapes } from './rows/record-rows.js'

/** Items of a ledger that are looked at between two turns of the event loop: some milliseconds. */
const itemsAtOnce = 10_000
/** Files whose sizes are asked for at once. */
const filesAtOnce = 5000

/**
 * The receipt of the import that holds all of an unchanged source: the contract is that of `Storage.findUnchanged`. Everything that an
 * import of the source would write again is looked for, without reading the source: rows that are gone, rows that another import has
 * replaced since, files that are gone, cut off, or known to be damaged.
 */
export async function findUnchanged(
  db: LibraryDatabase,
  files: AttachmentFiles,
  ref: ImportRef,
  signal: AbortSignal,
): Promise<Receipt | null> {
  const { stamp, fingerprint, udid } = ref
  if (stamp === undefined) return null
  const published = db.attempt('looking for an import of the same source', () =>
    publishedImports(db, ownerOf(db, ref)),
  )
  const isSame = (one: ImportRow): boolean =>
    one.stamp === stamp && one.fingerprint === fingerprint && one.udid === udid
  const found = published.find(isSame)
  if (found === undefined) return null
  const later = published.filter((one) => (one.publication ?? 0) > (found.publication ?? 0))
  if (later.length > 0 && isReplaced(db, found, later)) return null
  if (!(await holdsEveryRow(db, found, signal))) return null
  if (!(await holdsEveryFile(db, files, found, signal))) return null
  // Where it is damaged nothing proves that import any more: the source is read again.
  return receiptOrNull(found.receipt)
}

/** What SQLite had counted of writes before an import was found to hold every row: with the same count it still does. */
const lastFound = new WeakMap<LibraryDatabase, { readonly n: number; readonly writes: string }>()

/** Whether a later import replaced a row that this one stored or found. */
function isReplaced(db: LibraryDatabase, found: ImportRow, later: readonly ImportRow[]): boolean {
  const numbers = later.map(({ n }) => n).join()
  return Object.values(shapes).some(({ type, table }) =>
    db.attempt('looking for rows that were replaced', () => {
      const replaced = `SELECT supersedes FROM ${table} WHERE supersedes IS NOT NULL AND import IN (${numbers})`
      // Most imports replace nothing, or little: without this the ledger would be read for each type.
      if (db.get(`${replaced} LIMIT 1`) === null) return false
      const sql = `SELECT 1 FROM import_items WHERE import = ? AND type = ? AND row IN (${replaced}) LIMIT 1`
      return db.get(sql, found.n, type) !== null
    }),
  )
}

async function holdsEveryRow(db: LibraryDatabase, found: ImportRow, signal: AbortSignal): Promise<boolean> {
  // An import asks twice, before it leaves the source unread and to prove that it could: a row for each of a million items.
  const writes = db.attempt('looking for rows', () => db.writes())
  const last = lastFound.get(db)
  if (last?.n === found.n && last.writes === writes) return true
  const holds = await looksForEveryRow(db, found, signal)
  if (holds) lastFound.set(db, { n: found.n, writes })
  return holds
}

async function looksForEveryRow(
  db: LibraryDatabase,
  found: ImportRow,
  signal: AbortSignal,
): Promise<boolean> {
  const isThere = Object.values(shapes)
    .map(({ type, table }) => `WHEN '${type}' THEN EXISTS (SELECT 1 FROM ${table} AS t WHERE t.row = i.row)`)
    .join(' ')
  const sql = `SELECT count(*) AS items, sum(CASE i.type ${isThere} END) AS held
    FROM import_items AS i WHERE i.import = ? AND i.seq >= ? AND i.seq < ?`
  let items = 0
  for (let from = 0; from < found.items; from += itemsAtOnce) {
    signal.throwIfAborted()
    const page = db.attempt('looking for rows', () => db.get(sql, found.n, from, from + itemsAtOnce))
    if (page === null || page['held'] !== page['items']) return false
    items += number(page, 'items')
    await nextTurn()
  }
  return items === found.items
}

async function holdsEveryFile(
  db: LibraryDatabase,
  files: AttachmentFiles,
  found: ImportRow,
  signal: AbortSignal,
): Promise<boolean> {
  const { type, table } = attachmentShape
  // A row that refers to content of which the library knows no file gives a name that no file has. A page comes as two texts: a driver
  // takes twice as long to make an object of each row.
  const sql = `SELECT json_group_array(name) AS names, json_group_array(bytes) AS bytes, max(suspect) AS suspect, max(seq) AS last FROM (
    SELECT i.seq, coalesce(f.name, '') AS name, a.bytes, coalesce(f.suspect, 1) AS suspect
    FROM import_items AS i JOIN ${table} AS a ON a.row = i.row LEFT JOIN file_rows AS f ON f.sha256 = a.sha256
    WHERE i.import = ? AND i.type = ? AND i.seq > ? AND a.sha256 IS NOT NULL ORDER BY i.seq LIMIT ?)`
  for (let after = -1; ; ) {
    signal.throwIfAborted()
    const page = db.attempt('looking for files', () => db.get(sql, found.n, type, after, filesAtOnce))
    const last = page === null ? null : numberOrNull(page, 'last')
    if (page === null || last === null) return true
    if (page['suspect'] !== 0) return false
    // Made by the statement out of columns of text and of numbers; where one holds something else, no size equals it.
    const names = JSON.parse(text(page, 'names')) as string[]
    const bytes = JSON.parse(text(page, 'bytes')) as unknown[]
    const sizes = await files.sizes(names)
    if (sizes.length !== bytes.length || sizes.some((size, index) => size !== bytes[index])) return false
    after = last
  }
}
