import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Random } from '../random.js'
import { type BackupFile, fileId } from '../well-known-files.js'
import type { BackupEncryption, Encrypted } from './encryption.js'
import type { ManifestFile } from './keyed-archive.js'
import { type EntryKind, hasDigests, type ManifestWriter, modes } from './manifest-writer.js'

const writesAtOnce = 16

/** What the manifest says of how a file is encrypted. */
type FileKey = Omit<Encrypted, 'stored'>

/** What a file may be given besides its content. */
export interface FileDetails {
  readonly extendedAttributes?: Uint8Array
  /** Bytes by which the size that the manifest claims is too small. @default 0 */
  readonly sizeShortBy?: number
}

/**
 * Writes the manifest and the blobs of a backup whose folder exists. Fast rather than durable: nothing is flushed, so it is for
 * data that can be made again.
 */
export class BackupWriter {
  readonly root: string
  readonly #manifest: ManifestWriter
  readonly #random: Random
  readonly #encryption: BackupEncryption | null
  /** Unix seconds; no file is younger. */
  readonly #takenAt: number
  readonly #folders = new Set<string>()
  readonly #directories = new Set<string>()
  /** Blobs that are being written, and those that could not be. */
  readonly #writes = new Set<Promise<void>>()
  #inode = 4000

  constructor(
    root: string,
    options: {
      readonly manifest: ManifestWriter
      readonly random: Random
      readonly takenAt: number
      /** Null for a plain backup. */
      readonly encryption: BackupEncryption | null
    },
  ) {
    this.root = root
    this.#encryption = options.encryption
    this.#random = options.random
    this.#takenAt = Math.floor(options.takenAt / 1000)
    this.#manifest = options.manifest
  }

  /** Adds a file: its row at once, its blob when {@link finish} resolves at the latest. */
  addFile(file: BackupFile, content: Uint8Array, details: FileDetails = {}): void {
    const encrypted = this.#encryption?.encrypt(content)
    this.#addBlob(
      file,
      encrypted?.stored ?? content,
      { ...details, size: claimed(content.length, details) },
      encrypted,
    )
  }

  /**
   * Adds a file of an encrypted backup that nobody can decrypt.
   *
   * @throws RangeError in a plain backup.
   */
  addUndecryptable(file: BackupFile, content: Uint8Array): void {
    const encrypted = this.#encryption?.encryptBeyondReach(content)
    if (encrypted === undefined) throw new RangeError('The backup is not encrypted')
    this.#addBlob(file, encrypted.stored, { size: content.length }, encrypted)
  }

  /** Adds the row of a file whose blob is not on disk. */
  addMissingBlob(file: BackupFile, content: Uint8Array): void {
    const encrypted = this.#encryption?.encrypt(content)
    const digest = createHash('sha1')
      .update(encrypted?.stored ?? content)
      .digest()
    this.#addRow(file, 'file', { size: content.length, digest }, encrypted)
  }

  /** Adds the row of a file whose blob was written to {@link blobPath} already, in plain; in an encrypted backup it is encrypted there. */
  async adoptFile(file: BackupFile, details: FileDetails = {}): Promise<void> {
    const path = this.blobPath(file)
    const size = claimed(statSync(path).size, details)
    const encrypted = await this.#encryption?.encryptFile(path)
    const hash = createHash('sha1')
    const chunks: AsyncIterable<Buffer> = createReadStream(path)
    for await (const chunk of chunks) hash.update(chunk)
    this.#addRow(file, 'file', { size, digest: hash.digest(), ...details }, encrypted)
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
    const path = join(this.root, this.#manifest.blobName(fileId(file)))
    const folder = dirname(path)
    if (folder !== this.root && !this.#folders.has(folder)) {
      mkdirSync(folder, { recursive: true })
      this.#folders.add(folder)
    }
    return path
  }

  /** Waits for the blobs and finishes the manifest. Resolves with its key where it is encrypted. */
  async finish(): Promise<Uint8Array | null> {
    await Promise.all(this.#writes)
    this.#manifest.finish()
    if (this.#encryption?.encryptsManifest !== true) return null
    return this.#encryption.encryptManifest(join(this.root, 'Manifest.db'))
  }

  /** Waits for the blobs and closes the manifest as it is, after a failure. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#writes)
    this.#manifest.abandon()
  }

  #addBlob(
    file: BackupFile,
    stored: Uint8Array,
    details: FileDetails & Pick<ManifestFile, 'size'>,
    key: FileKey | undefined,
  ): void {
    this.#writeBlob(this.blobPath(file), stored)
    const digest = createHash('sha1').update(stored).digest()
    this.#addRow(file, 'file', { ...details, digest }, key)
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
    kind: EntryKind,
    details: Pick<ManifestFile, 'size' | 'digest' | 'target' | 'extendedAttributes'>,
    key?: FileKey,
  ): void {
    if (kind !== 'directory') this.#addParent(file)
    const modified = this.#takenAt - this.#random.integer(60, 100_000_000)
    const mobile = kind !== 'symlink'
    const plainClass = kind === 'file' ? this.#random.pick([3, 3, 4]) : 0
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
      protectionClass: key?.protectionClass ?? plainClass,
      ...(key === undefined ? {} : { encryptionKey: key.encryptionKey }),
      ...(details.digest !== undefined && hasDigests(file.domain) ? { digest: details.digest } : {}),
      ...(details.target === undefined ? {} : { target: details.target }),
      ...(details.extendedAttributes === undefined ? {} : { extendedAttributes: details.extendedAttributes }),
    }
    this.#manifest.add(file, kind, archived)
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
