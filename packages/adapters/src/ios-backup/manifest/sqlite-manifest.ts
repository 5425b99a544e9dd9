import { setImmediate } from 'node:timers/promises'
import type { OpenSqlite, SqliteStatement } from '../../sqlite/driver.js'
import { BackupDatabase, positional, rows } from '../database/backup-database.js'
import { damaged } from '../database/database-errors.js'
import { regularFile } from '../folder/backup-file.js'
import type { ScratchFolder } from '../folder/scratch-folder.js'
import { fileIdOf, type PhonePath } from './file-id.js'
import {
  type EntryKind,
  type ListedEntry,
  type Manifest,
  type ManifestEntry,
  manifestName,
} from './manifest.js'
import { kindOfMode, type ManifestFile, parseManifestFile } from './manifest-file.js'
import { refuseUnsafeRows } from './unsafe-rows.js'

const name = { file: manifestName, what: 'The list of files', damaged: 'MANIFEST_DAMAGED' } as const

/** Rows read at once; with {@link largestDetails} they bound the memory that a hostile manifest can ask for. */
const rowsAtOnce = 250

/** Paths that are looked at in one turn of the event loop. */
const pathsAtOnce = 5000

/** Details of a file take some hundred bytes, or a few thousand with its extended attributes. What is larger is taken as undecodable. */
const largestDetails = 256 * 1024

type PageRow = readonly [
  rowid: number,
  fileId: string,
  domain: unknown,
  path: unknown,
  flags: unknown,
  file: unknown,
]

/** What opening a manifest takes. */
export interface SqliteManifestOptions {
  readonly openSqlite: OpenSqlite
  readonly scratch: ScratchFolder
  readonly signal: AbortSignal
  /** Whether it is a decrypted copy, in the scratch folder already. @default false */
  readonly isPrivate?: boolean
}

/**
 * The list of files of iOS 10 and newer: `Files(fileID, domain, relativePath, flags, file)` in Manifest.db. It stays on disk; a
 * lookup is one search in the index of its file ids.
 */
export class SqliteManifest implements Manifest {
  readonly #database: BackupDatabase
  readonly #flags: SqliteStatement
  readonly #notFiles: SqliteStatement
  /** Asked only where it is needed: the column is ten times the rest of the row. */
  readonly #details: SqliteStatement
  readonly #page: (...parameters: readonly number[]) => readonly PageRow[]
  readonly #pathsFrom: SqliteStatement

  private constructor(database: BackupDatabase, hasDetails: boolean) {
    const details = hasDetails
      ? `CASE WHEN length(file) <= ${largestDetails} THEN file END AS file`
      : 'NULL AS file'
    this.#database = database
    this.#flags = database.prepare('SELECT flags FROM Files WHERE fileID = ?')
    this.#notFiles = database.prepare(
      `SELECT f.fileID AS fileId, f.flags FROM json_each(?) AS wanted CROSS JOIN Files AS f ON f.fileID = wanted.value
        WHERE f.flags IS NOT 1`,
    )
    this.#details = database.prepare(`SELECT ${details} FROM Files WHERE fileID = ?`)
    this.#page = positional<PageRow>(
      database.prepare(
        `SELECT rowid, fileID, domain, relativePath, flags, ${details} FROM Files
          WHERE rowid > ? AND rowid <= ${Number.MAX_SAFE_INTEGER} ORDER BY rowid LIMIT ${rowsAtOnce}`,
      ),
    )
    this.#pathsFrom = database.prepare(
      'SELECT relativePath AS path FROM Files WHERE relativePath >= ? AND relativePath < ?',
    )
  }

  /**
   * Opens the database at `path` and checks every row of it. The write-ahead log beside it is read with it.
   *
   * @throws HoldfastError `MANIFEST_DAMAGED`, `BACKUP_UNSAFE`, `BACKUP_UNREADABLE`, or the signal's reason.
   */
  static async open(path: string, options: SqliteManifestOptions): Promise<SqliteManifest> {
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
      await refuseUnsafeRows(database, options.signal)
      return database.guard(() => new SqliteManifest(database, columns.has('file')))
    } catch (thrown) {
      database.close()
      throw thrown
    }
  }

  find(path: PhonePath): ManifestEntry | null {
    const fileId = fileIdOf(path)
    const [row] = this.#database.guard(() => rows<{ flags: unknown }>([this.#flags.get(fileId)]))
    if (row === undefined) return null
    const details = () => this.detailsOf(fileId)
    return { fileId, kind: kindOf(row.flags, details), details }
  }

  areDirectories(paths: readonly PhonePath[]): readonly boolean[] {
    const fileIds = paths.map(fileIdOf)
    const notFiles = this.#database.guard(() =>
      rows<{ fileId: unknown; flags: unknown }>(this.#notFiles.all(JSON.stringify(fileIds))),
    )
    const directories = new Set<string>()
    for (const row of notFiles) {
      const fileId = textOf(row.fileId)
      if (kindOf(row.flags, () => this.detailsOf(fileId)) === 'directory') directories.add(fileId)
    }
    return fileIds.map((fileId) => directories.has(fileId))
  }

  async *entries(signal: AbortSignal): AsyncGenerator<readonly ListedEntry[], void, undefined> {
    let last = Number.MIN_SAFE_INTEGER
    for (;;) {
      await setImmediate()
      signal.throwIfAborted()
      const page = this.#database.guard(() => this.#page(last))
      const lastRow = page.at(-1)
      if (lastRow === undefined) return
      // A tree whose pages lead in circles would never come to an end.
      if (lastRow[0] <= last) throw damaged(name, 'its rows are out of order')
      last = lastRow[0]
      yield page.map(([, fileId, domain, path, flags, file]) => {
        const details = () => decodedDetails(file)
        return {
          fileId,
          domain: textOf(domain),
          relativePath: textOf(path),
          kind: kindOf(flags, details),
          details,
        }
      })
    }
  }

  /** One query, which SQLite answers from the index of paths; without one, it looks at each row once. */
  async *below(
    folder: PhonePath,
    isWanted: (relativePath: string) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ListedEntry[], void, undefined> {
    const { domain, relativePath: path } = folder
    // `0` is the character behind the slash. What a database sorts in some other way is looked at by its prefix.
    const found = this.#database.guard(() => this.#pathsFrom.iterate(`${path}/`, `${path}0`))
    try {
      for (let isDone = false; !isDone; ) {
        await setImmediate()
        signal.throwIfAborted()
        const wanted: string[] = []
        for (let taken = 0; taken < pathsAtOnce && !isDone; taken++) {
          const next = this.#database.guard(() => found.next())
          isDone = next.done === true
          const [row] = isDone ? [] : rows<{ path: unknown }>([next.value])
          const relativePath = textOf(row?.path)
          if (relativePath.startsWith(`${path}/`) && isWanted(relativePath)) wanted.push(relativePath)
        }
        yield wanted.flatMap((relativePath) => {
          const entry = this.find({ domain, relativePath })
          return entry === null ? [] : [{ ...entry, domain, relativePath }]
        })
      }
    } finally {
      found.return?.()
    }
  }

  detailsOf(fileId: string): ManifestFile | null {
    const [row] = this.#database.guard(() => rows<{ file: unknown }>([this.#details.get(fileId)]))
    return decodedDetails(row?.file)
  }

  close(): void {
    this.#database.close()
  }
}

function decodedDetails(file: unknown): ManifestFile | null {
  const parsed = file instanceof Uint8Array ? parseManifestFile(file) : null
  return parsed?.ok === true ? parsed.value : null
}

/** Any other type than text in a column of text is of no phone's making. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** 1 is a file, 2 a directory, 4 a symbolic link; some tools write 0, and then the file's mode decides. */
function kindOf(flags: unknown, details: ManifestEntry['details']): EntryKind {
  if (flags === 1) return 'file'
  if (flags === 2) return 'directory'
  if (flags === 4) return 'symlink'
  const mode = details()?.mode ?? null
  return mode === null ? 'file' : kindOfMode(mode)
}
