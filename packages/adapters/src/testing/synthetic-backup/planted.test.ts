import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessageRecord } from '@holdfast/core/import'
import { parseBinary } from 'plist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SqliteDatabase } from '../../sqlite/driver.js'
import { openTestSqlite } from '../open-sqlite.js'
import { blobPath } from './folder/damage.js'
import { isSince, schemaVersions } from './folder/generations.js'
import { makeSyntheticBackup, type SyntheticBackup } from './make-synthetic-backup.js'
import { scenarios } from './scenarios.js'
import { messagesFile } from './well-known-files.js'

/** The first column of a row: what the tests ask for are numbers, texts, blobs and nothing. */
function firstColumn(row: unknown): number | string | Uint8Array | null {
  const columns: Record<string, number | string | Uint8Array | null> = Object(row)
  return Object.values(columns)[0] ?? null
}

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-planted-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(schemaVersions)('messages of %s', (schema) => {
  let backup: SyntheticBackup
  let db: SqliteDatabase

  beforeAll(async () => {
    backup = await makeSyntheticBackup({
      into: folder,
      seed: `planted ${schema}`,
      messages: 600,
      attachments: 60,
      schema,
    })
    db = openTestSqlite(blobPath(backup.path, messagesFile), { readonly: true })
  })

  afterAll(() => db.close())

  test('hold every scenario that the generation knows', () => {
    const known = Object.entries(scenarios).filter(([, { since }]) => isSince(schema, since))
    const names = new Set(Object.keys(backup.planted))
    expect(known.map(([name]) => name).filter((name) => !names.has(name))).toEqual([])
    const guids = new Set(backup.truth.messages.map((message) => message.guid))
    expect(Object.values(backup.planted).filter((guid) => !guids.has(guid))).toEqual([])
  })

  test('have dates in the unit of the generation', () => {
    const digits = isSince(schema, 'ios-11') ? 18 : 9
    const usual = db
      .prepare('SELECT count(*) AS n FROM message WHERE length(CAST(date AS TEXT)) = ?')
      .get(digits)
    const all = db.prepare('SELECT count(*) AS n FROM message WHERE date > 0').get()
    const others = isSince(schema, 'ios-11') ? 1 : 0
    expect(Number(firstColumn(all)) - Number(firstColumn(usual))).toBeGreaterThanOrEqual(others)
    expect(Number(firstColumn(usual))).toBeGreaterThan(580)
  })
})

describe('each oddity is what it is called', () => {
  let backup: SyntheticBackup
  let db: SqliteDatabase

  beforeAll(async () => {
    backup = await makeSyntheticBackup({ into: folder, seed: 'oddities', messages: 800, attachments: 80 })
    db = openTestSqlite(blobPath(backup.path, messagesFile), { readonly: true })
  })

  afterAll(() => db.close())

  /** The row that was planted under a name; `columns` are SQL expressions over `message m`. */
  function row(name: string, columns: string): unknown {
    return db.prepare(`SELECT ${columns} FROM message m WHERE guid = ?`).get(backup.planted[name])
  }

  function truth(name: string): MessageRecord {
    const found = backup.truth.messages.find((message) => message.guid === backup.planted[name])
    if (found === undefined) throw new Error(`Nothing is planted as ${name}`)
    return found
  }

  const inChats = '(SELECT count(*) FROM chat_message_join j WHERE j.message_id = m.ROWID) AS chats'

  test('texts in their column, in the archive, in both, in neither', () => {
    const where = 'text IS NULL AS noText, attributedBody IS NULL AS noBody'
    expect(row('plain-text', where)).toEqual({ noText: 0, noBody: 1 })
    expect(truth('plain-text').textState).toBe('plain')
    expect(row('archived-text-only', where)).toEqual({ noText: 1, noBody: 0 })
    expect(truth('archived-text-only').textState).toBe('decoded')
    expect(row('stale-text', 'text')).toEqual({ text: 'What it said before' })
    expect(truth('stale-text').text).not.toBe('What it said before')
    expect(row('without-text', where)).toEqual({ noText: 1, noBody: 1 })
    expect(truth('without-text')).toMatchObject({ text: null, textState: 'none', kind: 'message' })
    expect(row('undecodable-text', where)).toEqual({ noText: 1, noBody: 0 })
    expect(truth('undecodable-text')).toMatchObject({ text: null, textState: 'undecodable' })
    expect(row('undecodable-with-text-column', where)).toEqual({ noText: 0, noBody: 0 })
    expect(truth('undecodable-with-text-column').textState).toBe('plain')
  })

  test('texts of all three forms of length, and outside the BMP', () => {
    const bytes = (name: string) => Buffer.byteLength(truth(name).text ?? '')
    expect(bytes('text-of-127-bytes')).toBe(127)
    expect(bytes('text-of-128-bytes')).toBe(128)
    expect(bytes('text-of-64-kibibytes')).toBeGreaterThan(65_535)
    expect(truth('emoji-only').text).toMatch(/\p{Emoji}|𝒽/u)
  })

  test('messages in no chat, in two, and in the recently deleted', () => {
    expect(row('in-no-chat', inChats)).toEqual({ chats: 0 })
    expect(truth('in-no-chat')).toMatchObject({ chatGuid: null, otherChatGuids: [], isDeleted: false })
    expect(row('in-two-chats', inChats)).toEqual({ chats: 2 })
    expect(truth('in-two-chats').otherChatGuids).toHaveLength(1)
    const deleted =
      '(SELECT count(*) FROM chat_recoverable_message_join j WHERE j.message_id = m.ROWID) AS deleted'
    expect(row('recently-deleted', `${inChats}, ${deleted}`)).toEqual({ chats: 0, deleted: 1 })
    expect(truth('recently-deleted').isDeleted).toBe(true)
    expect(truth('recently-deleted').chatGuid).not.toBeNull()
  })

  test('senders: oneself with and without a handle, and a handle that is not there', () => {
    expect(row('own-message-without-handle', 'handle_id')).toEqual({ handle_id: 0 })
    expect(row('own-message-with-handle', 'handle_id > 0 AS named')).toEqual({ named: 1 })
    expect(truth('own-message-with-handle')).toMatchObject({ sender: null, isFromMe: true })
    expect(row('missing-handle', 'handle_id IN (SELECT ROWID FROM handle) AS there')).toEqual({ there: 0 })
    expect(truth('missing-handle')).toMatchObject({ sender: null, isFromMe: false })
  })

  test('services, and empty strings for nothing', () => {
    expect(row('null-service', 'service')).toEqual({ service: null })
    expect(truth('rcs-service').service).toBe('RCS')
    expect(truth('satellite-service').service).toBe('iMessageLite')
    expect(row('empty-strings', 'service, subject, balloon_bundle_id AS balloon')).toEqual({
      service: '',
      subject: '',
      balloon: '',
    })
    expect(truth('empty-strings')).toMatchObject({
      service: null,
      subject: null,
      balloon: null,
      effect: null,
      kind: 'message',
    })
  })

  test('dates: none in two ways, seconds among nanoseconds, and nanoseconds that a double cannot hold', () => {
    expect(row('zero-date', 'date')).toEqual({ date: 0 })
    expect(row('null-date', 'date')).toEqual({ date: null })
    expect(truth('zero-date').sentAt).toBeNull()
    expect(row('date-in-seconds', 'date < 1000000000 AS seconds')).toEqual({ seconds: 1 })
    const exact = db
      .prepare('SELECT CAST(date AS TEXT) AS date FROM message WHERE date > 1000000000000')
      .all()
    const dates = exact.map((each) => String(firstColumn(each)))
    expect(dates.some((date) => BigInt(Number(date)) !== BigInt(date))).toBe(true)
  })

  test('a date in nanoseconds is the floor of its unix milliseconds', () => {
    for (const message of backup.truth.messages) {
      const found = db
        .prepare('SELECT CAST(date AS TEXT) AS date FROM message WHERE guid = ?')
        .get(message.guid)
      const date = BigInt(String(firstColumn(found) ?? 0))
      if (date < 1_000_000_000_000n) continue
      expect(message.sentAt).toBe(Number(date / 1_000_000n) + 978_307_200_000)
    }
  })

  test('tapbacks of every kind, on parts and on links, given and taken back', () => {
    const kinds = ['love', 'like', 'dislike', 'laugh', 'emphasize', 'question']
    for (const [index, kind] of kinds.entries()) {
      expect(row(`tapback-${kind}`, 'associated_message_type AS type')).toEqual({ type: 2000 + index })
      expect(truth(`tapback-${kind}`)).toMatchObject({
        kind: 'tapback',
        reaction: { kind, removed: false, targetPart: 0 },
      })
      expect(row(`removed-tapback-${kind}`, 'associated_message_type AS type')).toEqual({
        type: 3000 + index,
      })
      expect(truth(`removed-tapback-${kind}`).reaction).toMatchObject({ kind, removed: true })
    }
    expect(row('emoji-tapback', 'associated_message_type AS type')).toEqual({ type: 2006 })
    expect(truth('emoji-tapback').reaction?.emoji).toMatch(/\p{Emoji}/u)
    expect(row('tapback-on-link', 'substr(associated_message_guid, 1, 3) AS form')).toEqual({ form: 'bp:' })
    expect(truth('tapback-on-link').reaction?.targetPart).toBeNull()
    expect(truth('tapback-on-second-part').reaction?.targetPart).toBe(1)
  })

  test('replies name the thread, not the message before', () => {
    const reply = truth('reply').replyToGuid
    expect(row('reply', 'thread_originator_guid AS guid')).toEqual({ guid: reply })
    const misled = db
      .prepare(
        'SELECT count(*) AS n FROM message WHERE reply_to_guid IS NOT NULL AND thread_originator_guid IS NULL',
      )
      .get()
    expect(Number(firstColumn(misled))).toBeGreaterThan(100)
  })

  test('edits, with their wordings, and messages taken back in whole and in part', () => {
    expect(truth('edited')).toMatchObject({ kind: 'message', textState: 'decoded' })
    expect(truth('edited').edits.length).toBeGreaterThanOrEqual(2)
    expect(truth('edited').edits.at(-1)?.text).toBe(truth('edited').text)
    expect(truth('edited').editedAt).toBeGreaterThan(truth('edited').sentAt ?? 0)
    expect(truth('edited-in-two-parts').edits.map(({ part, version }) => [part, version])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ])
    expect(truth('undecodable-edit').edits.map(({ text }) => text === null)).toEqual([true, false])
    expect(summaryOf('unsent')).toMatchObject({ rp: [0] })
    expect(truth('unsent')).toMatchObject({ kind: 'unsent', text: null, textState: 'none', edits: [] })
    expect(truth('unsent-after-edit')).toMatchObject({ kind: 'unsent', text: null })
    expect(truth('unsent-after-edit').edits).toHaveLength(2)
    expect(summaryOf('partly-unsent')).toMatchObject({ rp: [1] })
    expect(truth('partly-unsent')).toMatchObject({ kind: 'message', textState: 'decoded' })
  })

  function summaryOf(name: string): unknown {
    const bytes = firstColumn(row(name, 'message_summary_info'))
    return bytes instanceof Uint8Array ? parseBinary(bytes) : null
  }

  test('group events, apps, links and effects', () => {
    const events: readonly (readonly [string, number, number])[] = [
      ['participant-added', 1, 0],
      ['participant-removed', 1, 1],
      ['group-renamed', 2, 0],
      ['participant-left', 3, 0],
      ['group-photo-changed', 3, 1],
    ]
    for (const [name, type, action] of events) {
      expect(row(name, 'item_type AS type, group_action_type AS action'), name).toEqual({ type, action })
      expect(truth(name).kind).toBe('system')
    }
    expect(truth('group-renamed').groupTitle).toBe('Segeln ⛵️ 2025')
    expect(truth('app')).toMatchObject({ kind: 'app', text: '\uFFFD' })
    expect(truth('link-preview')).toMatchObject({
      kind: 'message',
      balloon: 'com.apple.messages.URLBalloonProvider',
    })
    expect(row('link-preview', 'payload_data IS NOT NULL AS preview')).toEqual({ preview: 1 })
    expect(truth('effect').effect).toMatch(/^com\.apple\./)
  })

  test('row ids have gaps, whose messages count as deleted', () => {
    const gaps = db
      .prepare('SELECT (SELECT max(ROWID) FROM message) - (SELECT count(*) FROM message) AS n')
      .get()
    const deleted = db.prepare('SELECT count(*) AS n FROM deleted_messages').get()
    expect(gaps).toEqual(deleted)
    expect(Number(firstColumn(gaps))).toBeGreaterThan(0)
  })
})
