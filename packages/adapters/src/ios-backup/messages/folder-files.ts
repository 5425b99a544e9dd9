import { setImmediate } from 'node:timers/promises'
import type { SqliteStatement } from '../../sqlite/driver.js'
import { type BackupDatabase, rows, type SqlValue } from '../database/backup-database.js'
import type { PartSource } from '../parts/backup-part.js'
import { sumOf } from '../record-table.js'
import { attachmentPath, messageFolder } from './attachment-path.js'
import { FolderPaths } from './folder-paths.js'

/** A file inside of a folder that is an attachment. */
export interface FolderFile {
  /** Its number, from 1: in the order of attachments, then of paths. */
  readonly number: number
  /** Row id of the attachment that is the folder. */
  readonly attachment: number
  /** Path below the folder. */
  readonly inside: string
  /** Bytes that the manifest claims; null where it does not say. */
  readonly bytes: number | null
}

/** Rows that are looked at in one turn of the event loop. */
const rowsAtOnce = 500

/**
 * The files inside of folders that are attachments. They are looked for once, by the rows' paths and then in the manifest, which is
 * asked nothing where no path is a folder, and noted in a temporary table in memory, a hundred bytes or two each. A file is noted
 * once, for the innermost of its folders and the first attachment that names this folder: otherwise a database could have each of a
 * million rows stand for each of a million files.
 */
export class FolderFiles {
  readonly #database: BackupDatabase
  readonly #page: SqliteStatement
  readonly #bytes: SqliteStatement
  /** How many there are. */
  readonly total: number

  private constructor(database: BackupDatabase, total: number) {
    this.#database = database
    this.total = total
    this.#page = database.prepare(`SELECT ROWID AS number, attachment, inside, bytes FROM temp.folder_files
      WHERE ROWID > ? ORDER BY ROWID LIMIT ?`)
    this.#bytes = database.prepare('SELECT total(bytes) AS bytes FROM temp.folder_files WHERE ROWID > ?')
  }

  /** Looks for them, once for a database. Throws as {@link PartSource.filesBelow}, and the damage code. */
  static async find(database: BackupDatabase, source: PartSource): Promise<FolderFiles> {
    database.guard(() =>
      database
        .prepare(
          'CREATE TEMP TABLE noted_files (attachment INTEGER, inside TEXT, bytes INTEGER, PRIMARY KEY (attachment, inside)) WITHOUT ROWID',
        )
        .run(),
    )
    const attachments = await foldersOf(database, source)
    if (attachments.size > 0) await note(database, attachments, source)
    return database.guard(() => {
      // The first is in order, and the second has the numbers.
      database
        .prepare(
          'CREATE TEMP TABLE folder_files AS SELECT attachment, inside, bytes FROM temp.noted_files ORDER BY attachment, inside',
        )
        .run()
      database.prepare('DROP TABLE temp.noted_files').run()
      const [counted] = rows<{ total: number }>(
        database.prepare('SELECT count(*) AS total FROM temp.folder_files').all(),
      )
      return new FolderFiles(database, counted?.total ?? 0)
    })
  }

  /** At most `limit` files behind a number. */
  after(number: number, limit: number): readonly FolderFile[] {
    return this.#database.guard(() => rows<FolderFile>(this.#page.all(number, limit)))
  }

  /** Bytes that the files behind a number claim. */
  bytesAfter(number: number): number {
    return this.#database.guard(() => sumOf(this.#bytes, number))
  }
}

/** The paths that are folders, each with the first attachment that names it. */
async function foldersOf(database: BackupDatabase, source: PartSource): Promise<ReadonlyMap<string, number>> {
  const folders = new Map<string, number>()
  if (database.columns('attachment')?.has('filename') !== true) return folders
  const select = database.guard(() =>
    database.prepare(`SELECT ROWID AS id, filename FROM attachment WHERE ROWID > ? ORDER BY ROWID LIMIT ?`),
  )
  for (let last = Number.MIN_SAFE_INTEGER; ; ) {
    await setImmediate()
    const found = database.guard(() => rows<{ id: number; filename: SqlValue }>(select.all(last, rowsAtOnce)))
    const named = found.flatMap(({ id, filename }) => {
      const path = attachmentPath(typeof filename === 'string' ? filename : null)
      return typeof path === 'string' ? [] : [{ id, path }]
    })
    const areFolders = source.areFolders(named.map(({ path }) => path))
    for (const [index, { id, path }] of named.entries()) {
      if (areFolders[index] === true && !folders.has(path.relativePath)) folders.set(path.relativePath, id)
    }
    const next = found.at(-1)?.id
    if (next === undefined || next <= last) return folders
    last = next
  }
}

async function note(
  database: BackupDatabase,
  attachments: ReadonlyMap<string, number>,
  source: PartSource,
): Promise<void> {
  const folders = new FolderPaths(attachments.keys())
  const insert = database.guard(() =>
    database.prepare('INSERT OR IGNORE INTO temp.noted_files VALUES (?, ?, ?)'),
  )
  const isWanted = (path: string) => folders.innermost(path) !== null
  for await (const files of source.filesBelow(messageFolder, isWanted)) {
    for (const { relativePath, claimedBytes } of files) {
      const folder = folders.innermost(relativePath)
      const attachment = folder === null ? undefined : attachments.get(folder)
      if (folder === null || attachment === undefined) continue
      const inside = relativePath.slice(folder.length + 1)
      database.guard(() => insert.run(attachment, inside, claimedBytes))
    }
  }
}
