import { canonicalHandle, type LibraryProblem } from '@holdfast/core/import'
import { text } from '../fields.js'
import type { ImportRow } from '../import-rows.js'
import type { LibraryDatabase } from '../library-database.js'
import { parsedReceipt } from '../publish-import.js'
import { type AuditLists, beginList } from './audit-lists.js'
import { pagesOf } from './pages.js'

/** Where the rows of an item name handles: of a table, or of one of parts. */
const namedIn = [
  { type: 'message', handle: 'r.sender', from: 'message_rows AS r ON r.row = i.row' },
  { type: 'chat', handle: 'r.handle', from: 'chat_member_rows AS r ON r.chat = i.row' },
  { type: 'call', handle: 'r.handle', from: 'call_handle_rows AS r ON r.call = i.row' },
  { type: 'voicemail', handle: 'r.sender', from: 'voicemail_rows AS r ON r.row = i.row' },
  { type: 'voicemail', handle: 'r.callback_number', from: 'voicemail_rows AS r ON r.row = i.row' },
] as const

/**
 * Holds the handles that an import noted, which join messages to contacts, against those that its items name: each of them is there, in its
 * canonical form, and no other. Imports of version 1 noted only those of the rows that they brought themselves.
 */
export async function* auditHandles(
  db: LibraryDatabase,
  found: ImportRow,
  { handles }: AuditLists,
  signal: AbortSignal,
): AsyncGenerator<LibraryProblem> {
  db.attempt('auditing', () => beginList(db, handles, 'handle TEXT, is_own INTEGER', 'handle'))
  for await (const { after, upTo } of pagesOf(db, 'import_items', 'seq', { signal, of: found.n })) {
    db.attempt('auditing', () => {
      for (const { type, handle, from } of namedIn) {
        db.run(
          `INSERT INTO ${handles} SELECT ${handle}, i.outcome <> 'present' FROM import_items AS i JOIN ${from}
           WHERE i.import = ? AND i.seq > ? AND i.seq <= ? AND i.type = '${type}' AND ${handle} IS NOT NULL
           ON CONFLICT (handle) DO UPDATE SET is_own = max(is_own, excluded.is_own)`,
          found.n,
          after,
          upTo,
        )
      }
    })
  }
  const about = { problem: 'note-changed', import: found.id, type: 'import', key: found.id } as const
  const missing = db.attempt('auditing', () =>
    db.all(
      `SELECT a.handle FROM ${handles} AS a WHERE a.is_own >= ? AND NOT EXISTS (
         SELECT 1 FROM handle_rows AS h WHERE h.import = ? AND h.handle = a.handle)`,
      isOfVersion1(found) ? 1 : 0,
      found.n,
    ),
  )
  for (const row of missing) {
    yield {
      ...about,
      detail: `the handle '${text(row, 'handle')}', which joins contacts to messages, is missing`,
    }
  }
  const noted = db.attempt('auditing', () =>
    db.all(
      `SELECT h.handle, h.canonical, EXISTS (SELECT 1 FROM ${handles} AS a WHERE a.handle = h.handle) AS is_named
       FROM handle_rows AS h WHERE h.import = ?`,
      found.n,
    ),
  )
  for (const row of noted) {
    const handle = text(row, 'handle')
    if (row['is_named'] === 1 && isCanonical(handle, text(row, 'canonical'))) continue
    yield { ...about, detail: `the handle '${handle}', which joins contacts to messages, was changed` }
  }
}

/** Whether the library was of version 1 when the import was verified, as its receipt says. */
function isOfVersion1({ receipt }: ImportRow): boolean {
  const held = receipt === null ? null : parsedReceipt(receipt)
  return typeof held === 'object' && held !== null && 'version' in held && held.version === 1
}

/** Version 1 left the handles of numbers as they are. */
function isCanonical(handle: string, canonical: string): boolean {
  return canonical === canonicalHandle(handle) || (!handle.includes('@') && canonical === handle)
}
