import { open } from 'node:fs/promises'
import { regularFile, unreadable } from '../folder/backup-file.js'

/** What the first 100 bytes of a database file say (https://www.sqlite.org/fileformat2.html, section 1.3). */
export interface SqliteFile {
  /** Whether the file is in write-ahead mode: opening it, even read-only, makes SQLite create side files. */
  readonly wal: boolean
  readonly pageBytes: number
  /** Bytes of each page that are SQLite's; the rest is for extensions, such as encryption. */
  readonly usableBytes: number
  /** Bytes that the pages need; null when the header's page count is not valid. */
  readonly neededBytes: number | null
  /** Pages that hold nothing now. */
  readonly freePages: number
  /** Whether some pages say where others are named, as they do in a file that is made smaller by itself. */
  readonly hasPointerMap: boolean
  /** Bytes that the file has; a few more than needed are harmless (real manifests carry 16 left over from decryption). */
  readonly bytes: number
}

const headerBytes = 100
const magic = 'SQLite format 3\0'

/** Whether bytes begin as a SQLite database. */
export function isSqlite(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, magic.length)).toString('latin1') === magic
}

/**
 * Reads the header of a file; null when it is no SQLite database. Opens nothing with SQLite, so it leaves nothing behind, and opens
 * nothing but files: opening a pipe would wait for whoever writes into it.
 *
 * @throws HoldfastError `BACKUP_UNSAFE` for a link, `BACKUP_UNREADABLE`.
 */
export async function readSqliteFile(path: string): Promise<SqliteFile | null> {
  if ((await regularFile(path)) === null) return null
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  try {
    const head = Buffer.alloc(headerBytes)
    const { bytesRead } = await file.read(head, 0, headerBytes, 0)
    if (bytesRead < headerBytes || !isSqlite(head)) return null
    const { size } = await file.stat()
    const pageBytes = head.readUInt16BE(16) === 1 ? 65_536 : head.readUInt16BE(16)
    if (pageBytes < 512 || (pageBytes & (pageBytes - 1)) !== 0) return null
    const usableBytes = pageBytes - head.readUInt8(20)
    if (usableBytes < 480) return null
    const pages = head.readUInt32BE(28)
    // SQLite trusts the page count only when the change counter it was written under is the current one.
    const counted = pages > 0 && head.readUInt32BE(24) === head.readUInt32BE(92)
    return {
      wal: head.readUInt8(18) === 2 || head.readUInt8(19) === 2,
      pageBytes,
      usableBytes,
      neededBytes: counted ? pages * pageBytes : null,
      freePages: head.readUInt32BE(36),
      hasPointerMap: head.readUInt32BE(52) !== 0,
      bytes: size,
    }
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    await file.close()
  }
}

/** Whether a file is shorter than its own header says. */
export function isTruncated(file: SqliteFile): boolean {
  return file.neededBytes !== null && file.bytes < file.neededBytes
}
