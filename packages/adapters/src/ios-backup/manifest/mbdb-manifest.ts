import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { DecodeFailure } from '../../decoding/decoding.js'
import { damaged } from '../database/database-errors.js'
import { unreadable } from '../folder/backup-file.js'
import { fileIdOf, type PhonePath } from './file-id.js'
import { FileIdTable } from './file-id-table.js'
import { type ListedEntry, type Manifest, type ManifestEntry, oldManifestName } from './manifest.js'
import { kindOfMode, type ManifestFile } from './manifest-file.js'
import { fileIdOfRecord, fileOfRecord, type MbdbRecord, readMbdbRecord } from './mbdb-record.js'
import { leadsOut, unsafeEntry } from './unsafe-rows.js'

const name = { file: oldManifestName, what: 'The list of files', damaged: 'MANIFEST_DAMAGED' } as const

/** `mbdb` and the only version that iOS 5 to 9 wrote, 5.0. */
const header = Buffer.from('mbdb\u0005\0', 'latin1')

const chunkBytes = 256 * 1024
/** Nearly every record fits into it: most take 150 to 300 bytes. */
const recordBytes = 2048
/** Of a record in backups of real phones, about. */
const usualRecordBytes = 290

interface PlacedRecord {
  readonly record: MbdbRecord
  /** Where in the file it begins. */
  readonly offset: number
}

/**
 * The list of files of iOS 9 and older: one record behind the other in Manifest.mbdb, without an index. Opening it reads it once, in
 * chunks, and keeps where each record begins; a lookup reads that record. In an encrypted backup too this file itself is plain.
 */
export class MbdbManifest implements Manifest {
  readonly #path: string
  readonly #offsets: FileIdTable
  #file: number | null

  private constructor(path: string, file: number, offsets: FileIdTable) {
    this.#path = path
    this.#file = file
    this.#offsets = offsets
  }

  /**
   * Opens the file at `path`, which is no link, and checks every record of it.
   *
   * @throws HoldfastError `MANIFEST_DAMAGED`, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, or the signal's reason.
   */
  static async open(path: string, { signal }: { readonly signal: AbortSignal }): Promise<MbdbManifest> {
    const file = reading(path, () => openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)))
    try {
      const { size } = reading(path, () => fstatSync(file))
      const offsets = new FileIdTable(Math.ceil(size / usualRecordBytes))
      for await (const page of readRecords(path, file, signal)) {
        for (const { record, offset } of page) {
          const relativePath = record.relativePath.toString('utf8')
          if (leadsOut(relativePath)) throw unsafeEntry(relativePath)
          const fileId = fileIdOfRecord(record)
          // Of two records with one path, which no phone writes, the first counts.
          if (offsets.get(fileId) === null) offsets.set(fileId, offset)
        }
      }
      return new MbdbManifest(path, file, offsets)
    } catch (thrown) {
      closeSync(file)
      throw thrown
    }
  }

  find(path: PhonePath): ManifestEntry | null {
    const fileId = fileIdOf(path)
    const record = this.#recordOf(fileId)
    return record === null ? null : entryOf(record, fileId)
  }

  areDirectories(paths: readonly PhonePath[]): readonly boolean[] {
    return paths.map((path) => this.find(path)?.kind === 'directory')
  }

  detailsOf(fileId: string): ManifestFile | null {
    const record = this.#recordOf(fileId)
    return record === null ? null : fileOfRecord(record)
  }

  async *entries(signal: AbortSignal): AsyncGenerator<readonly ListedEntry[], void, undefined> {
    for await (const page of readRecords(this.#path, this.#open(), signal)) {
      yield page.map(({ record }) => ({
        ...entryOf(record, fileIdOfRecord(record)),
        domain: record.domain.toString('utf8'),
        relativePath: record.relativePath.toString('utf8'),
      }))
    }
  }

  async *below(
    folder: PhonePath,
    isWanted: (relativePath: string) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ListedEntry[], void, undefined> {
    const prefix = `${folder.relativePath}/`
    for await (const page of this.entries(signal)) {
      yield page.filter(
        ({ domain, relativePath }) =>
          domain === folder.domain && relativePath.startsWith(prefix) && isWanted(relativePath),
      )
    }
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  #recordOf(fileId: string): MbdbRecord | null {
    const offset = this.#offsets.get(fileId)
    const record = offset === null ? null : this.#recordAt(offset)
    return record === null || fileIdOfRecord(record) !== fileId ? null : record
  }

  #recordAt(offset: number): MbdbRecord | null {
    for (let length = recordBytes; ; length *= 4) {
      const bytes = readAt(this.#path, this.#open(), offset, length)
      const read = decoding(() => readMbdbRecord(bytes, 0))
      if (read !== null) return read.record
      // The file was longer when it was opened.
      if (bytes.length < length) return null
    }
  }

  #open(): number {
    if (this.#file === null) throw unreadable(this.#path, null)
    return this.#file
  }
}

function entryOf(record: MbdbRecord, fileId: string): ManifestEntry {
  return { fileId, kind: kindOfMode(record.mode), details: () => fileOfRecord(record) }
}

/** All records, those of a chunk at a time. No more is in memory than a chunk and the record that it cuts off, 34 MB at most. */
async function* readRecords(
  path: string,
  file: number,
  signal: AbortSignal,
): AsyncGenerator<readonly PlacedRecord[], void, undefined> {
  const head = readAt(path, file, 0, header.length)
  if (!head.equals(header)) throw damaged(name, headerProblem(head))
  let offset = header.length
  let rest: Buffer = Buffer.alloc(0)
  let length = chunkBytes
  for (;;) {
    await setImmediate()
    signal.throwIfAborted()
    const chunk = readAt(path, file, offset + rest.length, length)
    const bytes = Buffer.concat([rest, chunk])
    const { records, end } = decoding(() => recordsIn(bytes, offset))
    if (chunk.length === 0) {
      if (bytes.length > 0) throw damaged(name, 'it ends in the middle of a record')
      return
    }
    // A record that outgrows the chunk is looked at once for each doubling, not once for each chunk.
    length = records.length === 0 ? length * 2 : chunkBytes
    rest = bytes.subarray(end)
    offset += end
    if (records.length > 0) yield records
  }
}

function recordsIn(
  bytes: Buffer,
  offset: number,
): { readonly records: PlacedRecord[]; readonly end: number } {
  const records: PlacedRecord[] = []
  let end = 0
  for (;;) {
    const read = readMbdbRecord(bytes, end)
    if (read === null) return { records, end }
    records.push({ record: read.record, offset: offset + end })
    end = read.end
  }
}

function headerProblem(head: Buffer): string {
  if (head.length === 0) return 'it is empty'
  if (head.toString('latin1', 0, 4) !== 'mbdb'.slice(0, head.length)) return 'it does not begin as a manifest'
  if (head.length < header.length) return 'it ends within its header'
  return `it is of version ${[...head.subarray(4)].join('.')}, which is not known`
}

function readAt(path: string, file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  return bytes.subarray(
    0,
    reading(path, () => readSync(file, bytes, 0, length, offset)),
  )
}

function reading<Result>(path: string, read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function decoding<Result>(decode: () => Result): Result {
  try {
    return decode()
  } catch (thrown) {
    throw thrown instanceof DecodeFailure ? damaged(name, thrown.message) : thrown
  }
}
