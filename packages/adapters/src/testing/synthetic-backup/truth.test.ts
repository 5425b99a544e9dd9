import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessageRecord } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SqliteDatabase } from '../../sqlite/driver.js'
import { openTestSqlite } from '../open-sqlite.js'
import { blobPath } from './folder/damage.js'
import { isSince, schemaVersions } from './folder/generations.js'
import { makeSyntheticBackup, type SyntheticBackup } from './make-synthetic-backup.js'
import { contactsFile, messagesFile } from './well-known-files.js'

/** The first column of a row: what the tests ask for are numbers, texts, blobs and nothing. */
function firstColumn(row: unknown): number | string | Uint8Array | null {
  const columns: Record<string, number | string | Uint8Array | null> = Object(row)
  return Object.values(columns)[0] ?? null
}

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-truth-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(schemaVersions)('the truth of %s agrees with what SQL finds', (schema) => {
  let backup: SyntheticBackup
  let messages: SqliteDatabase
  let contacts: SqliteDatabase

  beforeAll(async () => {
    backup = await makeSyntheticBackup({
      into: folder,
      seed: `truth ${schema}`,
      messages: 1500,
      attachments: 150,
      schema,
      anomalies: { blobMissing: 2 },
    })
    messages = openTestSqlite(blobPath(backup.path, messagesFile), { readonly: true })
    contacts = openTestSqlite(blobPath(backup.path, contactsFile), { readonly: true })
  })

  afterAll(() => {
    messages.close()
    contacts.close()
  })

  function count(sql: string): number {
    return Number(firstColumn(messages.prepare(sql).get()))
  }

  test('every record once, in the order of row ids', () => {
    const guids = (sql: string) => messages.prepare(sql).all().map(firstColumn)
    const { truth, counts } = backup
    expect(truth.messages.map(({ guid }) => guid)).toEqual(guids('SELECT guid FROM message ORDER BY ROWID'))
    expect(truth.chats.map(({ guid }) => guid)).toEqual(guids('SELECT guid FROM chat ORDER BY ROWID'))
    const keys = guids(`SELECT a.guid || '@' || coalesce(m.guid, '') AS guid FROM attachment a
      LEFT JOIN message_attachment_join j ON j.attachment_id = a.ROWID LEFT JOIN message m ON m.ROWID = j.message_id
      ORDER BY a.ROWID, m.ROWID`)
    const [inside, attachments] = [true, false].map((isInside) =>
      truth.attachments.filter(({ guid }) => guid.includes('/') === isInside),
    )
    expect(truth.attachments.map(({ key }) => key)).toEqual([
      ...keys,
      ...(inside ?? []).map(({ key }) => key),
    ])
    const pages = attachments?.find(({ unavailable }) => unavailable === 'is-directory')
    expect(inside?.map((each) => [each.guid, each.parent])).toEqual(
      ['Data/Fotos/Strand.jpg', 'Index.zip', 'Metadata/BuildVersionHistory.plist'].map((path) => [
        `${pages?.guid}/${path}`,
        pages?.parent,
      ]),
    )
    expect(counts).toEqual({
      contacts: truth.contacts.length,
      chats: truth.chats.length,
      messages: truth.messages.length,
      attachments: truth.attachments.length,
      calls: 0,
      voicemails: 0,
    })
  })

  test('chats and members', () => {
    const { chats } = backup.truth
    expect(chats.filter(({ isGroup }) => isGroup)).toHaveLength(
      count('SELECT count(*) AS n FROM chat WHERE style = 43'),
    )
    expect(chats.reduce((sum, { members }) => sum + members.length, 0)).toBe(
      count('SELECT count(*) AS n FROM chat_handle_join'),
    )
    const spread = count(
      'SELECT count(*) AS n FROM (SELECT id FROM handle GROUP BY id HAVING count(DISTINCT service) > 1)',
    )
    expect(spread).toBeGreaterThan(0)
  })

  test('messages: senders, chats, texts, dates and kinds', () => {
    const all = backup.truth.messages
    const number = (matches: (message: MessageRecord) => boolean) =>
      all.filter((message) => matches(message)).length
    expect(number(({ isFromMe }) => isFromMe)).toBe(
      count('SELECT count(*) AS n FROM message WHERE is_from_me = 1'),
    )
    expect(number(({ sender }) => sender !== null)).toBe(
      count(
        'SELECT count(*) AS n FROM message WHERE is_from_me = 0 AND handle_id IN (SELECT ROWID FROM handle)',
      ),
    )
    expect(
      all.reduce(
        (sum, each) => sum + Number(each.chatGuid !== null && !each.isDeleted) + each.otherChatGuids.length,
        0,
      ),
    ).toBe(count('SELECT count(*) AS n FROM chat_message_join'))
    expect(number(({ textState }) => textState === 'none')).toBe(
      count('SELECT count(*) AS n FROM message WHERE text IS NULL AND attributedBody IS NULL'),
    )
    // Without the text column, the one that has plain text beside its torn archive cannot be decoded either.
    expect(number(({ textState }) => textState === 'undecodable')).toBe(schema === 'ios-26' ? 4 : 3)
    expect(number(({ sentAt }) => sentAt === null)).toBe(
      count('SELECT count(*) AS n FROM message WHERE coalesce(date, 0) = 0'),
    )
    expect(number(({ readAt }) => readAt !== null)).toBe(
      count('SELECT count(*) AS n FROM message WHERE date_read > 0'),
    )
    expect(number(({ kind }) => kind === 'system')).toBe(
      isSince(schema, 'ios-9') ? count('SELECT count(*) AS n FROM message WHERE item_type != 0') : 0,
    )
    const tapbacks = isSince(schema, 'ios-10')
      ? count(`SELECT count(*) AS n FROM message WHERE associated_message_type BETWEEN 2000 AND 2007
          OR associated_message_type BETWEEN 3000 AND 3007`)
      : 0
    expect(number(({ kind }) => kind === 'tapback')).toBe(tapbacks)
    expect(number(({ reaction }) => reaction !== null)).toBe(tapbacks)
  })

  test('attachments: why each is unavailable, and the content of the others', () => {
    const reasons = new Map<string | null, number>()
    for (const { guid: whole, sha256, bytes, unavailable } of backup.truth.attachments) {
      const [guid, ...inside] = whole.split('/')
      reasons.set(unavailable, (reasons.get(unavailable) ?? 0) + 1)
      const filename = String(
        firstColumn(
          messages.prepare("SELECT coalesce(filename, 'none') FROM attachment WHERE guid = ?").get(guid),
        ),
      )
      expect(filename === 'none').toBe(unavailable === 'no-path')
      expect(filename.includes('/../'), filename).toBe(unavailable === 'invalid-path')
      const relativePath = [filename.replace(/^(~|(\/private)?\/var\/mobile)\//, ''), ...inside].join('/')
      const blob = blobPath(backup.path, { domain: 'MediaDomain', relativePath })
      expect(existsSync(blob), filename).toBe(unavailable === null)
      const content = existsSync(blob) ? readFileSync(blob) : null
      expect(bytes).toBe(content?.length ?? null)
      expect(sha256).toBe(content && createHash('sha256').update(content).digest('hex'))
    }
    reasons.delete(null)
    expect(Object.fromEntries(reasons)).toEqual({
      'not-in-backup': 2,
      'blob-missing': 2,
      'no-path': 1,
      'is-directory': 1,
      'invalid-path': 3,
      ...(isSince(schema, 'ios-11') ? { offloaded: 2 } : {}),
    })
  })

  test('odd attachments: one name thrice on a message, shared content, two messages, none, no bytes, an absolute path', () => {
    const { attachments } = backup.truth
    const repeated = (values: readonly string[]) => {
      const counts = new Map<string, number>()
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
      return Math.max(...counts.values())
    }
    expect(repeated(attachments.map(({ parent, name }) => `${parent?.key} ${name}`))).toBe(3)
    expect(
      repeated(attachments.flatMap(({ sha256, guid }) => (sha256 === null ? [] : [`${sha256} ${guid}`]))),
    ).toBe(2)
    const contents = new Map(attachments.map(({ guid, sha256 }) => [guid, sha256]))
    expect(repeated([...contents.values()].filter((sha256) => sha256 !== null))).toBeGreaterThanOrEqual(3)
    expect(attachments.filter(({ parent }) => parent === null)).toHaveLength(1)
    expect(attachments.filter(({ bytes }) => bytes === 0)).toHaveLength(1)
    expect(
      count(
        "SELECT count(*) AS n FROM attachment WHERE filename LIKE '/var/mobile/Library/SMS/Attachments/%'",
      ),
    ).toBe(1)
    expect(attachments.some(({ claimedBytes, bytes }) => bytes !== null && claimedBytes !== bytes)).toBe(true)
    expect(attachments.some(({ isSticker }) => isSticker)).toBe(isSince(schema, 'ios-10'))
  })

  test('contacts: names, points, labels and addresses', () => {
    const all = backup.truth.contacts
    const value = (sql: string) => Number(firstColumn(contacts.prepare(sql).get()))
    expect(all).toHaveLength(value('SELECT count(*) AS n FROM ABPerson'))
    expect(all.reduce((sum, { points }) => sum + points.length, 0)).toBe(
      value('SELECT count(*) AS n FROM ABMultiValue'),
    )
    const withGuid = isSince(schema, 'ios-11') ? all.length - 2 : 0
    expect(all.filter(({ id }) => !/^person-\d+$/.test(id))).toHaveLength(withGuid)
    expect(all.flatMap(({ points }) => points).some(({ label }) => label === 'Mobile')).toBe(true)
    expect(all.filter(({ displayName }) => displayName === '')).toHaveLength(1)
    const addresses = all.flatMap(({ points }) => points).filter(({ kind }) => kind === 'address')
    expect(addresses.length).toBeGreaterThan(0)
    expect(addresses.every(({ value: text }) => text !== '')).toBe(true)
    expect(all.map(({ birthday }) => birthday)).toContain('1984-02-29')
  })

  test('the contacts database is one that stock SQLite can read but not check as a whole', () => {
    expect(() => contacts.prepare('PRAGMA integrity_check').all()).toThrow(
      'unknown tokenizer: ab_cf_tokenizer',
    )
    expect(contacts.prepare('PRAGMA quick_check(ABPerson)').get()).toEqual({ quick_check: 'ok' })
    expect(messages.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  })
})
