import { KeyedArchive } from '../../../plist/keyed-archive.js'
import type { OpenSqlite, SqliteDatabase, SqliteStatement } from '../../../sqlite/driver.js'
import type { ManifestRow } from '../../synthetic-backup/folder/sqlite-manifest-writer.js'
import type { PhoneEntry } from '../phone-tree/phone-tree.js'

/** The list of files of the backup before, as the host gave it back. */
export class OldManifest {
  readonly #db: SqliteDatabase
  readonly #find: SqliteStatement

  /** Throws what SQLite throws of a file that is no such list. */
  constructor(path: string, openSqlite: OpenSqlite) {
    this.#db = openSqlite(path, { readonly: true })
    try {
      this.#find = this.#db.prepare(
        'SELECT fileID, domain, relativePath, flags, file FROM Files WHERE fileID = ?',
      )
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** The row of an entry that is as it was when the row was written; null when it changed, or is new. */
  unchanged(entry: PhoneEntry): ManifestRow | null {
    const row = this.#find.get(entry.fileId)
    return isRow(row) && isOf(row, entry) ? row : null
  }

  /** The ids of all files that have blobs. */
  *files(): Generator<string> {
    for (const row of this.#db.prepare('SELECT fileID FROM Files WHERE flags = 1').iterate()) {
      const id = field(row, 'fileID')
      if (typeof id === 'string') yield id
    }
  }

  close(): void {
    this.#db.close()
  }
}

/** As phones do, it compares what the file system says of the file, not what is in it. */
function isOf(row: ManifestRow, entry: PhoneEntry): boolean {
  const archive = KeyedArchive.open(row.file)
  if (!archive.ok) return false
  const { root } = archive.value
  return (
    archive.value.at(root, 'LastModified') === entry.modified &&
    archive.value.at(root, 'InodeNumber') === entry.inode
  )
}

function isRow(row: unknown): row is ManifestRow {
  return (
    ['fileID', 'domain', 'relativePath'].every((name) => typeof field(row, name) === 'string') &&
    typeof field(row, 'flags') === 'number' &&
    field(row, 'file') instanceof Uint8Array
  )
}

function field(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined
}
