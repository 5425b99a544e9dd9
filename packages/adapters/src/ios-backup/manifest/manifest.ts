import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/core'
import type { OpenSqlite, SqliteStatement } from '../../sqlite/driver.js'
import { BackupDatabase, damaged, rows } from '../database/backup-database.js'
import { regularFile } from '../folder/blobs.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { fileIdOf, type PhonePath } from './file-id.js'
import { kindOfMode, type ManifestFile, parseManifestFile } from './manifest-file.js'

/** Name of the manifest's database in the backup's folder. */
export const manifestName = 'Manifest.db'

/** What the manifest lists under a path. */
export interface ManifestEntry {
  readonly fileId: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  /** Decodes the details of the file; null when the row has none that can be decoded. */
  readonly details: () => ManifestFile | null
}

const name = { file: manifestName, what: 'The list of files', damaged: 'MANIFEST_DAMAGED' } as const

/** The list of all files of a backup: `Files(fileID, domain, relativePath, flags, file)` in Manifest.db. */
export class Manifest {
  readonly #database: BackupDatabase
  readonly #flags: SqliteStatement
  /** Asked only where it is needed: the column is ten times the rest of the row. */
  readonly #details: SqliteStatement

  private constructor(database: BackupDatabase, details: string) {
    this.#database = database
    this.#flags = database.prepare('SELECT flags FROM Files WHERE fileID = ?')
    this.#details = database.prepare(`SELECT ${details} FROM Files WHERE fileID = ?`)
  }

  /**
   * Opens the manifest and checks every row of it: a file id becomes a path here, a relative path may become one elsewhere.
   *
   * @throws HoldfastError `MANIFEST_DAMAGED`, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`.
   */
  static async open(
    root: string,
    options: {
      readonly openSqlite: OpenSqlite
      readonly scratch: ScratchFolder
      readonly signal: AbortSignal
    },
  ): Promise<Manifest> {
    const path = join(root, manifestName)
    const wal = await regularFile(`${path}-wal`)
    const database = await BackupDatabase.open(path, name, {
      ...options,
      sideFiles: wal === null || wal.size === 0 ? [] : [{ suffix: '-wal', path: `${path}-wal` }],
    })
    try {
      const columns = database.columns('Files')
      if (columns === null) throw damaged(name, 'it has no table of files')
      const missing = ['fileid', 'domain', 'relativepath', 'flags'].filter((column) => !columns.has(column))
      if (missing.length > 0) throw damaged(name, `its table of files lacks ${missing.join(', ')}`)
      await refuseUnsafe(database, options.signal)
      const details = columns.has('file') ? 'file' : 'NULL AS file'
      return database.guard(() => new Manifest(database, details))
    } catch (thrown) {
      database.close()
      throw thrown
    }
  }

  /** What is listed under a path of the phone; null when nothing is. */
  find(path: PhonePath): ManifestEntry | null {
    const fileId = fileIdOf(path)
    const [row] = this.#database.guard(() => rows<{ flags: unknown }>(this.#flags.all(fileId)))
    if (row === undefined) return null
    const details = () => this.#detailsOf(fileId)
    return { fileId, kind: kindOf(row.flags, details), details }
  }

  #detailsOf(fileId: string): ManifestFile | null {
    const [row] = this.#database.guard(() => rows<{ file: unknown }>(this.#details.all(fileId)))
    const parsed = row?.file instanceof Uint8Array ? parseManifestFile(row.file) : null
    return parsed?.ok === true ? parsed.value : null
  }

  /** Closes the database; repeat calls are safe. */
  close(): void {
    this.#database.close()
  }
}

/** 1 is a file, 2 a directory, 4 a symbolic link; some tools write 0, and then the file's mode decides. */
function kindOf(flags: unknown, details: ManifestEntry['details']): ManifestEntry['kind'] {
  if (flags === 1) return 'file'
  if (flags === 2) return 'directory'
  if (flags === 4) return 'symlink'
  const mode = details()?.mode ?? null
  return mode === null ? 'file' : kindOfMode(mode)
}

const fileIdPattern = '[0-9a-f]'.repeat(40)

/**
 * Checks all rows in bounded memory: a million take a second, in slices between which the event loop runs. Each question touches one
 * column, so that SQLite answers it from that column's index without reading the rows.
 */
async function refuseUnsafe(database: BackupDatabase, signal: AbortSignal): Promise<void> {
  const inRange = database.guard(() =>
    database.prepare(
      `SELECT fileID AS found FROM Files WHERE fileID >= ? AND fileID < ?
        AND (typeof(fileID) <> 'text' OR length(CAST(fileID AS BLOB)) <> 40 OR fileID NOT GLOB '${fileIdPattern}') LIMIT 1`,
    ),
  )
  for (let digit = 0; digit < 16; digit++) {
    refuse(database, inRange, digit.toString(16), digit < 15 ? (digit + 1).toString(16) : 'g')
    await setImmediate()
    signal.throwIfAborted()
  }
  // What begins with no digit at all, and a value that is no text (NULL, or a blob, which sorts behind all text).
  refuse(
    database,
    "SELECT fileID AS found FROM Files WHERE fileID IS NULL OR fileID < '0' OR fileID >= 'g' LIMIT 1",
  )
  refuse(
    database,
    `SELECT relativePath AS found FROM Files WHERE relativePath GLOB '/*'
      OR (relativePath GLOB '*..*' AND '/' || relativePath || '/' GLOB '*/../*') LIMIT 1`,
  )
}

function refuse(database: BackupDatabase, question: string | SqliteStatement, ...parameters: string[]): void {
  const [row] = database.guard(() =>
    rows<{ found: unknown }>(
      (typeof question === 'string' ? database.prepare(question) : question).all(...parameters),
    ),
  )
  if (row === undefined) return
  throw new HoldfastError('BACKUP_UNSAFE', 'The manifest names a file outside of the backup', {
    hint: 'No phone writes such a manifest. Nothing was changed; use a backup from a place that you trust.',
    retryable: false,
    facts: { found: String(row.found).slice(0, 200) },
  })
}
