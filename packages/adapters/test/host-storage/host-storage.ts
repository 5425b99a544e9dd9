import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { AttachmentFiles } from '@holdfast/adapters/attachment-files'
import { libraryResource, type SqliteDatabase } from '@holdfast/adapters/sqlite'
import { HoldfastError } from '@holdfast/core'
import {
  type ImportRef,
  isToBePublished,
  parseReceipt,
  receiptOfImport,
  receiptOrNull,
  type Storage,
  type StorageSpace,
} from '@holdfast/core/import'
import { auditHost } from './audit-run.js'
import { HostDatabase } from './host-database.js'
import { departUnused, fileOf, finishDepartures, revokeArrivals } from './host-files.js'
import {
  beginRun,
  findRun,
  type ImportRun,
  knownRun,
  makeStale,
  mayGoOn,
  publishedRuns,
  recordsOf,
  stateOf,
} from './import-runs.js'
import { readBackRun } from './read-back.js'
import { differenceOfRow, show } from './shown-rows.js'
import { newestVersion, recordOf, removeItems, type Version } from './versions.js'
import { heldContent, isFileThere, writeBatch } from './write-batch.js'

/** A Storage over an app's tables, with what it can beyond the port's least. */
export interface HostStorage extends Storage {
  findUnchanged: NonNullable<Storage['findUnchanged']>
  readonly space: StorageSpace
}

/**
 * A Storage over the tables of an app that exists. The tables are the app's: what an import brings lies beside them while it is staged,
 * and is written into them when it is published, over rows of the app's own where they have the same guid. What those said comes back
 * when the last import that shows something in them is discarded; columns that only the app has are never written.
 */
export function hostStorage(database: SqliteDatabase, path: string, files: AttachmentFiles): HostStorage {
  const db = new HostDatabase(database, path)

  /** Takes an import out in one transaction: what remains are files, which are listed. */
  function takeOut(found: ImportRun): void {
    const records = recordsOf(db, found)
    if (found.place !== null) makeStale(db)
    revokeArrivals(db, found.n)
    const contents = removeItems(db, found.n)
    db.run('DELETE FROM import_runs WHERE n = ?', found.n)
    for (const { type, identity } of records) show(db, found.owner, type, identity)
    for (const sha256 of contents) {
      const file = fileOf(db, sha256)
      if (file !== null) departUnused(db, sha256, file.name)
    }
  }

  return {
    resources: [libraryResource(path)],
    format: 'host-storage 1',

    async check() {
      db.transaction(() => {})
      await files.check()
    },

    async begin(ref) {
      await finishDepartures(db, files)
      await files.sweep()
      const ready = db.transaction(() => {
        if (db.one('SELECT 1 AS known FROM users_local WHERE id = ?', ref.owner) === null)
          throw noSuchUser(ref)
        const found = knownRun(db, ref.id)
        if (found !== null && !mayGoOn(found, ref)) takeOut(found)
        const run = beginRun(db, ref)
        revokeArrivals(db, run.n)
        return run
      })
      await finishDepartures(db, files)
      return stateOf(ready)
    },

    write: (id, batch, options) => writeBatch(db, files, id, batch, options),

    space: {
      async rooms() {
        const { bavail, bsize } = statfsSync(dirname(path))
        return [
          {
            path: dirname(path),
            holds: ['rows', 'content'],
            bytesFree: bavail * bsize,
            takesFilesOver: false,
          },
        ]
      },
      async held(id, records) {
        const found = findRun(db, id)
        const held: boolean[] = []
        for (const record of records) held.push((await heldContent(db, files, found, record)) !== null)
        return held
      },
    },

    readBack: (id, options) => readBackRun(db, files, id, options),

    async publish(id, receipt) {
      const sealed = await receiptOfImport(findRun(db, id), receipt)
      db.transaction(() => {
        const found = findRun(db, id)
        if (!isToBePublished(found, sealed)) return
        const place = '(SELECT coalesce(max(place), 0) + 1 FROM import_runs)'
        const sql = `UPDATE import_runs SET place = ${place}, published_at = ?, receipt = ? WHERE n = ?`
        db.run(sql, Date.now(), JSON.stringify(sealed), found.n)
        makeStale(db)
        for (const { type, identity } of recordsOf(db, found)) show(db, found.owner, type, identity)
      })
    },

    async discard(id) {
      await files.sweep()
      db.transaction(() => {
        const found = knownRun(db, id)
        if (found !== null) takeOut(found)
      })
      await finishDepartures(db, files)
    },

    async findUnchanged(ref, { signal }) {
      const found = publishedRuns(db).findLast((run) => isOfStamp(run, ref))
      if (found === undefined || !(await holdsAll(db, files, found, signal))) return null
      return parseReceipt(found.receipt)
    },

    async imports() {
      return Promise.all(
        publishedRuns(db).map(async ({ id, owner, publishedAt, receipt }) => {
          return { id, owner, publishedAt, receipt: await receiptOrNull(receipt) }
        }),
      )
    },

    audit: ({ import: id, signal }) => auditHost(db, files, id ?? null, signal),
  }
}

function isOfStamp(run: ImportRun, { owner, stamp, fingerprint, udid }: ImportRef): boolean {
  const isSame = run.owner === owner && run.fingerprint === fingerprint && run.udid === udid
  return isSame && stamp !== undefined && run.stamp === stamp
}

/** Whether every record of an import is shown as it told it, and every file is there. */
async function holdsAll(
  db: HostDatabase,
  files: AttachmentFiles,
  { n, items }: ImportRun,
  signal: AbortSignal,
): Promise<boolean> {
  const sql = `SELECT v.* FROM import_items AS i JOIN import_versions AS v ON v.version = i.version WHERE i.run = ? ORDER BY i.seq`
  const versions = db.all<Version>(sql, n)
  if (versions.length !== items) return false
  const told = new Set(versions.map(({ version }) => version))
  for (const version of versions) {
    signal.throwIfAborted()
    const newest = newestVersion(db, version.owner, version.identity)
    if (newest === null || !told.has(newest.version)) return false
    if (recordOf(version) === null || differenceOfRow(db, version) !== null) return false
    if (version.sha256 !== null && !(await isFileThere(db, files, version.sha256))) return false
  }
  return true
}

function noSuchUser({ owner }: ImportRef): HoldfastError {
  return new HoldfastError('STORE_FAILED', 'The app has no such user', {
    hint: 'Sign in as the user whose backup this is, then retry. The backup is kept.',
    facts: { owner },
  })
}
