import { join } from 'node:path'
import type { OpenSqlite, SqliteDatabase, SqliteStatement } from '../../../sqlite/driver.js'
import { type BackupFile, blobName, fileId } from '../well-known-files.js'
import { archiveManifestFile, type ManifestFile } from './keyed-archive.js'
import type { EntryKind, ManifestWriter } from './manifest-writer.js'
import { openForWriting } from './open-for-writing.js'

/** A row of `Files`, by the names of its columns. */
export interface ManifestRow {
  readonly fileID: string
  readonly domain: string
  readonly relativePath: string
  readonly flags: number
  readonly file: Uint8Array
}

/** Values of `Files.flags`. */
const flags: Readonly<Record<EntryKind, number>> = { file: 1, directory: 2, symlink: 4 }

/** Writes Manifest.db, as iOS 10 and newer do; blobs lie in folders named by their first two digits. */
export class SqliteManifestWriter implements ManifestWriter {
  readonly #db: SqliteDatabase
  readonly #insert: SqliteStatement

  constructor(root: string, openSqlite: OpenSqlite) {
    this.#db = openForWriting(join(root, 'Manifest.db'), openSqlite)
    this.#db.exec(`
      CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
      CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB);
      PRAGMA user_version = 2;
      BEGIN`)
    this.#insert = this.#db.prepare('INSERT INTO Files VALUES (?, ?, ?, ?, ?)')
  }

  blobName(id: string): string {
    return blobName(id)
  }

  add(file: BackupFile, kind: EntryKind, details: ManifestFile): void {
    this.#insert.run(fileId(file), file.domain, file.relativePath, flags[kind], archiveManifestFile(details))
  }

  /** Adds a row as it stands in another manifest. */
  addRow(row: ManifestRow): void {
    this.#insert.run(row.fileID, row.domain, row.relativePath, row.flags, row.file)
  }

  /** Committed, indexes made, closed, no journal left. */
  finish(): void {
    this.#db.exec(`COMMIT;
      CREATE INDEX FilesDomainIdx ON Files(domain);
      CREATE INDEX FilesRelativePathIdx ON Files(relativePath);
      CREATE INDEX FilesFlagsIdx ON Files(flags)`)
    this.#db.close()
  }

  abandon(): void {
    this.#db.close()
  }
}
