import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { checkOptions, HoldfastError, type Json, rule, toHoldfastError } from '@holdfast/core'
import {
  type DeletedInSource,
  importUnknown,
  type PublishedImport,
  receiptOrNull,
  type StagingState,
  type Storage,
} from '@holdfast/core/import'
import type { AttachmentFiles } from '../../attachment-files/index.js'
import type { SqliteDatabase } from '../driver.js'
import { auditLibrary } from './audit/audit-library.js'
import { ContentAhead } from './content-ahead.js'
import { discardImport } from './discard-import.js'
import { number, text } from './fields.js'
import { checkLinks, endLinks } from './file-links.js'
import { finishRemovals, revokeIntents } from './file-rows.js'
import { findUnchanged } from './find-unchanged.js'
import { addImport, findImport, type ImportRow, reviseStamp } from './import-rows.js'
import { isInside } from './is-inside.js'
import { LibraryDatabase, publications } from './library-database.js'
import { migrations } from './migrations/index.js'
import { type OwnerChange, ownerOf, remapOwner } from './owners.js'
import { publishImport, receiptOf } from './publish-import.js'
import { readBackImport } from './read-back.js'
import { heldIn, roomsOf } from './room.js'
import { writeBatch } from './write-batch.js'

/** How {@link sqliteLibrary} may differ. */
export interface SqliteLibraryOptions {
  /** Unix milliseconds UTC. @default Date.now */
  readonly now?: () => number
  /**
   * What becomes of records that a later import of the same phone no longer finds, because they were deleted there. They always stay;
   * with `mark` the view `deleted_in_source` names them, and the import that noticed. A run may ask for either itself, by the
   * `deletedInSource` of its input. @default 'keep'
   */
  readonly deletedInSource?: DeletedInSource
}

/** The default library: a Storage, and what only a library of its own can do. */
export interface SqliteLibrary extends Storage {
  findUnchanged: NonNullable<Storage['findUnchanged']>

  /**
   * Gives an owner another id, as when a person signs in to an account. All that they imported is theirs under the new id at once;
   * receipts go on naming the id of their time. Changes nothing where nobody has the old id. Durable when it resolves.
   *
   * @throws HoldfastError `OWNER_TAKEN` when somebody has the new id already; then nothing was changed.
   *
   * @example
   * const under = await runner.runs({ owner: guest, status: ['working', 'retryable', 'stuck'] })
   * await library.remapOwner({ from: guest, to: userId, runs: under.map(({ id }) => id) })
   */
  remapOwner(change: OwnerChange): Promise<void>
}

/**
 * The default library: tables in the host's SQLite database, attachments in a folder of files. `docs` of the port say what each
 * method promises; hosts read the views `messages`, `chats`, `chat_members`, `attachments`, `contacts`, `contact_points`,
 * `message_edits`, `reactions`, `imports` and `unreadable`, which show published imports only. The tables are made when the
 * library is first used (not by `check`), or by `await library.imports()`.
 *
 * The connection is set to a write-ahead log, `synchronous = FULL`, full fsync on macOS and a busy timeout of at least 5 s.
 * The attachments folder must belong to this library alone. `readBack` remembers which files it found missing or changed, so
 * that the next import writes them again.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function sqliteLibrary(
  database: SqliteDatabase,
  files: AttachmentFiles,
  options: SqliteLibraryOptions = {},
): SqliteLibrary {
  checkOptions('sqliteLibrary', options, { now: rule.function, deletedInSource: rule.oneOf('keep', 'mark') })
  const { now = Date.now, deletedInSource = 'keep' } = options
  const db = new LibraryDatabase(database)
  const path = db.path
  const ahead = new ContentAhead(db, files)

  return {
    resources: [path === null ? `library:${files.folder}` : libraryResource(path)],

    format: `sqlite-library ${migrations.length}`,

    async check({ backupPath }) {
      db.version()
      db.tryWriting()
      await files.check()
      if (backupPath !== null) await refuseOverlap(backupPath, files.folder, path)
    },

    async begin(ref) {
      db.open()
      await ahead.end()
      await finishRemovals(db, files)
      const found = db.attempt('looking for the import', () => findImport(db, ref.id))
      if (found !== null && found.state !== 'published') {
        const base = db.attempt('reading its version', () => publications(db))
        const owner = db.attempt('looking for its owner', () => ownerOf(db, ref))
        const same = found.owner === owner && found.fingerprint === ref.fingerprint && found.udid === ref.udid
        // Staged against another library, or from another source: neither the rows nor the cursor mean anything any more.
        if (found.state === 'discarding' || found.base !== base || !same)
          await discardImport(db, files, ref.id)
      }
      await files.sweep()
      const ready = db.transaction('beginning an import', () => {
        const row = findImport(db, ref.id)
        if (row === null) addImport(db, ref, ownerOf(db, ref), publications(db))
        else {
          revokeIntents(db, row.n)
          reviseStamp(db, row, ref)
        }
        return findImport(db, ref.id)
      })
      await finishRemovals(db, files)
      return stateOf(ready)
    },

    async write(id, batch, source) {
      db.open()
      await writeBatch({ db, files, ahead }, id, batch, source)
    },

    space: {
      rooms: async (request) => roomsOf(path, files, request),
      async held(id, records) {
        db.open()
        const work = db.attempt('looking for the import', () => findImport(db, id))
        if (work === null) throw importUnknown(id)
        return heldIn(db, files, work, records)
      },
    },

    async *readBack(id, reading) {
      db.open()
      yield* readBackImport(db, files, id, reading)
    },

    async publish(id, receipt, { deletedInSource: asked = deletedInSource } = {}) {
      db.open()
      await publishImport(db, id, receipt, { publishedAt: now(), markDeleted: asked === 'mark' })
    },

    links: {
      async check(id, { signal }) {
        db.open()
        await checkLinks(db, files, id, signal)
      },
      async end(id, { signal }) {
        db.open()
        await endLinks(db, files, id, signal)
      },
    },

    async discard(id) {
      db.open()
      await ahead.end()
      await discardImport(db, files, id)
    },

    async findUnchanged(ref, { signal }) {
      db.open()
      return findUnchanged(db, files, ref, signal)
    },

    async remapOwner(change) {
      checkOptions('remapOwner', change, { from: rule.string, to: rule.string, runs: runsRule }, [
        'from',
        'to',
      ])
      db.open()
      remapOwner(db, change)
    },

    async *audit({ import: id, signal }) {
      db.open()
      yield* auditLibrary(db, files, id ?? null, signal)
    },

    async imports() {
      db.open()
      const rows = db.attempt('listing imports', () =>
        db.all(
          `SELECT i.id, o.owner, i.published_at, i.receipt FROM import_rows AS i JOIN owner_rows AS o ON o.n = i.owner
           WHERE i.publication IS NOT NULL ORDER BY i.publication`,
        ),
      )
      return Promise.all(
        rows.map(
          async (row): Promise<PublishedImport> => ({
            id: text(row, 'id'),
            owner: text(row, 'owner'),
            publishedAt: number(row, 'published_at'),
            receipt: await receiptOrNull(row['receipt']),
          }),
        ),
      )
    },
  }
}

const runsRule = {
  must: 'be an array of ids of runs',
  test: (value: unknown) => Array.isArray(value) && value.every((run) => typeof run === 'string'),
}

async function stateOf(found: ImportRow | null): Promise<StagingState> {
  if (found === null) return { cursor: null, items: 0, receipt: null }
  // The column holds what canonicalJson made of a cursor.
  const cursor = found.cursor === null ? null : (JSON.parse(found.cursor) as Json)
  return { cursor, items: found.items, receipt: await receiptOf(found) }
}

/**
 * The resource that a run has for itself while it works on the library in the database at this path, which need not exist yet:
 * `library:` and the one name of the file, however the path is spelt.
 */
export function libraryResource(path: string): string {
  return `library:${realPath(resolve(path))}`
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    const folder = dirname(path)
    return folder === path ? path : join(realPath(folder), basename(path))
  }
}

async function refuseOverlap(backupPath: string, folder: string, database: string | null): Promise<void> {
  let unsafe: boolean
  try {
    unsafe =
      (await isInside(folder, backupPath)) ||
      (await isInside(backupPath, folder)) ||
      (database !== null && (await isInside(database, backupPath)))
  } catch (thrown) {
    throw toHoldfastError(thrown, 'STORE_FAILED')
  }
  if (!unsafe) return
  throw new HoldfastError(
    'DESTINATION_UNSAFE',
    'The library lies inside the backup, or the backup inside the library',
    {
      hint: 'Choose a folder for the library that has nothing to do with the backup.',
      retryable: false,
      facts: { backupPath },
    },
  )
}
