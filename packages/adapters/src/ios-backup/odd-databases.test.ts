import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttachmentRecord, ImportRecord, MessageRecord, OpenBackup } from '@holdfast/core/import'
import { buildBinary } from 'plist'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { blobPath, makeSyntheticBackup, messagesFile, openTestSqlite } from '../testing/index.js'
import { iosBackup } from './index.js'

const { signal } = new AbortController()
let folder: string
/** A backup whose sms.db each test makes by hand. */
let path: string
let backup: OpenBackup | null = null

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-odd-'))
})

beforeEach(async () => {
  const into = await mkdtemp(join(folder, 'test-'))
  path = (await makeSyntheticBackup({ into, seed: 'odd', messages: 1, attachments: 0, contacts: 0 })).path
  await rm(blobPath(path, messagesFile))
})

afterEach(async () => {
  await backup?.close()
  backup = null
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Makes sms.db, opens the backup and reads all records. */
async function read(sql: string, batchSize = 100): Promise<ImportRecord[]> {
  const db = openTestSqlite(blobPath(path, messagesFile), { readonly: false })
  db.exec(sql)
  db.close()
  backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
  const records: ImportRecord[] = []
  for await (const batch of backup.read({ after: null, batchSize, signal })) records.push(...batch.records)
  const { chats, messages, attachments, contacts } = await backup.totals()
  expect(chats + messages + attachments + contacts).toBe(records.length)
  expect(new Set(records.map((record) => `${record.type} ${record.key}`)).size).toBe(records.length)
  return records
}

async function readMessages(sql: string): Promise<MessageRecord[]> {
  return (await read(sql)).filter((record) => record.type === 'message')
}

async function readAttachments(sql: string, batchSize?: number): Promise<AttachmentRecord[]> {
  return (await read(sql, batchSize)).filter((record) => record.type === 'attachment')
}

describe('a message', () => {
  const table = `CREATE TABLE handle (id TEXT); INSERT INTO handle VALUES ('+4912345'), (NULL);
    CREATE TABLE message (guid TEXT, text TEXT, attributedBody BLOB, handle_id INTEGER, is_from_me INTEGER, date INTEGER,
      item_type INTEGER, associated_message_type INTEGER, associated_message_guid STRING, balloon_bundle_id STRING,
      message_summary_info BLOB, subject TEXT);`

  test('of a table with nothing but guids is a message without anything', async () => {
    const [message] = await readMessages("CREATE TABLE message (guid TEXT); INSERT INTO message VALUES ('A')")
    expect(message).toEqual({
      type: 'message',
      key: 'A',
      guid: 'A',
      chatGuid: null,
      otherChatGuids: [],
      sender: null,
      isFromMe: false,
      sentAt: null,
      readAt: null,
      deliveredAt: null,
      editedAt: null,
      kind: 'message',
      service: null,
      subject: null,
      text: null,
      textState: 'none',
      replyToGuid: null,
      effect: null,
      balloon: null,
      groupTitle: null,
      isDeleted: false,
      edits: [],
      reaction: null,
      replyToPart: null,
      target: null,
      unsentParts: [],
      deletedAt: null,
      deletedParts: [],
      event: null,
      linkPreview: null,
      app: null,
      audio: null,
      mentions: [],
      isScheduled: false,
    })
    expect(backup?.source.remarks.join(' ')).toMatch(/'chat'.*'handle'.*'message_attachment_join'/)
    expect(backup?.source.parts).toContainEqual({
      part: 'attachments',
      state: 'absent',
      detail: expect.any(String),
    })
  })

  test('that cannot be decoded is yielded as unreadable, and the next one follows', async () => {
    const records = await read(`${table} INSERT INTO message (ROWID, guid, text) VALUES
      (1, 'A', 'one'), (2, NULL, 'two'), (3, '', 'three'), (4, x'00ff', 'four'), (5, 'E', x'ff'), (6, 'F', 'six')`)
    expect(records.map(({ type, key }) => `${type} ${key}`)).toEqual([
      'message A',
      'unreadable message:message:2',
      'unreadable message:message:3',
      'unreadable message:message:4',
      'unreadable message:message:5',
      'message F',
    ])
    expect(records[1]).toMatchObject({
      of: 'message',
      table: 'message',
      row: '2',
      problem: 'The row has no guid.',
    })
  })

  test.each([
    ['is_from_me', "'yes'", "Column 'is_from_me' does not hold the number that it should."],
    ['date', "'yesterday'", "Column 'date' does not hold the number that it should."],
    ['date', "x'0102'", "Column 'date' does not hold the number that it should."],
    ['date', '9e999', "Column 'date' holds a date that no calendar has."],
    ['date', '-1e300', "Column 'date' holds a date that no calendar has."],
    ['item_type', "x'01'", "Column 'item_type' does not hold the number that it should."],
    [
      'associated_message_type',
      "'love'",
      "Column 'associated_message_type' does not hold the number that it should.",
    ],
    ['attributedBody', "'text'", "Column 'attributedBody' does not hold the bytes that it should."],
    ['message_summary_info', '7', "Column 'message_summary_info' does not hold the bytes that it should."],
    ['subject', "x'01'", 'A column that should hold text holds bytes.'],
    ['balloon_bundle_id', "x'01'", 'A column that should hold text holds bytes.'],
  ])(
    'with %s %s is told with its row and reason, and those around it are read',
    async (column, value, problem) => {
      const records = await read(`${table} INSERT INTO message (ROWID, guid) VALUES (1, 'A'), (3, 'C');
      INSERT INTO message (ROWID, guid, ${column}) VALUES (2, 'B', ${value})`)
      expect(records.map(({ key }) => key)).toEqual(['A', 'message:message:2', 'C'])
      expect(records[1]).toMatchObject({ type: 'unreadable', table: 'message', row: '2', problem })
    },
  )

  test('may have the largest numbers where they mean nothing, and dates up to the end of the calendar', async () => {
    const messages =
      await readMessages(`${table} INSERT INTO message (guid, item_type, associated_message_type, date) VALUES
      ('A', 9223372036854775807, -9223372036854775808, 9223372036854775807), ('B', 0, 0, -9223372036854775808)`)
    expect(messages.map(({ kind, sentAt }) => [kind, sentAt])).toEqual([
      ['system', 978_307_200_000 + 9_223_372_036_854],
      ['message', 978_307_200_000 - 9_223_372_036_855],
    ])
  })

  test.each([
    ['message', '9223372036854775807'],
    ['message', '-9007199254740993'],
  ])('with a row id in %s that no number holds is damage: it would be read for ever', async (_, row) => {
    await expect(
      read(`${table} INSERT INTO message (ROWID, guid) VALUES (${row}, 'A')`),
    ).rejects.toMatchObject({
      code: 'MESSAGES_DAMAGED',
    })
  })

  test('keeps the unit of its own date where a database holds seconds and nanoseconds', async () => {
    const messages = await readMessages(`${table} INSERT INTO message (guid, date) VALUES
      ('A', 504921600), ('B', 504921600123456789), ('C', 0), ('D', NULL)`)
    const start = Date.UTC(2017, 0, 1)
    expect(messages.map((message) => message.sentAt)).toEqual([start, start + 123, null, null])
  })

  test('has no sender when it is one’s own, or names a handle that is not there or has no number', async () => {
    const messages = await readMessages(`${table} INSERT INTO message (guid, handle_id, is_from_me) VALUES
      ('A', 1, 0), ('B', 1, 1), ('C', 99, 0), ('D', 0, 0), ('E', 2, 0)`)
    expect(messages.map((message) => message.sender)).toEqual(['+4912345', null, null, null, null])
  })

  test('is a tapback before it is anything else, and a system message before an app', async () => {
    const kinds = (
      await readMessages(`${table} INSERT INTO message (guid, associated_message_type, item_type, balloon_bundle_id) VALUES
      ('A', 2003, 1, 'com.example'), ('B', 0, 2, 'com.example'), ('C', 0, 0, 'com.example'), ('D', 1000, 0, NULL),
      ('E', 4000, NULL, NULL), ('F', 2008, 0, NULL), ('G', 3008, 0, '')`)
    ).map((message) => message.kind)
    expect(kinds).toEqual(['tapback', 'system', 'app', 'message', 'app', 'message', 'message'])
  })

  test.each([
    ['p:12/GUID', { targetGuid: 'GUID', targetPart: 12 }],
    ['bp:GUID', { targetGuid: 'GUID', targetPart: null }],
    ['GUID', { targetGuid: 'GUID', targetPart: null }],
    ['12345', { targetGuid: '12345', targetPart: null }],
  ])("reacts to '%s'", async (target, expected) => {
    const [message] =
      await readMessages(`${table} INSERT INTO message (guid, associated_message_type, associated_message_guid)
      VALUES ('A', 3001, '${target}')`)
    expect(message?.reaction).toEqual({ ...expected, kind: 'like', emoji: null, removed: true })
  })

  test('that reacts to nothing is a tapback without a reaction', async () => {
    const [message] = await readMessages(
      `${table} INSERT INTO message (guid, associated_message_type) VALUES ('A', 2000)`,
    )
    expect(message).toMatchObject({ kind: 'tapback', reaction: null })
  })

  test('with an undecodable body keeps its plain text; without one it says that there is text', async () => {
    const messages = await readMessages(`${table} INSERT INTO message (guid, text, attributedBody) VALUES
      ('A', 'plain', x'00'), ('B', NULL, x'00'), ('C', NULL, x''), ('D', '', NULL)`)
    expect(messages.map(({ text, textState }) => [text, textState])).toEqual([
      ['plain', 'plain'],
      [null, 'undecodable'],
      [null, 'none'],
      [null, 'none'],
    ])
  })

  test('is unsent only when it has parts that were taken back and no text is left', async () => {
    const summary = (value: Parameters<typeof buildBinary>[0]) =>
      Buffer.from(buildBinary(value)).toString('hex')
    const messages =
      await readMessages(`${table} INSERT INTO message (guid, text, attributedBody, message_summary_info) VALUES
      ('A', NULL, NULL, x'${summary({ rp: [0] })}'), ('B', 'rest', NULL, x'${summary({ rp: [1] })}'),
      ('C', NULL, NULL, x'${summary({ rp: [] })}'), ('D', NULL, NULL, x'${Buffer.from('bplist00 Rrp Rec').toString('hex')}'),
      ('E', NULL, x'00', x'${summary({ rp: [0] })}')`)
    expect(messages.map((message) => message.kind)).toEqual([
      'unsent',
      'message',
      'message',
      'message',
      'message',
    ])
  })

  test('lists its edits by part and age, without those that say nothing', async () => {
    const summary = Buffer.from(
      buildBinary({
        ec: { '10': [{ d: 1.5 }], '2': [{ d: 0.0005, t: Buffer.from('torn') }, 'odd'], other: [{ d: 1 }] },
      }),
    ).toString('hex')
    const [message] = await readMessages(
      `${table} INSERT INTO message (guid, message_summary_info) VALUES ('A', x'${summary}')`,
    )
    expect(message?.edits).toEqual([
      { part: 2, version: 0, editedAt: 978_307_200_000, text: null },
      { part: 2, version: 1, editedAt: null, text: null },
      { part: 10, version: 0, editedAt: 978_307_201_500, text: null },
    ])
  })
})

describe('the chats of a message', () => {
  const tables = `CREATE TABLE message (guid TEXT); INSERT INTO message VALUES ('A'), ('B'), ('C'), ('D'), ('E');
    CREATE TABLE chat (guid TEXT, style INTEGER); INSERT INTO chat VALUES ('one', 45), ('two', 43), ('three', 43);
    CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
    CREATE TABLE chat_recoverable_message_join (chat_id INTEGER, message_id INTEGER);
    INSERT INTO chat_message_join VALUES (3, 1), (1, 1), (2, 1), (1, 1), (99, 2), (2, 3), (NULL, 1);
    INSERT INTO chat_recoverable_message_join VALUES (1, 3), (3, 4), (2, 4);`

  test('come in the order of their rows, each once, also without any index', async () => {
    const messages = await readMessages(tables)
    expect(
      messages.map(({ guid, chatGuid, otherChatGuids, isDeleted }) => [
        guid,
        chatGuid,
        otherChatGuids,
        isDeleted,
      ]),
    ).toEqual([
      ['A', 'one', ['two', 'three'], false],
      ['B', null, [], false],
      ['C', 'two', [], false],
      ['D', 'two', ['three'], true],
      ['E', null, [], false],
    ])
  })

  test('take their members once, sorted by code unit, however often a handle is listed', async () => {
    const chats = await read(`${tables} CREATE TABLE handle (id TEXT, service TEXT);
      INSERT INTO handle VALUES ('b@example.org', 'iMessage'), ('+1', 'SMS'), ('+1', 'iMessage'), ('Z', 'SMS'), (NULL, 'SMS');
      CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);
      INSERT INTO chat_handle_join VALUES (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (2, 77), (2, 1), (1, 1)`)
    expect(chats.slice(0, 3)).toMatchObject([
      { guid: 'one', isGroup: false, members: ['b@example.org'] },
      { guid: 'two', isGroup: true, members: ['+1', 'Z', 'b@example.org'] },
      { guid: 'three', members: [] },
    ])
  })
})

describe('an attachment', () => {
  const tables = `CREATE TABLE message (guid TEXT); INSERT INTO message (ROWID, guid) VALUES (1, 'A'), (2, 'B'), (3, NULL);
    CREATE TABLE attachment (guid TEXT, filename TEXT, transfer_name TEXT, total_bytes INTEGER, created_date INTEGER);
    CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER);`

  test('is a record for each message that it is on, and one on none, also without any index', async () => {
    const sql = `${tables} INSERT INTO attachment (ROWID, guid) VALUES (1, 'x'), (2, 'y'), (3, 'z'), (4, 'w');
      INSERT INTO message_attachment_join VALUES (2, 1), (1, 1), (1, 1), (99, 2), (1, 77), (2, 4), (3, 4)`
    for (const batchSize of [1, 100]) {
      const attachments = await readAttachments(batchSize === 1 ? sql : '', batchSize)
      expect(attachments.map((record) => record.key)).toEqual(['x@A', 'x@B', 'y@', 'z@', 'w@B'])
      await backup?.close()
    }
  })

  test('on messages that cannot be named is on none, once', async () => {
    const attachments = await readAttachments(`${tables} INSERT INTO attachment (ROWID, guid) VALUES (1, 'x');
      INSERT INTO message (ROWID, guid) VALUES (4, ''); INSERT INTO message_attachment_join VALUES (3, 1), (4, 1)`)
    expect(attachments.map((record) => record.key)).toEqual(['x@'])
  })

  test('without a table that joins them is on no message', async () => {
    const attachments =
      await readAttachments(`CREATE TABLE message (guid TEXT); CREATE TABLE attachment (guid TEXT);
      INSERT INTO attachment VALUES ('x'), ('y')`)
    expect(attachments.map((record) => record.key)).toEqual(['x@', 'y@'])
  })

  test('that shares its guid with another has a guid, a key and a content of its own', async () => {
    await addBlob('Library/SMS/Attachments/1', 'first')
    await addBlob('Library/SMS/Attachments/2', 'second')
    const attachments = await readAttachments(`${tables} INSERT INTO attachment (ROWID, guid, filename) VALUES
      (1, 'x', '~/Library/SMS/Attachments/1'), (2, 'x', '~/Library/SMS/Attachments/2'), (3, 'y', NULL);
      INSERT INTO message_attachment_join VALUES (1, 1), (1, 2)`)
    expect(attachments.map(({ guid, key }) => [guid, key])).toEqual([
      ['x', 'x@A'],
      ['x#2', 'x#2@A'],
      ['y', 'y@'],
    ])
    expect(await Promise.all(attachments.slice(0, 2).map(contentOf))).toEqual(['first', 'second'])
  })

  test('that cannot be decoded is yielded as unreadable for each of its messages', async () => {
    const records =
      await read(`${tables} INSERT INTO attachment (ROWID, guid, filename) VALUES (1, NULL, NULL), (2, 'y', x'00'), (3, 'z', NULL);
      INSERT INTO message_attachment_join VALUES (1, 1), (2, 1)`)
    expect(records.slice(3).map(({ type, key }) => `${type} ${key}`)).toEqual([
      'unreadable attachment:attachment:1@1',
      'unreadable attachment:attachment:1@2',
      'unreadable attachment:attachment:2',
      'attachment z@',
    ])
  })

  test.each([
    [0, "'cloud'", null, 'offloaded'],
    [0, "'cloud'", '~/Library/SMS/Attachments/gone', 'offloaded'],
    [5, "'cloud'", '~/Library/SMS/Attachments/gone', 'not-in-backup'],
    [0, 'NULL', '~/Library/SMS/Attachments/gone', 'not-in-backup'],
    [0, "''", null, 'no-path'],
    [0, "'cloud'", '~/Library/SMS/Attachments/here', null],
    [0, "'cloud'", '/etc/passwd', 'invalid-path'],
  ])(
    'in transfer state %i with the record %s and the path %s is %s',
    async (state, cloud, filename, reason) => {
      await addBlob('Library/SMS/Attachments/here', 'content')
      const [attachment] =
        await readAttachments(`${tables} ALTER TABLE attachment ADD COLUMN transfer_state INTEGER;
      ALTER TABLE attachment ADD COLUMN ck_record_id TEXT; INSERT INTO attachment (guid, filename, transfer_state, ck_record_id)
      VALUES ('x', ${filename === null ? 'NULL' : `'${filename}'`}, ${state}, ${cloud})`)
      expect(attachment?.unavailable).toBe(reason)
    },
  )

  test('takes its name from its path when the phone names none', async () => {
    const attachments =
      await readAttachments(`${tables} INSERT INTO attachment (guid, filename, transfer_name) VALUES
      ('a', '~/Library/SMS/Attachments/IMG.jpg', ''), ('b', '~/x/', NULL), ('c', NULL, NULL), ('d', '~/x/IMG.jpg', 'Photo.jpg')`)
    expect(attachments.map((record) => record.name)).toEqual(['IMG.jpg', null, null, 'Photo.jpg'])
  })

  test.each([
    [1, 0o100644, null],
    [2, 0o040755, 'is-directory'],
    [4, 0o120755, 'invalid-path'],
    [0, 0o100644, null],
    [0, 0o040755, 'is-directory'],
    [0, 0o120755, 'invalid-path'],
    [0, null, null],
  ])('that the manifest lists with flags %o and mode %o has the reason %s', async (flags, mode, reason) => {
    await addBlob('Library/SMS/Attachments/1', 'content', flags, mode)
    const [attachment] = await readAttachments(
      `${tables} INSERT INTO attachment (guid, filename) VALUES ('x', '~/Library/SMS/Attachments/1')`,
    )
    expect(attachment?.unavailable).toBe(reason)
  })

  test('that went away after it was read ends its content with an error', async () => {
    const blob = await addBlob('Library/SMS/Attachments/1', 'content')
    const [attachment] = await readAttachments(
      `${tables} INSERT INTO attachment (guid, filename) VALUES ('x', '~/Library/SMS/Attachments/1')`,
    )
    if (attachment === undefined) throw new Error('no attachment')
    await rm(blob)
    await expect(contentOf(attachment)).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
  })

  async function contentOf(record: AttachmentRecord): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of backup?.content(record, signal) ?? []) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }

  async function addBlob(
    relativePath: string,
    content: string,
    flags = 1,
    mode: number | null = 0o100644,
  ): Promise<string> {
    const blob = blobPath(path, { domain: 'MediaDomain', relativePath })
    const id = blob.slice(-40)
    await mkdir(join(blob, '..'), { recursive: true })
    await writeFile(blob, content)
    const file =
      mode === null ? null : buildBinary({ $top: { root: { UID: 1 } }, $objects: ['$null', { Mode: mode }] })
    const db = openTestSqlite(join(path, 'Manifest.db'), { readonly: false })
    db.prepare('INSERT INTO Files VALUES (?, ?, ?, ?, ?)').run(id, 'MediaDomain', relativePath, flags, file)
    db.close()
    return blob
  }
})
