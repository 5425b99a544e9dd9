import { createHash } from 'node:crypto'
import { inTransaction, type SqliteDatabase, sqlError } from '@holdfast/adapters/sqlite'
import { canonicalJson } from '@holdfast/core'
import {
  checkOpen,
  collectContent,
  type ImportRecord,
  type ImportRef,
  importUnknown,
  isSameSource,
  isToBePublished,
  itemOutcome,
  type MessageRecord,
  parseReceipt,
  receiptOfImport,
  receiptOrNull,
  recordIdentity,
  type StagingState,
  type Storage,
  type StoredItem,
} from '@holdfast/core/import'

/** What stands beside the app's own table, `messages (user, guid, sender, sent_at, text …)` with UNIQUE (user, guid). */
export const importTables = `
  CREATE TABLE import_runs (n INTEGER PRIMARY KEY, id TEXT UNIQUE, owner, udid, fingerprint, stale DEFAULT 0,
    cursor DEFAULT 'null', batch, items DEFAULT 0, place, published_at, receipt DEFAULT 'null');
  -- Whatever imports brought, word for word; a later version of a record stands beside the earlier one.
  CREATE TABLE import_versions (version INTEGER PRIMARY KEY, identity TEXT, record, sha256);
  CREATE INDEX import_versions_by_identity ON import_versions (identity);
  CREATE TABLE import_items (run, seq, type, key, outcome, reason, version, PRIMARY KEY (run, seq));
  CREATE INDEX import_items_by_version ON import_items (version);
  CREATE TABLE import_contents (sha256 TEXT PRIMARY KEY, bytes BLOB);
  -- What the app's row was before an import showed its own in it; 'null' where there was none.
  CREATE TABLE import_before (user, guid, row, PRIMARY KEY (user, guid));`

type Run = ImportRef & StagingState & { n: number; batch: string | null; isStale: boolean }
type Version = { version: number; identity: string; record: string; sha256: string | null }
type Item = Pick<StoredItem, 'type' | 'key' | 'outcome' | 'reason'> & { version: number }
type Row = { sender: string | null; sent_at: number | null; text: string | null }

/** A Storage over an app's table of messages. Contents are kept in the database, records that the app has no table for as JSON. */
export function messageTable(db: SqliteDatabase, path: string): Storage {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON') // commits survive a power cut
  const run = (sql: string, ...values: unknown[]) => db.prepare(sql).run(...values)
  // The tables are this file's own: a row is what the caller's type says.
  const all = <R>(sql: string, ...values: unknown[]) => db.prepare(sql).all(...values) as R[]
  const one = <R>(sql: string, ...values: unknown[]) => all<R>(sql, ...values)[0]

  /** All of it durably, or nothing; what SQLite refuses is told as an import's user can act on it: `DISK_FULL`, for one. */
  function commit<R>(doing: string, work: () => R): R {
    try {
      return inTransaction(db, work)
    } catch (thrown) {
      throw sqlError(thrown, doing, path)
    }
  }

  function known(id: string): Run | null {
    type Kept = Omit<Run, 'cursor' | 'receipt'> & { cursor: string; receipt: string; stale: 0 | 1 }
    const kept = one<Kept>('SELECT * FROM import_runs WHERE id = ?', id)
    if (kept === undefined) return null
    const { cursor, receipt, stale } = kept
    return { ...kept, cursor: JSON.parse(cursor), receipt: JSON.parse(receipt), isStale: stale === 1 }
  }

  function find(id: string): Run {
    const found = known(id)
    if (found === null) throw importUnknown(id)
    return found
  }

  /** The newest version of a record that is published, or staged by run `n`. */
  function newest(identity: string, n: number | null = null): Version | undefined {
    const sql = `SELECT v.* FROM import_versions v JOIN import_items i USING (version) JOIN import_runs r ON r.n = i.run
      WHERE v.identity = ? AND (r.place IS NOT NULL OR r.n = ?) ORDER BY v.version DESC LIMIT 1`
    return one(sql, identity, n)
  }

  const messagesOf = ({ n }: Run) =>
    all<Item>("SELECT DISTINCT key FROM import_items WHERE run = ? AND type = 'message'", n)
  const rowOf = (user: string, guid: string) =>
    one<Row>('SELECT sender, sent_at, text FROM messages WHERE user = ? AND guid = ?', user, guid)

  /** Lets the app's row of a message say what the newest published version does; what it said before, where there is none. */
  function show(user: string, guid: string): void {
    const version = newest(canonicalJson([user, canonicalJson(['message', null, guid])]))
    const sql = 'SELECT row FROM import_before WHERE user = ? AND guid = ?'
    const before = one<{ row: string }>(sql, user, guid)?.row
    if (version === undefined && before === undefined) return // it never was an import's
    const own = before ?? JSON.stringify(rowOf(user, guid) ?? null)
    run('INSERT OR IGNORE INTO import_before VALUES (?, ?, ?)', user, guid, own)
    if (version === undefined) run('DELETE FROM import_before WHERE user = ? AND guid = ?', user, guid)
    const shown: MessageRecord | null = version === undefined ? null : JSON.parse(version.record)
    const row: Row | null = shown === null ? JSON.parse(own) : rowFor(shown)
    if (row === null) run('DELETE FROM messages WHERE user = ? AND guid = ?', user, guid)
    else run(upsert, user, guid, row.sender, row.sent_at, row.text)
  }

  /** A version as the tables have it now, and whether that is what was stored. */
  function read(owner: string, version: Version): Pick<StoredItem, 'record' | 'content' | 'difference'> {
    const record: ImportRecord = JSON.parse(version.record)
    const sql = 'SELECT bytes FROM import_contents WHERE sha256 = ?'
    const file = one<{ bytes: Uint8Array }>(sql, version.sha256)
    const content = file === undefined ? null : { sha256: hashOf(file.bytes), bytes: file.bytes.length }
    if (version.sha256 !== (content?.sha256 ?? null))
      return { record, content, difference: content === null ? 'file-missing' : 'file-changed' }
    if (record.type !== 'message' || newest(version.identity)?.version !== version.version)
      return { record, content, difference: null } // the app's table does not show it
    const row = rowOf(owner, record.guid)
    if (row === undefined) return { record: null, content, difference: 'row-missing' }
    const isAsStored = canonicalJson(row) === canonicalJson(rowFor(record))
    return { record, content, difference: isAsStored ? null : 'row-changed' }
  }

  /** Takes a run out, and the versions and contents that no other run refers to. */
  function forget(found: Run): void {
    const messages = messagesOf(found)
    run('DELETE FROM import_items WHERE run = ?', found.n)
    run('DELETE FROM import_runs WHERE n = ?', found.n)
    run('DELETE FROM import_versions WHERE version NOT IN (SELECT version FROM import_items)')
    run(`DELETE FROM import_contents WHERE ${isUnused}`)
    for (const { key } of messages) show(found.owner, key)
  }

  return {
    resources: [`library:${path}`],
    format: 'message-table 1',

    async check() {
      commit('locking it', () => {})
    },

    async begin(ref) {
      const { cursor, items, receipt } = commit('beginning', () => {
        const before = known(ref.id)
        const goesOn = before?.receipt || (before?.isStale === false && isSameSource(before, ref))
        if (before !== null && !goesOn) forget(before)
        const sql = 'INSERT OR IGNORE INTO import_runs (id, owner, udid, fingerprint) VALUES (?, ?, ?, ?)'
        run(sql, ref.id, ref.owner, ref.udid, ref.fingerprint)
        return find(ref.id)
      })
      return { cursor, items, receipt: receipt && (await parseReceipt(receipt)) }
    },

    async write(id, { records, cursor }, { content, signal }) {
      signal.throwIfAborted()
      find(id)
      const contents = new Map<ImportRecord, Uint8Array>()
      for (const record of records)
        if (record.type === 'attachment' && record.unavailable === null)
          contents.set(record, await collectContent(content(record, signal), signal))
      // Nothing is written before all content is here, and then everything at once.
      commit('staging a batch', () => {
        const found = find(id)
        checkOpen(found)
        const batch = hashOf(canonicalJson([records, cursor]))
        if (found.batch === batch) return // its commit was not seen
        const { n, owner, udid, items } = found
        for (const [index, record] of records.entries()) {
          const bytes = contents.get(record)
          const sha256 = bytes === undefined ? null : hashOf(bytes)
          if (bytes !== undefined) run('INSERT OR REPLACE INTO import_contents VALUES (?, ?)', sha256, bytes)
          const identity = canonicalJson([owner, recordIdentity(record, udid) ?? record.key])
          const text = canonicalJson(record)
          const held = newest(identity, n)
          const isSame = held?.record === text && held.sha256 === sha256
          const isHeld = isSame && read(owner, held).difference === null
          const sql = 'INSERT INTO import_versions VALUES (NULL, ?, ?, ?)'
          const version = isHeld ? held.version : run(sql, identity, text, sha256).lastInsertRowid
          const { outcome, reason } = itemOutcome(record, isHeld)
          const item = [n, items + index, record.type, record.key, outcome, reason, version]
          run('INSERT INTO import_items VALUES (?, ?, ?, ?, ?, ?, ?)', ...item)
        }
        const sql = 'UPDATE import_runs SET cursor = ?, batch = ?, items = ? WHERE n = ?'
        run(sql, canonicalJson(cursor), batch, items + records.length, n)
      })
    },

    async *readBack(id, { signal }) {
      const { n, owner, items } = find(id)
      for (let seq = 0; seq < items; seq++) {
        signal.throwIfAborted()
        const item = one<Item>('SELECT * FROM import_items WHERE run = ? AND seq = ?', n, seq)
        if (item === undefined) continue // the counts of the receipt tell
        const { type, key, outcome, reason } = item
        const version = one<Version>('SELECT * FROM import_versions WHERE version = ?', item.version)
        const gone = { record: null, content: null, difference: 'row-missing' } as const
        yield { type, key, outcome, reason, ...(version === undefined ? gone : read(owner, version)) }
      }
    },

    async publish(id, receipt) {
      const sealed = await receiptOfImport(find(id), receipt)
      commit('publishing', () => {
        const found = find(id)
        if (!isToBePublished(found, sealed)) return
        const next = '(SELECT ifnull(max(place), 0) + 1 FROM import_runs)'
        const sql = `UPDATE import_runs SET place = ${next}, published_at = ?, receipt = ? WHERE n = ?`
        run(sql, Date.now(), JSON.stringify(sealed), found.n)
        run('UPDATE import_runs SET stale = 1 WHERE place IS NULL') // they were compared with what is no more
        for (const { key } of messagesOf(found)) show(found.owner, key)
      })
    },

    async discard(id) {
      commit('taking an import back', () => {
        const found = known(id)
        if (found?.receipt) run('UPDATE import_runs SET stale = 1 WHERE place IS NULL')
        if (found !== null) forget(found)
      })
    },

    async imports() {
      const columns = 'id, owner, published_at AS publishedAt, receipt'
      const sql = `SELECT ${columns} FROM import_runs WHERE place IS NOT NULL ORDER BY place`
      const kept = all<{ id: string; owner: string; publishedAt: number; receipt: string }>(sql)
      return Promise.all(kept.map(async (each) => ({ ...each, receipt: await receiptOrNull(each.receipt) })))
    },

    async *audit({ import: id, signal }) {
      signal.throwIfAborted()
      if (id !== undefined) return void find(id) // no row or content is of one import alone
      for (const { key } of all<Item>(`SELECT sha256 AS key FROM import_contents WHERE ${isUnused}`))
        yield { problem: 'file-unlisted', import: null, type: 'file', key, detail: null }
    },
  }
}

const isUnused = "sha256 NOT IN (SELECT ifnull(sha256, '') FROM import_versions)"
const upsert = `INSERT INTO messages (user, guid, sender, sent_at, text) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET sender = excluded.sender, sent_at = excluded.sent_at, text = excluded.text`

function rowFor({ sender, sentAt, text }: MessageRecord): Row {
  return { sender, sent_at: sentAt, text: text && Buffer.from(text).toString() } // no column holds half a surrogate pair
}

function hashOf(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
