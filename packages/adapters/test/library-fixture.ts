import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LibraryDump, StorageUnderTest } from '@holdfast/core/testing'
import { type AttachmentFilesOptions, attachmentFiles } from '../src/attachment-files/index.js'
import { type SqliteDatabase, type SqliteLibrary, sqliteLibrary } from '../src/sqlite/index.js'
import { openTestSqlite } from '../src/testing/open-sqlite.js'

/** Views that hold records, published ones only. */
const recordViews = [
  'messages',
  'message_edits',
  'reactions',
  'chats',
  'chat_members',
  'attachments',
  'contacts',
  'contact_points',
  'calls',
  'call_handles',
  'voicemails',
  'contact_handles',
]

/** A library in a folder of its own: `library.db` and `attachments`. */
export interface LibraryFolder extends StorageUnderTest {
  readonly folder: string
  readonly db: SqliteDatabase
  /** The storage under test, as what it is. */
  readonly library: SqliteLibrary
}

/** A new library; `options` are those of its files. */
export async function makeLibraryFolder(options: AttachmentFilesOptions = {}): Promise<LibraryFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-library-'))
  const opened: SqliteDatabase[] = []
  const open = (): { readonly db: SqliteDatabase; readonly storage: SqliteLibrary } => {
    const library = openLibrary(folder, options)
    opened.push(library.db)
    return library
  }
  const { db, storage } = open()
  // The views are there once the library was used.
  await storage.imports()
  const pathOf = (sha256: string): string => {
    const name = fileNames(join(folder, 'attachments')).find((file) => file.includes(sha256))
    if (name === undefined) throw new Error(`no file ${sha256}`)
    return join(folder, 'attachments', name)
  }
  return {
    folder,
    db,
    storage,
    library: storage,
    reopen: async () => open().storage,
    dump: async () => dumpLibrary(folder),
    tamper: {
      removeFile: async (sha256) => unlinkSync(pathOf(sha256)),
      changeFile: async (sha256) => {
        const bytes = readFileSync(pathOf(sha256))
        bytes[0] = (bytes[0] ?? 0) ^ 1
        writeFileSync(pathOf(sha256), bytes)
      },
      changeMessage: async (guid) => {
        db.prepare("UPDATE message_rows SET text = 'Tampered' WHERE guid = ?").run(guid)
      },
      removeMessage: async (guid) => {
        db.prepare('DELETE FROM message_rows WHERE guid = ?').run(guid)
      },
      changeReceipt: async (id) => {
        db.prepare("UPDATE import_rows SET receipt = replace(receipt, '1', '2') WHERE id = ?").run(id)
      },
      addFile: async () => {
        mkdirSync(join(folder, 'attachments', 'aa'), { recursive: true })
        writeFileSync(join(folder, 'attachments', 'aa', `${'a'.repeat(64)}.jpg`), 'nobody’s')
      },
      addMessage: async (guid, like, id) => {
        const columns = columnsOf(db, 'message_rows').filter((column) => column !== 'row')
        const given = columns.map((column) =>
          column === 'guid' ? '?' : column === 'import' ? '(SELECT n FROM import_rows WHERE id = ?)' : column,
        )
        const parameters = columns.flatMap((column) =>
          column === 'guid' ? [guid] : column === 'import' ? [id] : [],
        )
        db.prepare(
          `INSERT INTO message_rows (${columns.join(', ')}) SELECT ${given.join(', ')} FROM message_rows WHERE guid = ?`,
        ).run(...parameters, like)
      },
      moveMessage: async (guid, id) => {
        db.prepare(
          'UPDATE message_rows SET import = (SELECT n FROM import_rows WHERE id = ?) WHERE guid = ?',
        ).run(id, guid)
      },
    },
    addOwnMessage: null,
    cleanUp: async () => {
      for (const each of opened) each.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function columnsOf(db: SqliteDatabase, table: string): readonly string[] {
  // The pragma gives a row with a name for each column.
  const columns = db.prepare(`PRAGMA table_info(${table})`).all() as { readonly name: string }[]
  return columns.map(({ name }) => name)
}

/** Opens the library of a folder. */
export function openLibrary(
  folder: string,
  options: AttachmentFilesOptions = {},
): {
  readonly db: SqliteDatabase
  readonly storage: SqliteLibrary
} {
  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  return { db, storage: sqliteLibrary(db, attachmentFiles(join(folder, 'attachments'), options)) }
}

/** Everything that readers of a library see. */
export function dumpLibrary(folder: string): LibraryDump {
  const db = openTestSqlite(join(folder, 'library.db'), { readonly: true })
  try {
    const records = recordViews.map((view) => {
      const rows = db.prepare(`SELECT * FROM ${view}`).all()
      return [view, rows.map((row) => JSON.stringify(row)).sort()]
    })
    const root = join(folder, 'attachments')
    const files = fileNames(root).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(root, name)))
        .digest('hex'),
    ])
    return { records, files }
  } finally {
    db.close()
  }
}

/** Paths of all files below a folder, sorted; none where there is no folder. */
export function fileNames(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
}
