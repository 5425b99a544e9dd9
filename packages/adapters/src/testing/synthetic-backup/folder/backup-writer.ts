import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenSqlite, SqliteDatabase, SqliteStatement } from '../../../sqlite/driver.js'
import type { Random } from '../random.js'
import { type BackupFile, blobName, fileId } from '../well-known-files.js'
import { archiveManifestFile, type ManifestFile } from './keyed-archive.js'

/** Values of `Files.flags`. */
const flags = { file: 1, directory: 2, symlink: 4 } as const

/** Kind and permissions, as `st_mode` has them: regular file 0644, directory 0755, symlink 0755. */
const modes = { file: 0o100644, directory: 0o040755, symlink: 0o120755 } as const

const writesAtOnce = 16

/** What a file may be given besides its content. */
export interface FileDetails {
  readonly extendedAttributes?: Uint8Array
  /** Bytes by which the size that the manifest claims is too small. @default 0 */
  readonly sizeShortBy?: number
}

/**
 * Writes Manifest.db and the blobs of a backup whose folder exists. Fast rather than durable: nothing is flushed, so it is for
 * data that can be made again.
 */
export class BackupWriter {
  readonly root: string
  readonly #db: SqliteDatabase
  readonly #insert: SqliteStatement
  readonly #random: Random
  /** Unix seconds; no file is younger. */
  readonly #takenAt: number
  readonly #folders = new Set<string>()
  readonly #directories = new Set<string>()
  /** Blobs that are being written, and those that could not be. */
  readonly #writes = new Set<Promise<void>>()
  #inode = 4000

  constructor(root: string, options: { openSqlite: OpenSqlite; random: Random; takenAt: number }) {
    this.root = root
    this.#random = options.random
    this.#takenAt = Math.floor(options.takenAt / 1000)
    this.#db = openForWriting(join(root, 'Manifest.db'), options.openSqlite)
    this.#db.exec(`
      CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
      CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB);
      PRAGMA user_version = 2;
      BEGIN`)
    this.#insert = this.#db.prepare('INSERT INTO Files VALUES (?, ?, ?, ?, ?)')
  }

  /** Adds a file: its row at once, its blob when {@link finish} resolves at the latest. */
  addFile(file: BackupFile, content: Uint8Array, details: FileDetails = {}): void {
    this.#writeBlob(this.blobPath(file), content)
    const digest = createHash('sha1').update(content).digest()
    this.#addRow(file, 'file', { size: claimed(content.length, details), digest, ...details })
  }

  /** Adds the row of a file whose blob is not on disk. */
  addMissingBlob(file: BackupFile, content: Uint8Array): void {
    const digest = createHash('sha1').update(content).digest()
    this.#addRow(file, 'file', { size: content.length, digest })
  }

  /** Adds the row of a file whose blob was written to {@link blobPath} already. */
  async adoptFile(file: BackupFile, details: FileDetails = {}): Promise<void> {
    const path = this.blobPath(file)
    const hash = createHash('sha1')
    const chunks: AsyncIterable<Buffer> = createReadStream(path)
    for await (const chunk of chunks) hash.update(chunk)
    const size = claimed(statSync(path).size, details)
    this.#addRow(file, 'file', { size, digest: hash.digest(), ...details })
  }

  /** Adds a directory and those above it; repeats are ignored. */
  addDirectory(directory: BackupFile): void {
    const key = `${directory.domain}-${directory.relativePath}`
    if (this.#directories.has(key)) return
    this.#directories.add(key)
    if (directory.relativePath !== '') this.#addParent(directory)
    this.#addRow(directory, 'directory', { size: 0 })
  }

  addSymlink(link: BackupFile, target: string): void {
    this.#addRow(link, 'symlink', { size: 0, target })
  }

  /** Where the blob of a file belongs; its folder exists when this returns. */
  blobPath(file: BackupFile): string {
    const name = blobName(fileId(file))
    const folder = name.slice(0, 2)
    if (!this.#folders.has(folder)) {
      mkdirSync(join(this.root, folder), { recursive: true })
      this.#folders.add(folder)
    }
    return join(this.root, name)
  }

  /** Waits for the blobs and finishes Manifest.db: committed, indexes made, closed, no journal left. */
  async finish(): Promise<void> {
    await Promise.all(this.#writes)
    this.#db.exec(`COMMIT;
      CREATE INDEX FilesDomainIdx ON Files(domain);
      CREATE INDEX FilesRelativePathIdx ON Files(relativePath);
      CREATE INDEX FilesFlagsIdx ON Files(flags)`)
    this.#db.close()
  }

  /** Waits for the blobs and closes Manifest.db as it is, after a failure. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#writes)
    this.#db.close()
  }

  /** Writes beside the caller's work, a few files at a time; when those are under way, at once. Memory and open files stay few. */
  #writeBlob(path: string, content: Uint8Array): void {
    if (this.#writes.size >= writesAtOnce) {
      writeFileSync(path, content)
      return
    }
    const write = writeFile(path, content)
    this.#writes.add(write)
    void write.then(
      () => this.#writes.delete(write),
      () => undefined, // `finish` tells it.
    )
  }

  #addRow(
    file: BackupFile,
    kind: keyof typeof flags,
    details: Pick<ManifestFile, 'size' | 'digest' | 'target' | 'extendedAttributes'>,
  ): void {
    if (kind !== 'directory') this.#addParent(file)
    const modified = this.#takenAt - this.#random.integer(60, 100_000_000)
    const mobile = kind !== 'symlink'
    const archived: ManifestFile = {
      relativePath: file.relativePath,
      size: details.size,
      mode: modes[kind],
      modified,
      changed: modified + 30,
      born: modified - this.#random.integer(0, 1_000_000),
      inode: this.#inode++,
      userId: mobile ? 501 : 0,
      groupId: mobile ? 501 : 0,
      protectionClass: kind === 'file' ? this.#random.pick([3, 3, 4]) : 0,
      ...(details.digest !== undefined && hasDigests(file.domain) ? { digest: details.digest } : {}),
      ...(details.target === undefined ? {} : { target: details.target }),
      ...(details.extendedAttributes === undefined ? {} : { extendedAttributes: details.extendedAttributes }),
    }
    this.#insert.run(fileId(file), file.domain, file.relativePath, flags[kind], archiveManifestFile(archived))
  }

  #addParent(file: BackupFile): void {
    const slash = file.relativePath.lastIndexOf('/')
    this.addDirectory({
      domain: file.domain,
      relativePath: slash < 0 ? '' : file.relativePath.slice(0, slash),
    })
  }
}

function claimed(size: number, details: FileDetails): number {
  return Math.max(0, size - (details.sizeShortBy ?? 0))
}

/** Whether the phone notes a digest for files of this domain: not for apps, the camera roll and other media. */
function hasDigests(domain: string): boolean {
  return !/^(AppDomain|CameraRollDomain|MediaDomain|TonesDomain)/.test(domain)
}

/** A new database in rollback-journal mode that is written at full speed: no journal, nothing flushed. */
export function openForWriting(path: string, openSqlite: OpenSqlite): SqliteDatabase {
  const db = openSqlite(path, { readonly: false })
  db.exec(`PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF`)
  return db
}
