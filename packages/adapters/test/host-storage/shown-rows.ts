import { createHash } from 'node:crypto'
import { canonicalJson } from '@holdfast/core'
import type { DecodedRecord, ImportRecord } from '@holdfast/core/import'
import type { HostDatabase, Value } from './host-database.js'
import { newestVersion, recordOf, type Version } from './versions.js'

/** How one kind of record is shown in a table of the app. Kinds without one are kept, and shown nowhere. */
interface Shape {
  readonly table: string
  /** The column that is unique for a user. */
  readonly external: string
  /** The columns that imports write. The others are the app's. */
  readonly columns: readonly string[]
  readonly valuesOf: (record: DecodedRecord, sha256: string | null) => readonly Value[]
  /** The foreign key, and the column of the same row that says what it leads to; null where there is none. */
  readonly refersTo: {
    readonly column: string
    readonly by: string
    readonly type: 'chat' | 'message'
  } | null
  /** The table and columns that refer to this one; null where there are none. */
  readonly referredFrom: { readonly table: string; readonly column: string; readonly by: string } | null
  /** Tells of a row that only an import brought whether the user has something of his own in it, or on it. */
  readonly isUsed: string
}

const shapes: { readonly [type in ImportRecord['type']]?: Shape } = {
  chat: {
    table: 'chats',
    external: 'guid',
    columns: ['title', 'is_group'],
    valuesOf: (record) =>
      record.type === 'chat' ? [record.displayName, record.isGroup ? 1 : 0] : notOf('chat'),
    refersTo: null,
    referredFrom: { table: 'messages', column: 'chat_id', by: 'external_chat_id' },
    isUsed:
      'EXISTS (SELECT 1 FROM messages AS m WHERE m.chat_id = chats.id AND m.external_message_id IS NULL)',
  },
  message: {
    table: 'messages',
    external: 'external_message_id',
    columns: ['external_chat_id', 'sender', 'is_from_me', 'sent_at', 'body'],
    valuesOf: (record) =>
      record.type === 'message'
        ? [record.chatGuid, record.sender, record.isFromMe ? 1 : 0, record.sentAt, record.text]
        : notOf('message'),
    refersTo: { column: 'chat_id', by: 'external_chat_id', type: 'chat' },
    referredFrom: { table: 'attachments', column: 'message_id', by: 'external_message_id' },
    isUsed: `is_flagged = 1 OR EXISTS (SELECT 1 FROM bookmarks AS b WHERE b.message_id = messages.id)
      OR EXISTS (SELECT 1 FROM attachments AS a WHERE a.message_id = messages.id AND a.external_attachment_id IS NULL)`,
  },
  contact: {
    table: 'contacts',
    external: 'external_contact_id',
    columns: ['display_name', 'company', 'points'],
    valuesOf: (record) =>
      record.type === 'contact'
        ? [record.displayName, record.organization, canonicalJson(record.points)]
        : notOf('contact'),
    refersTo: null,
    referredFrom: null,
    isUsed: 'own_note IS NOT NULL OR is_favourite = 1',
  },
  attachment: {
    table: 'attachments',
    external: 'external_attachment_id',
    columns: ['external_message_id', 'name', 'mime_type', 'sha256', 'missing_because'],
    valuesOf: (record, sha256) => {
      if (record.type !== 'attachment') return notOf('attachment')
      const message = record.parent?.type === 'message' ? record.parent.key : null
      return [message, record.name, record.mimeType, sha256, record.unavailable]
    },
    refersTo: { column: 'message_id', by: 'external_message_id', type: 'message' },
    referredFrom: null,
    isUsed: '0',
  },
}

/** What a row of the app is known by, to its user and kind: guids as they are, what is unique on a phone only with its phone. */
function externalOf(type: ImportRecord['type'], identity: string): string {
  if (type !== 'chat' && type !== 'message') return identity
  // As `recordIdentity` says of chats and messages.
  const [, , guid]: readonly [string, null, string] = JSON.parse(identity)
  return guid
}

/**
 * Lets the app's row of a record say what the newest published version does; what it said before, where there is none. What only an
 * import brought goes then, unless the user has something of his own in it: such a row stays, and is the app's from then on.
 */
export function show(db: HostDatabase, owner: string, type: ImportRecord['type'], identity: string): void {
  const shape = shapes[type]
  if (shape === undefined) return
  const external = externalOf(type, identity)
  const version = newestVersion(db, owner, identity)
  const where = 'owner = ? AND type = ? AND external = ?'
  const before = db.one<{ said: string }>(
    `SELECT said FROM import_before WHERE ${where}`,
    owner,
    type,
    external,
  )
  if (version !== null) {
    if (before === null) {
      const said = JSON.stringify(ownRow(db, shape, owner, external))
      db.run('INSERT INTO import_before VALUES (?, ?, ?, ?)', owner, type, external, said)
    }
    writeRow(db, shape, owner, external, saidBy(shape, version))
    link(db, shape, owner, external)
    return
  }
  if (before === null) return
  const said: readonly Value[] | null = JSON.parse(before.said)
  if (said !== null) restoreRow(db, shape, owner, external, said)
  else removeRow(db, shape, owner, external)
  db.run(`DELETE FROM import_before WHERE ${where}`, owner, type, external)
}

/** What is wrong with the app's row of a version that is shown; null for nothing, and for versions that are not shown. */
export function differenceOfRow(db: HostDatabase, version: Version): 'row-missing' | 'row-changed' | null {
  const { owner, type, identity } = version
  const shape = shapes[type]
  if (shape === undefined || newestVersion(db, owner, identity)?.version !== version.version) return null
  const external = externalOf(type, identity)
  const row = ownRow(db, shape, owner, external)
  if (row === null) return 'row-missing'
  const expected = [...saidBy(shape, version), referenceOf(db, shape, owner, external)]
  return canonicalJson(row) === canonicalJson(expected) ? null : 'row-changed'
}

/** The columns that imports write, and the foreign key. */
function ownRow(db: HostDatabase, shape: Shape, owner: string, external: string): readonly Value[] | null {
  const columns = [...shape.columns, shape.refersTo?.column ?? 'NULL']
  const row = db.one<{ [column: string]: Value }>(
    `SELECT ${columns.map((column, index) => `${column} AS c${index}`).join(', ')} FROM ${shape.table}
     WHERE user_id = ? AND ${shape.external} = ?`,
    owner,
    asStored(external),
  )
  return row === null ? null : columns.map((_, index) => row[`c${index}`] ?? null)
}

/** The row that the foreign key has to lead to; null where there is none. */
function referenceOf(db: HostDatabase, shape: Shape, owner: string, external: string): string | null {
  if (shape.refersTo === null) return null
  const { by, type } = shape.refersTo
  const to = shapes[type]
  const found = db.one<{ id: string }>(
    `SELECT t.id FROM ${shape.table} AS f JOIN ${to?.table} AS t ON t.user_id = f.user_id AND t.${to?.external} = f.${by}
     WHERE f.user_id = ? AND f.${shape.external} = ?`,
    owner,
    asStored(external),
  )
  return found?.id ?? null
}

function saidBy(shape: Shape, version: Version): readonly Value[] {
  const record = recordOf(version)
  if (record === null || record.type === 'unreadable') return shape.columns.map(() => null)
  return shape.valuesOf(record, version.sha256).map(asStored)
}

function writeRow(
  db: HostDatabase,
  shape: Shape,
  owner: string,
  external: string,
  values: readonly Value[],
): void {
  const { table, columns } = shape
  const all = ['id', 'user_id', shape.external, ...columns]
  db.run(
    `INSERT INTO ${table} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})
     ON CONFLICT (user_id, ${shape.external}) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    idOf(owner, table, external),
    owner,
    asStored(external),
    ...values,
  )
}

/** Lets the foreign keys of a row, and those that lead to it, be what the rows say. */
function link(db: HostDatabase, shape: Shape, owner: string, external: string): void {
  if (shape.refersTo !== null) {
    db.run(
      `UPDATE ${shape.table} SET ${shape.refersTo.column} = ? WHERE user_id = ? AND ${shape.external} = ?`,
      referenceOf(db, shape, owner, external),
      owner,
      asStored(external),
    )
  }
  if (shape.referredFrom === null) return
  const { table, column, by } = shape.referredFrom
  db.run(
    `UPDATE ${table} SET ${column} = (SELECT id FROM ${shape.table} WHERE user_id = ? AND ${shape.external} = ?)
     WHERE user_id = ? AND ${by} = ?`,
    owner,
    asStored(external),
    owner,
    asStored(external),
  )
}

function restoreRow(
  db: HostDatabase,
  shape: Shape,
  owner: string,
  external: string,
  said: readonly Value[],
): void {
  const values = said.slice(0, shape.columns.length)
  db.run(
    `UPDATE ${shape.table} SET ${shape.columns.map((column) => `${column} = ?`).join(', ')}
     WHERE user_id = ? AND ${shape.external} = ?`,
    ...values,
    owner,
    asStored(external),
  )
  if (shape.refersTo === null) return
  const { column, type } = shape.refersTo
  // The user may have deleted meanwhile what it led to.
  db.run(
    `UPDATE ${shape.table} SET ${column} = (SELECT id FROM ${shapes[type]?.table} WHERE id = ?)
     WHERE user_id = ? AND ${shape.external} = ?`,
    said.at(-1) ?? null,
    owner,
    asStored(external),
  )
}

function removeRow(db: HostDatabase, shape: Shape, owner: string, external: string): void {
  const where = `user_id = ? AND ${shape.external} = ? AND NOT (${shape.isUsed})`
  if (shape.referredFrom !== null) {
    // Rows of other imports stay, although the one goes that they refer to.
    const { table, column } = shape.referredFrom
    db.run(
      `UPDATE ${table} SET ${column} = NULL WHERE ${column} IN (SELECT id FROM ${shape.table} WHERE ${where})`,
      owner,
      asStored(external),
    )
  }
  db.run(`DELETE FROM ${shape.table} WHERE ${where}`, owner, asStored(external))
}

/** An id that is the same whenever the same record is imported: other tables of the app refer to it. */
function idOf(owner: string, table: string, external: string): string {
  return createHash('sha256')
    .update(canonicalJson([owner, table, external]))
    .digest('hex')
    .slice(0, 32)
}

/** A value as a column gives it back: half a surrogate pair cannot be stored in UTF-8. */
function asStored<Held extends Value>(value: Held): Held | string {
  return typeof value === 'string' ? Buffer.from(value).toString() : value
}

function notOf(type: string): never {
  throw new Error(`not a ${type}`)
}
