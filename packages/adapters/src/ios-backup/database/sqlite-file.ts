import { open } from 'node:fs/promises'

/** What the first 100 bytes of a database file say (https://www.sqlite.org/fileformat2.html, section 1.3). */
export interface SqliteFile {
  /** Whether the file is in write-ahead mode: opening it, even read-only, makes SQLite create side files. */
  readonly wal: boolean
  /** Bytes that the pages need; null when the header's page count is not valid. */
  readonly neededBytes: number | null
  /** Bytes that the file has; a few more than needed are harmless (real manifests carry 16 left over from decryption). */
  readonly bytes: number
}

const headerBytes = 100
const magic = 'SQLite format 3\0'

/** Whether bytes begin as a SQLite database. */
export function isSqlite(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, magic.length)).toString('latin1') === magic
}

/** Reads the header of a file; null when it is no SQLite database. Opens nothing with SQLite, so it leaves nothing behind. */
export async function readSqliteFile(path: string): Promise<SqliteFile | null> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(headerBytes)
    const { bytesRead } = await file.read(head, 0, headerBytes, 0)
    if (bytesRead < headerBytes || !isSqlite(head)) return null
    const { size } = await file.stat()
    const pageBytes = head.readUInt16BE(16) === 1 ? 65_536 : head.readUInt16BE(16)
    const pages = head.readUInt32BE(28)
    // SQLite trusts the page count only when the change counter it was written under is the current one.
    const counted = pages > 0 && head.readUInt32BE(24) === head.readUInt32BE(92)
    return {
      wal: head.readUInt8(18) === 2 || head.readUInt8(19) === 2,
      neededBytes: counted ? pages * pageBytes : null,
      bytes: size,
    }
  } finally {
    await file.close()
  }
}

/** Whether a file is shorter than its own header says. */
export function isTruncated(file: SqliteFile): boolean {
  return file.neededBytes !== null && file.bytes < file.neededBytes
}
