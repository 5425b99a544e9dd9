import { createHash } from 'node:crypto'
import { canonicalJson } from '@holdfast/core'
import type { ImportRecord } from '@holdfast/core/import'
import type { HostDatabase } from './host-database.js'

/** A version of a record, as it was brought. */
export interface Version {
  readonly version: number
  /** The import that brought it, or inherited it. */
  readonly run: number
  readonly owner: string
  readonly type: ImportRecord['type']
  readonly identity: string
  /** Canonical JSON. */
  readonly record: string
  readonly sha256: string | null
  /** Hash over record and content, so that a changed row shows. */
  readonly seal: string
}

/** The newest version of a record that is published, or staged by import `n`; null when there is none. */
export function newestVersion(
  db: HostDatabase,
  owner: string,
  identity: string,
  n: number | null = null,
): Version | null {
  return db.one(
    `SELECT v.* FROM import_versions AS v WHERE v.owner = ? AND v.identity = ? AND EXISTS (
       SELECT 1 FROM import_items AS i JOIN import_runs AS r ON r.n = i.run
       WHERE i.version = v.version AND (r.place IS NOT NULL OR r.n = ?))
     ORDER BY v.version DESC LIMIT 1`,
    owner,
    identity,
    n,
  )
}

/** Adds a version, and gives its number. */
export function addVersion(db: HostDatabase, version: Omit<Version, 'version' | 'seal'>): number {
  const { run, owner, type, identity, record, sha256 } = version
  return db.run(
    'INSERT INTO import_versions (run, owner, type, identity, record, sha256, seal) VALUES (?, ?, ?, ?, ?, ?, ?)',
    run,
    owner,
    type,
    identity,
    record,
    sha256,
    sealOf(record, sha256),
  ).row
}

/** The record of a version; null where its row is not what was written. */
export function recordOf({ record, sha256, seal }: Version): ImportRecord | null {
  // With a fitting seal it is what `addVersion` was given.
  return seal === sealOf(record, sha256) ? (JSON.parse(record) as ImportRecord) : null
}

/**
 * Takes the items of an import out. Versions that other imports refer to pass to the first of these; the others go. Gives the hashes of
 * contents that may have lost their last reference.
 */
export function removeItems(db: HostDatabase, n: number): readonly string[] {
  db.run('DELETE FROM import_items WHERE run = ?', n)
  db.run(
    `UPDATE import_versions SET run = (
       SELECT r.n FROM import_items AS i JOIN import_runs AS r ON r.n = i.run WHERE i.version = import_versions.version
       ORDER BY r.place IS NULL, r.place LIMIT 1)
     WHERE run = ? AND EXISTS (SELECT 1 FROM import_items AS i WHERE i.version = import_versions.version)`,
    n,
  )
  const contents = db.all<{ sha256: string }>(
    'SELECT DISTINCT sha256 FROM import_versions WHERE run = ? AND sha256 IS NOT NULL',
    n,
  )
  // Also those that say they are of this import and that no item listed.
  db.run('DELETE FROM import_versions WHERE run = ?', n)
  return contents.map(({ sha256 }) => sha256)
}

/** The hash that a version carries. */
export function sealOf(record: string, sha256: string | null): string {
  return createHash('sha256')
    .update(canonicalJson([record, sha256]))
    .digest('hex')
}
