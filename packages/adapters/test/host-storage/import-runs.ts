import { isHoldfastError, type Json } from '@holdfast/core'
import {
  type ImportRecord,
  type ImportRef,
  importUnknown,
  isSameSource,
  parseReceipt,
  type Receipt,
  type StagingState,
} from '@holdfast/core/import'
import type { HostDatabase } from './host-database.js'

/** An import as its row says. */
export interface ImportRun {
  readonly n: number
  readonly id: string
  readonly owner: string
  readonly udid: string | null
  readonly fingerprint: string
  readonly stamp: string | null
  readonly isStale: boolean
  readonly cursor: Json
  /** Hash of the last batch; null before the first. */
  readonly batch: string | null
  readonly items: number
  /** Place in the order of publication; null while it is staged. */
  readonly place: number | null
  readonly publishedAt: number
  /** As it was kept; null while it is staged. */
  readonly receipt: { readonly seal: string } | null
}

type Row = Omit<ImportRun, 'isStale' | 'cursor' | 'receipt'> & {
  readonly isStale: 0 | 1
  readonly cursor: string
  readonly receipt: string | null
}

const select = `SELECT n, id, owner, udid, fingerprint, stamp, is_stale AS isStale, cursor, batch, items, place,
  published_at AS publishedAt, receipt FROM import_runs`

/** The import with this id; null when there is none. */
export function knownRun(db: HostDatabase, id: string): ImportRun | null {
  const row = db.one<Row>(`${select} WHERE id = ?`, id)
  return row === null ? null : runOf(row)
}

/** The import with this id. @throws HoldfastError `IMPORT_UNKNOWN`. */
export function findRun(db: HostDatabase, id: string): ImportRun {
  const found = knownRun(db, id)
  if (found === null) throw importUnknown(id)
  return found
}

/** Published imports, oldest first. */
export function publishedRuns(db: HostDatabase): readonly ImportRun[] {
  return db.all<Row>(`${select} WHERE place IS NOT NULL ORDER BY place`).map(runOf)
}

function runOf(row: Row): ImportRun {
  const { isStale, cursor, receipt } = row
  return { ...row, isStale: isStale === 1, cursor: JSON.parse(cursor), receipt: parsed(receipt) }
}

/** A receipt that is no JSON any more has no seal that fits. */
function parsed(receipt: string | null): ImportRun['receipt'] {
  try {
    const kept: ImportRun['receipt'] = JSON.parse(receipt ?? 'null')
    return kept
  } catch {
    return { seal: '' }
  }
}

/** Whether the staging of an import may go on, for this source. */
export function mayGoOn(found: ImportRun, ref: ImportRef): boolean {
  return found.receipt !== null || (!found.isStale && isSameSource(found, ref))
}

/** Adds an import, or notes that a part of what it staged may come from its source as it was before a change. */
export function beginRun(db: HostDatabase, ref: ImportRef): ImportRun {
  const { id, owner, udid, fingerprint } = ref
  const stamp = ref.stamp ?? null
  const sql = 'INSERT OR IGNORE INTO import_runs (id, owner, udid, fingerprint, stamp) VALUES (?, ?, ?, ?, ?)'
  db.run(sql, id, owner, udid, fingerprint, stamp)
  if (stamp !== null) {
    db.run('UPDATE import_runs SET stamp = NULL WHERE id = ? AND place IS NULL AND stamp <> ?', id, stamp)
  }
  return findRun(db, id)
}

/** Lets everything that is staged begin afresh: the rows that it was compared with are no more. */
export function makeStale(db: HostDatabase): void {
  db.run('UPDATE import_runs SET is_stale = 1 WHERE place IS NULL')
}

/** How far the staging of an import has come. */
export async function stateOf({ cursor, items, receipt }: ImportRun): Promise<StagingState> {
  return { cursor, items, receipt: receipt === null ? null : await parseReceipt(receipt) }
}

/** What is wrong with the receipt of a published import; null for nothing. */
export async function receiptTrouble(
  found: ImportRun,
  check: (receipt: Receipt) => Promise<Receipt>,
): Promise<string | null> {
  if (found.place === null) return null
  try {
    await check(await parseReceipt(found.receipt))
    return null
  } catch (thrown) {
    if (isHoldfastError(thrown) && thrown.code === 'RECEIPT_INVALID') return thrown.message
    throw thrown
  }
}

/** The records that an import tells, each once. */
export function recordsOf(
  db: HostDatabase,
  { n }: ImportRun,
): readonly { readonly type: ImportRecord['type']; readonly identity: string }[] {
  const sql = `SELECT DISTINCT v.type, v.identity FROM import_items AS i JOIN import_versions AS v ON v.version = i.version
    WHERE i.run = ? ORDER BY v.version`
  return db.all(sql, n)
}
