import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  AttachmentRecord,
  CallRecord,
  ChatRecord,
  ImportRecord,
  MessageRecord,
  OpenBackup,
} from '@holdfast/core/import'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type BackupFile,
  blobPath,
  callsFile,
  makeSyntheticBackup,
  openTestSqlite,
  removeBlob,
  removeFile,
  type SyntheticBackup,
  tearDatabase,
  voicemailFile,
  whatsAppDomains,
  whatsAppFile,
} from '../testing/index.js'
import { type BackupPart, calls, iosBackup, voicemail, whatsapp } from './index.js'

const { signal } = new AbortController()
let folder: string
/** A backup whose databases each test makes by hand. */
let path: string
let backup: OpenBackup | null = null

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-odd-parts-'))
})

beforeEach(async () => {
  path = (await make()).path
})

afterEach(async () => {
  await backup?.close()
  backup = null
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function make(): Promise<SyntheticBackup> {
  return makeSyntheticBackup({
    into: await mkdtemp(join(folder, 'test-')),
    seed: 'odd parts',
    messages: 1,
    attachments: 0,
    contacts: 0,
    calls: 30,
    voicemails: 30,
    whatsApp: [{ messages: 200 }, { app: 'WhatsApp Business', messages: 50 }],
  })
}

/** Makes a database of nothing but this SQL in the place of another. */
async function replace(file: BackupFile, sql: string): Promise<void> {
  await rm(blobPath(path, file), { force: true })
  change(file, sql)
}

function change(file: BackupFile, sql: string): void {
  const db = openTestSqlite(blobPath(path, file), { readonly: false })
  db.exec(sql)
  db.close()
}

/** Opens the backup with one part and reads all records. */
async function read(part: BackupPart, batchSize = 7): Promise<ImportRecord[]> {
  backup = await iosBackup({ openSqlite: openTestSqlite, parts: [part] }).open(path, { signal })
  const records: ImportRecord[] = []
  for await (const batch of backup.read({ after: null, batchSize, signal })) records.push(...batch.records)
  const totals = Object.values(await backup.totals()).reduce((sum, count) => sum + count, 0)
  expect(totals).toBe(records.length)
  expect(new Set(records.map((record) => `${record.type} ${record.key}`)).size).toBe(records.length)
  return records
}

const databases = [
  ['calls', calls(), callsFile, 'CALLS_DAMAGED', 'ZCALLRECORD'],
  ['voicemail', voicemail(), voicemailFile, 'VOICEMAIL_DAMAGED', 'voicemail'],
  ['WhatsApp', whatsapp({ apps: ['WhatsApp'] }), whatsAppFile(), 'WHATSAPP_DAMAGED', 'ZWAMESSAGE'],
] as const

describe.each(databases)('the database of %s', (_name, part, file, damaged) => {
  test('is absent where the manifest does not list it, and gives nothing', async () => {
    await removeFile(path, file)
    expect(await read(part)).toEqual([])
    expect(backup?.source.parts).toEqual([
      { part: part.name, state: 'absent', detail: expect.stringContaining(basename(file)) },
    ])
  })

  test('is told as missing where the manifest lists it and the disk does not hold it', async () => {
    await removeBlob(path, file)
    expect(await read(part)).toEqual([])
    expect(backup?.source.parts).toEqual([
      { part: part.name, state: 'blob-missing', detail: expect.stringContaining(basename(file)) },
    ])
  })

  test.each(['cut', 'zeroed', 'noise'] as const)(
    'is an error when it is torn (%s), never nothing',
    async (how) => {
      await tearDatabase(path, how, file)
      await expect(read(part)).rejects.toMatchObject({
        code: damaged,
        retryable: false,
        facts: { file: expect.stringContaining(basename(file)) },
      })
    },
  )

  test('is an error when its table is a view, which could say anything', async () => {
    await replace(
      file,
      'CREATE VIEW ZCALLRECORD AS SELECT 1; CREATE VIEW voicemail AS SELECT 1; CREATE VIEW ZWAMESSAGE AS SELECT 1',
    )
    await expect(read(part)).rejects.toMatchObject({ code: damaged })
  })

  test('without its table is absent, or for WhatsApp an error: no app has conversations and no messages', async () => {
    await replace(file, 'CREATE TABLE ZWACHATSESSION (ZCONTACTJID VARCHAR)')
    if (part.name === 'whatsapp') {
      await expect(read(part)).rejects.toMatchObject({ code: damaged })
      return
    }
    expect(await read(part)).toEqual([])
    expect(backup?.source.parts).toEqual([
      { part: part.name, state: 'absent', detail: expect.stringContaining('has no table') },
    ])
  })

  test('is read from a copy when it is in write-ahead mode, and nothing is left beside it', async () => {
    const before = await read(part)
    await backup?.close()
    change(file, 'PRAGMA journal_mode = WAL')
    expect(await read(part)).toEqual(before)
    for (const suffix of ['-wal', '-shm']) expect(existsSync(`${blobPath(path, file)}${suffix}`)).toBe(false)
  })
})

describe('a call', () => {
  const readCalls = async (sql: string) => {
    await replace(callsFile, sql)
    return (await read(calls())).filter((record): record is CallRecord => record.type === 'call')
  }
  const callTable =
    'CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, ZORIGINATED INTEGER, ZADDRESS VARCHAR);'

  test('of a table with few columns is a call of which little is known', async () => {
    expect(await readCalls(`${callTable} INSERT INTO ZCALLRECORD VALUES (3, 1, '+15551234567')`)).toEqual([
      {
        type: 'call',
        key: 'call-3',
        id: 'call-3',
        startedAt: null,
        durationMs: null,
        direction: 'outgoing',
        isAnswered: false,
        medium: 'other',
        service: null,
        handles: ['+15551234567'],
      },
    ])
  })

  test('that does not say who called, or whose address is no text, is unreadable, and the next one follows', async () => {
    await replace(
      callsFile,
      `${callTable} INSERT INTO ZCALLRECORD VALUES (1, NULL, 'a'), (2, 0, x'ff'), (3, 0, 'c')`,
    )
    expect((await read(calls(), 1)).map(({ type, key }) => `${type} ${key}`)).toEqual([
      'unreadable call:ZCALLRECORD:1',
      'unreadable call:ZCALLRECORD:2',
      'call call-3',
    ])
  })

  test.each([
    ['Z_2REMOTEPARTICIPANTHANDLES', 'Z_2REMOTEPARTICIPANTCALLS', 'Z_4REMOTEPARTICIPANTHANDLES'],
    ['Z_11REMOTEPARTICIPANTHANDLES', 'Z_11REMOTEPARTICIPANTCALLS1', 'Z_3REMOTEPARTICIPANTHANDLES1'],
    ['Z_2REMOTEPARTICIPANTHANDLES', 'Z_2CALLRECORDS', 'Z_4REMOTEPARTICIPANTHANDLES'],
  ])('has its participants from %s (%s, %s)', async (table, call, handle) => {
    const [first, second] = await readCalls(`${callTable}
      INSERT INTO ZCALLRECORD VALUES (1, 0, 'x'), (2, 0, 'y');
      CREATE TABLE ZHANDLE (Z_PK INTEGER PRIMARY KEY, ZVALUE VARCHAR, ZNORMALIZEDVALUE VARCHAR);
      INSERT INTO ZHANDLE VALUES (1, 'one', NULL), (2, NULL, 'two'), (3, 'one', NULL), (4, NULL, NULL);
      CREATE TABLE ${table} (${call} INTEGER, ${handle} INTEGER);
      INSERT INTO ${table} VALUES (1, 2), (1, 1), (1, 3), (1, 4), (1, 99), (1, 2), (77, 1)`)
    expect(first?.handles).toEqual(['one', 'two'])
    expect(second?.handles).toEqual(['y'])
  })
})

describe('a number without a country', () => {
  test('is of the phone’s own in a call of the phone, and joins the one that is written in full', async () => {
    await replace(
      callsFile,
      `CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, ZORIGINATED INTEGER, ZADDRESS VARCHAR, ZCALLTYPE INTEGER);
      INSERT INTO ZCALLRECORD VALUES (1, 0, '(555) 234-5678', 1), (2, 0, '0044 7700 900123', 8), (3, 0, '+44 7700 900123', 16),
        (4, 1, '*#06#', 1), (5, 0, '50123', 1), (6, 0, 'Ada@Example.org', 8), (7, 0, '5552345678', 0), (8, 0, 'x', 1);
      CREATE TABLE ZHANDLE (Z_PK INTEGER PRIMARY KEY, ZVALUE VARCHAR);
      INSERT INTO ZHANDLE VALUES (1, '555 234 5678'), (2, '+15552345678');
      CREATE TABLE Z_2REMOTEPARTICIPANTHANDLES (Z_2REMOTEPARTICIPANTCALLS INTEGER, Z_4REMOTEPARTICIPANTHANDLES INTEGER);
      INSERT INTO Z_2REMOTEPARTICIPANTHANDLES VALUES (8, 1), (8, 2)`,
    )
    const found = (await read(calls())).filter((record): record is CallRecord => record.type === 'call')
    expect(found.map(({ handles }) => handles)).toEqual([
      ['+15552345678'],
      // Dialled from Europe; from the phone's own country it would be 011 44.
      ['00447700900123'],
      ['+447700900123'],
      ['*#06#'],
      ['50123'],
      ['ada@example.org'],
      // Of another app, whose number it may be.
      ['5552345678'],
      ['+15552345678'],
    ])
  })

  test('is of the phone’s own in a voicemail', async () => {
    await replace(
      voicemailFile,
      `CREATE TABLE voicemail (ROWID INTEGER PRIMARY KEY, sender TEXT, callback_num TEXT);
        INSERT INTO voicemail VALUES (1, '5552345678', '(555) 234-5678'), (2, '+447700900123', NULL), (3, NULL, '50123')`,
    )
    expect((await read(voicemail())).filter(({ type }) => type === 'voicemail')).toMatchObject([
      { sender: '+15552345678', callbackNumber: '+15552345678' },
      { sender: '+447700900123', callbackNumber: null },
      { sender: null, callbackNumber: '50123' },
    ])
  })
})

test('the first page of a table that an empty page has taken the place of is damage of calls, and is told of their participants', async () => {
  const into = await mkdtemp(join(folder, 'test-'))
  path = (await makeSyntheticBackup({ into, seed: 'pages', messages: 1, attachments: 0, calls: 400 })).path
  const blob = blobPath(path, callsFile)
  const whole = await readFile(blob)
  const size = whole.readUInt16BE(16)
  const db = openTestSqlite(blob, { readonly: true })
  const roots = db.prepare('SELECT name, rootpage FROM sqlite_master').all() as {
    name: string
    rootpage: number
  }[]
  db.close()
  const rootOf = (table: string): number =>
    ((roots.find(({ name }) => name === table)?.rootpage ?? Number.NaN) - 1) * size
  const empty = rootOf('Z_METADATA')
  const emptied = (table: string): Promise<void> => {
    const damaged = Buffer.from(whole)
    damaged.set(whole.subarray(empty, empty + size), rootOf(table))
    return writeFile(blob, damaged)
  }

  await emptied('ZCALLRECORD')
  await expect(read(calls())).rejects.toMatchObject({
    code: 'CALLS_DAMAGED',
    message: expect.stringContaining('pages belong to no table'),
  })
  await emptied('ZHANDLE')
  expect(await read(calls())).toHaveLength(400)
  expect(backup?.source.remarks).toContainEqual(expect.stringContaining('rows may be missing'))
})

describe('a voicemail', () => {
  test('that an index lists and its table has not any more is damage, never nothing', async () => {
    const file = blobPath(path, voicemailFile)
    const db = openTestSqlite(file, { readonly: true })
    const root = (name: string): number => {
      const columns: Record<string, unknown> = Object(
        db.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(name),
      )
      return Number(columns['rootpage'])
    }
    const [voicemails, empty] = [root('voicemail'), root('map')]
    db.close()
    // An empty page of another table lies where the rows were.
    const bytes = await readFile(file)
    bytes.copyWithin((voicemails - 1) * 4096, (empty - 1) * 4096, empty * 4096)
    await writeFile(file, bytes)
    await expect(read(voicemail())).rejects.toMatchObject({
      code: 'VOICEMAIL_DAMAGED',
      message: expect.stringContaining('has 0 rows, and an index of it lists 30'),
    })
  })

  test('has its times from two clocks', async () => {
    await replace(
      voicemailFile,
      `CREATE TABLE voicemail (ROWID INTEGER PRIMARY KEY, date INTEGER, trashed_date INTEGER, duration INTEGER);
        INSERT INTO voicemail VALUES (1, 1700000000, 721692800, 7)`,
    )
    const record = (await read(voicemail())).find(({ type }) => type === 'voicemail')
    expect(record).toEqual({
      type: 'voicemail',
      key: 'voicemail-1',
      id: 'voicemail-1',
      sender: null,
      callbackNumber: null,
      receivedAt: 1_700_000_000_000,
      durationMs: 7000,
      trashedAt: 1_700_000_000_000,
      isRead: null,
    })
  })
})

describe('WhatsApp', () => {
  const whatsAppTables = `CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR, ZPARTNERNAME VARCHAR);
    CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER, ZMEMBERJID VARCHAR);
    CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER, ZSTANZAID VARCHAR, ZISFROMME INTEGER,
      ZMESSAGETYPE INTEGER, ZMESSAGEDATE TIMESTAMP, ZFROMJID VARCHAR, ZGROUPMEMBER INTEGER, ZMEDIAITEM INTEGER, ZTEXT VARCHAR);
    CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, ZMESSAGE INTEGER, ZMEDIALOCALPATH VARCHAR, ZTITLE VARCHAR,
      ZVCARDSTRING VARCHAR, ZFILESIZE INTEGER, ZMETADATA BLOB);`
  const readAll = async (sql: string) => {
    await replace(whatsAppFile(), `${whatsAppTables} ${sql}`)
    return read(whatsapp({ apps: ['WhatsApp'] }))
  }
  const readMessages = async (sql: string) =>
    (await readAll(sql)).filter((record): record is MessageRecord => record.type === 'message')

  test('with nothing but messages gives messages, and says what it lacks', async () => {
    await replace(
      whatsAppFile(),
      "CREATE TABLE ZWAMESSAGE (ZTEXT VARCHAR); INSERT INTO ZWAMESSAGE VALUES ('Hi')",
    )
    expect(await read(whatsapp())).toContainEqual(
      expect.objectContaining({ guid: 'whatsapp::#1', chatGuid: null, text: 'Hi', kind: 'message' }),
    )
    expect(backup?.source.remarks.join(' ')).toMatch(/no table of conversations.*no table of media/)
  })

  test('keeps messages of one stanza id apart, and in each conversation of its own', async () => {
    const found =
      await readMessages(`INSERT INTO ZWACHATSESSION VALUES (1, '4915112345678@s.whatsapp.net', 'A'), (2, '1@g.us', 'B');
      INSERT INTO ZWAMESSAGE (Z_PK, ZCHATSESSION, ZSTANZAID) VALUES (1, 1, 'X'), (2, 2, 'X'), (3, 1, 'X'), (4, 1, NULL),
        (5, NULL, 'X'), (6, 99, 'X'), (7, 1, ''), (8, 1, 'a:b'), (9, 1, '#1')`)
    expect(found.map(({ guid }) => guid)).toEqual([
      'whatsapp:4915112345678@s.whatsapp.net:X',
      'whatsapp:1@g.us:X',
      'whatsapp:4915112345678@s.whatsapp.net:#3',
      'whatsapp:4915112345678@s.whatsapp.net:#4',
      'whatsapp::#5',
      'whatsapp::#6',
      'whatsapp:4915112345678@s.whatsapp.net:#7',
      'whatsapp:4915112345678@s.whatsapp.net:#8',
      'whatsapp:4915112345678@s.whatsapp.net:#9',
    ])
  })

  test('tells phone numbers as handles, with a plus and without the number of a device', async () => {
    const found = await readMessages(`INSERT INTO ZWACHATSESSION VALUES (1, '1@g.us', 'B');
      INSERT INTO ZWAGROUPMEMBER VALUES (1, 1, '4915112345678@s.whatsapp.net');
      INSERT INTO ZWAMESSAGE (Z_PK, ZCHATSESSION, ZSTANZAID, ZFROMJID, ZGROUPMEMBER, ZISFROMME) VALUES
        (1, 1, 'A', '1@g.us', 1, 0), (2, 1, 'B', '15551234567:12@s.whatsapp.net', NULL, 0), (3, 1, 'C', '1@g.us', NULL, 0),
        (4, 1, 'D', '77.1:3@lid', NULL, 0), (5, 1, 'E', '0@s.whatsapp.net', NULL, 0), (6, 1, 'F', 'x', 1, 1)`)
    expect(found.map(({ sender }) => sender)).toEqual([
      '+4915112345678',
      '+15551234567',
      null,
      '77@lid',
      '0@s.whatsapp.net',
      null,
    ])
  })

  test.each([
    'Media/../../../../etc/passwd',
    '../ChatStorage.sqlite',
    '/../../x',
    'Media/./x',
    'Media//x',
    '..',
    'Media/x\0',
  ])('never looks for a file outside of its folder: %s', async (localPath) => {
    const written = `'${localPath.replace('\0', "' || char(0) || '")}'`
    const files = (
      await readAll(`INSERT INTO ZWAMESSAGE (Z_PK, ZMESSAGETYPE) VALUES (1, 1);
        INSERT INTO ZWAMEDIAITEM (Z_PK, ZMESSAGE, ZMEDIALOCALPATH) VALUES (1, 1, ${written})`)
    ).filter((record): record is AttachmentRecord => record.type === 'attachment')
    expect(files).toEqual([expect.objectContaining({ unavailable: 'invalid-path' })])
    for (const file of files) {
      await expect(backup?.digest(file, signal)).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
    }
  })

  test('gives no content for a record that it never made', async () => {
    const file = (
      await readAll(`INSERT INTO ZWAMESSAGE (Z_PK, ZMESSAGETYPE) VALUES (1, 1);
        INSERT INTO ZWAMEDIAITEM (Z_PK, ZMESSAGE) VALUES (1, 1)`)
    ).find((record): record is AttachmentRecord => record.type === 'attachment')
    if (file === undefined) throw new Error('There is no file')
    for (const guid of ['whatsapp::media#77', 'whatsapp:nobody:X:media', 'whatsapp:', 'whatsapp::#9:media']) {
      await expect(backup?.digest({ ...file, guid }, signal)).rejects.toMatchObject({
        code: 'BACKUP_UNREADABLE',
      })
    }
  })

  test.each([
    ['nothing', '', null],
    ['a stanza id', '2a0341424300', null],
    ['a stanza id alone', '2a03414243', 'ABC'],
    ['fields around it', '08ac02110000000000000000 1d00000000 2a03414243 320178', 'ABC'],
    ['a length beyond the end', '2aff414243', null],
    ['a length of 2^63', '2affffffffffffffff7f41', null],
    ['a number that never ends', '08ffffffffffffffffffffff01', null],
    ['a wire type that does not exist', '0b', null],
    ['an id that is no text', '2a02fffe', null],
  ])('takes the message that is answered from metadata with %s', async (_what, hex, quoted) => {
    const [record] = await readMessages(`INSERT INTO ZWACHATSESSION VALUES (1, '1@g.us', 'B');
      INSERT INTO ZWAMESSAGE (Z_PK, ZCHATSESSION, ZSTANZAID, ZMEDIAITEM, ZTEXT) VALUES (1, 1, 'A', 1, 'answer');
      INSERT INTO ZWAMEDIAITEM (Z_PK, ZMESSAGE, ZMETADATA) VALUES (1, 1, x'${hex.replaceAll(' ', '')}')`)
    expect(record).toMatchObject({
      text: 'answer',
      replyToGuid: quoted === null ? null : `whatsapp:1@g.us:${quoted}`,
    })
  })

  test('knows people by their number when any of its databases pairs it with their hidden id', async () => {
    const lids: BackupFile = { domain: whatsAppDomains.WhatsApp, relativePath: 'LID.sqlite' }
    await replace(
      lids,
      `CREATE TABLE ZWAPHONENUMBERLIDPAIR (ZLID VARCHAR, ZPHONENUMBER VARCHAR);
        INSERT INTO ZWAPHONENUMBERLIDPAIR VALUES ('1', '15550000001'), ('2@lid', '15550000002@s.whatsapp.net'), ('1', '15559999999'),
          ('3', 'nobody'), (x'ff', '15550000003'), (NULL, NULL)`,
    )
    const chats = (
      await readAll(
        "INSERT INTO ZWACHATSESSION VALUES (1, '1@lid', 'A'), (2, '2@lid', 'B'), (3, '3@lid', 'C'), (4, '4:1@lid', 'D')",
      )
    ).filter((record): record is ChatRecord => record.type === 'chat')
    expect(chats.map(({ members }) => members[0])).toEqual(['+15550000001', '+15550000002', '3@lid', '4@lid'])
    // The guid stays by the address that WhatsApp files the conversation under.
    expect(chats[0]?.guid).toBe('whatsapp:1@lid')
  })

  test('tells a torn list of hidden ids as damage, and one that is not on disk in a remark', async () => {
    const lids: BackupFile = { domain: whatsAppDomains.WhatsApp, relativePath: 'LID.sqlite' }
    await tearDatabase(path, 'noise', lids)
    await expect(read(whatsapp())).rejects.toMatchObject({
      code: 'WHATSAPP_DAMAGED',
      facts: { file: 'LID.sqlite of WhatsApp' },
    })
    await removeBlob(path, lids)
    expect((await read(whatsapp())).length).toBeGreaterThan(200)
    expect(backup?.source.remarks.join(' ')).toMatch(/LID\.sqlite of WhatsApp is listed but not on disk/)
  })

  test('is read from copies of all its databases when they are in write-ahead mode, though two have one name', async () => {
    const before = await read(whatsapp())
    await backup?.close()
    for (const app of ['WhatsApp', 'WhatsApp Business'] as const) {
      for (const relativePath of ['ChatStorage.sqlite', 'LID.sqlite', 'ContactsV2.sqlite']) {
        change({ domain: whatsAppDomains[app], relativePath }, 'PRAGMA journal_mode = WAL')
      }
    }
    expect(await read(whatsapp())).toEqual(before)
  })

  test('reads the app that the host chooses, and refuses one that there is not', async () => {
    const both = await read(whatsapp())
    const business = await read(whatsapp({ apps: ['WhatsApp Business'] }))
    expect(both.slice(-business.length)).toEqual(business)
    expect(business.every(({ key }) => key.includes('whatsapp-business'))).toBe(true)
    // @ts-expect-error There is no such app.
    expect(() => whatsapp({ apps: ['WhatsUp'] })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    // @ts-expect-error A misspelling.
    expect(() => whatsapp({ app: ['WhatsApp'] })).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }))
  })
})

const realBackup = '../shared/data/ios14-backup'

test.skipIf(!existsSync(realBackup))(
  'WhatsApp in a real phone’s backup, whose database has few columns (skipped without ../shared/data)',
  async () => {
    path = realBackup
    const parts = [calls(), voicemail(), whatsapp()]
    const scratch = join(folder, 'scratch')
    backup = await iosBackup({ openSqlite: openTestSqlite, parts, scratch }).open(path, { signal })
    expect(backup.source.parts).toEqual([
      { part: 'calls', state: 'blob-missing', detail: expect.stringContaining('CallHistory.storedata') },
      { part: 'voicemail', state: 'blob-missing', detail: expect.stringContaining('voicemail.db') },
      { part: 'whatsapp', state: 'present', detail: null },
    ])
    const records: ImportRecord[] = []
    for await (const batch of backup.read({ after: null, batchSize: 2, signal }))
      records.push(...batch.records)
    expect(records).toEqual([
      expect.objectContaining({
        type: 'chat',
        guid: 'whatsapp:100000000000001@lid',
        // Its LID.sqlite is not in the manifest; ContactsV2.sqlite knows the number, as bytes.
        identifier: '+14155550100',
        displayName: 'Alice Example',
        isGroup: false,
        members: ['+14155550100'],
      }),
      expect.objectContaining({
        type: 'chat',
        guid: 'whatsapp:120000000000000001@g.us',
        displayName: 'Example Group',
        isGroup: true,
        members: [],
      }),
      expect.objectContaining({
        type: 'message',
        guid: 'whatsapp:100000000000001@lid:#1',
        sender: '+14155550100',
        isFromMe: false,
        sentAt: Date.UTC(2001, 0, 1) + 778_000_000_000,
        text: 'Hi',
      }),
      expect.objectContaining({ sender: null, isFromMe: true, text: 'Check https://example.org/news' }),
      expect.objectContaining({
        chatGuid: 'whatsapp:120000000000000001@g.us',
        sender: '+14155550101',
        text: 'Welcome',
        service: 'WhatsApp',
      }),
    ])
  },
)

function basename({ relativePath }: BackupFile): string {
  return relativePath.split('/').at(-1) ?? ''
}
