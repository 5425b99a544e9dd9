import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContactPoint, ImportRecord, OpenBackup } from '@holdfast/core/import'
import { sampleContact, samplePoint } from '@holdfast/core/testing'
import { parse } from 'plist'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type BackupFile,
  blobPath,
  contactImagesFile,
  contactsFile,
  makeSyntheticBackup,
  messagesFile,
  openTestSqlite,
  removeBlob,
  removeFile,
  tearDatabase,
} from '../../testing/index.js'
import { contacts, iosBackup } from '../index.js'

const { signal } = new AbortController()
let folder: string
/** A backup whose address book each test makes by hand. */
let path: string
let backup: OpenBackup | null = null

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-odd-contacts-'))
})

beforeEach(async () => {
  const into = await mkdtemp(join(folder, 'test-'))
  path = (await makeSyntheticBackup({ into, seed: 'odd', messages: 1, attachments: 0, contacts: 0 })).path
})

afterEach(async () => {
  await backup?.close()
  backup = null
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function replace(file: BackupFile, sql: string): Promise<void> {
  const blob = blobPath(path, file)
  await rm(blob, { force: true })
  const db = openTestSqlite(blob, { readonly: false })
  db.exec(sql)
  db.close()
}

async function open(): Promise<OpenBackup> {
  backup = await iosBackup({ openSqlite: openTestSqlite, parts: [contacts()] }).open(path, { signal })
  return backup
}

/** Makes the address book, opens the backup and reads all records. */
async function read(sql: string, batchSize = 100): Promise<ImportRecord[]> {
  await replace(contactsFile, sql)
  const records: ImportRecord[] = []
  const opened = await open()
  for await (const batch of opened.read({ after: null, batchSize, signal })) records.push(...batch.records)
  const { contacts: persons, attachments } = await opened.totals()
  expect(persons + attachments).toBe(records.length)
  expect(new Set(records.map((record) => `${record.type} ${record.key}`)).size).toBe(records.length)
  return records
}

describe('a contact', () => {
  test('of a table with nothing but names is a contact without anything else', async () => {
    expect(
      await read(
        "CREATE TABLE ABPerson (First TEXT, Birthday TEXT); INSERT INTO ABPerson VALUES ('Ada', 'soon'), (x'00', NULL)",
      ),
    ).toEqual([
      sampleContact('person-1', {
        displayName: 'Ada',
        firstName: 'Ada',
        lastName: null,
        birthday: null,
        createdAt: null,
        points: [],
      }),
      expect.objectContaining({ type: 'unreadable', key: 'contact:ABPerson:2', of: 'contact' }),
    ])
  })

  test('that shares its guid with an earlier one goes by its row', async () => {
    const records = await read(
      "CREATE TABLE ABPerson (guid TEXT); INSERT INTO ABPerson VALUES ('x'), (''), ('x'), (NULL), ('')",
    )
    expect(records.map(({ key }) => key)).toEqual(['x', 'person-2', 'person-3', 'person-4', 'person-5'])
  })

  test('whose guid is what an earlier one goes by without a guid goes by its row', async () => {
    const records = await read(
      "CREATE TABLE ABPerson (guid TEXT); INSERT INTO ABPerson VALUES (NULL), ('person-1')",
    )
    expect(records.map(({ key }) => key)).toEqual(['person-1', 'person-2'])
  })

  test('has its points in their own order, each kind by its number, addresses put together from what is there', async () => {
    const records =
      await read(`CREATE TABLE ABPerson (First TEXT); INSERT INTO ABPerson VALUES (NULL), ('Ada');
      CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, label INTEGER, value TEXT);
      CREATE TABLE ABMultiValueLabel (value TEXT); INSERT INTO ABMultiValueLabel VALUES ('_$!<Mobile>!$_'), ('Ferienhaus');
      CREATE TABLE ABMultiValueEntryKey (value TEXT); INSERT INTO ABMultiValueEntryKey VALUES ('Country'), ('Street'), ('City'), ('CountryCode');
      CREATE TABLE ABMultiValueEntry (parent_id INTEGER, key INTEGER, value TEXT);
      INSERT INTO ABMultiValueEntry VALUES (7, 1, 'Danmark'), (7, 2, 'Kaj 1'), (7, 3, ''), (7, 4, 'dk');
      INSERT INTO ABMultiValue VALUES (9, 2, 99, NULL, 'last'), (3, 2, 4, 2, 'Ada@example.org'), (5, 1, 3, 1, '+1'), (7, 2, 5, 77, NULL),
        (8, 2, 3, 1, NULL), (10, 2, 3, 1, x'00'), (11, NULL, 3, 1, '+2'), (12, 2, 99, NULL, x'00'), (13, 2, 12, NULL, 'in May')`)
    const address = { street: 'Kaj 1', city: null, state: null, postalCode: null }
    expect(records.slice(0, 2)).toMatchObject([
      { displayName: '+1', points: [samplePoint('phone', '+1', { label: 'Mobile', handle: '+1' })] },
      {
        displayName: 'Ada',
        points: [
          samplePoint('email', 'Ada@example.org', { label: 'Ferienhaus', handle: 'ada@example.org' }),
          samplePoint('address', 'Kaj 1, Danmark', {
            address: { ...address, country: 'Danmark', countryCode: 'dk' },
          }),
          samplePoint('other', 'last'),
          samplePoint('date', 'in May'),
        ],
      },
    ])
    // Bytes in a value that is read are told; in one that is not they are nobody’s loss.
    expect(records.slice(2)).toMatchObject([{ type: 'unreadable', of: 'contact', row: '10' }])
  })
})

describe('a number without a country is of the phone’s own', () => {
  const book = `CREATE TABLE ABPerson (First TEXT); INSERT INTO ABPerson VALUES ('Ada');
    CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, value TEXT);
    INSERT INTO ABMultiValue VALUES (1, 1, 3, '030 123456'), (2, 1, 3, '(212) 555-0123')`
  const handles = async () => {
    const [contact] = await read(book)
    return contact?.type === 'contact' ? contact.points.map(({ handle }: ContactPoint) => handle) : []
  }

  test('as its own number says', async () => {
    expect(await handles()).toEqual(['030123456', '+12125550123'])
  })

  test('or else as most handles of its messages say', async () => {
    await forgetOwnNumber()
    await replace(
      messagesFile,
      `CREATE TABLE handle (id TEXT, country TEXT);
      INSERT INTO handle VALUES ('a', 'de'), ('b', 'DE'), ('c', 'us'), ('d', NULL), ('e', x'00'), ('f', x'00'), ('g', x'00')`,
    )
    expect(await handles()).toEqual(['+4930123456', '+492125550123'])
  })

  test('and stays as it is where neither says, or the messages are torn', async () => {
    await forgetOwnNumber()
    await tearDatabase(path, 'noise')
    expect(await handles()).toEqual(['030123456', '2125550123'])
  })

  async function forgetOwnNumber(): Promise<void> {
    const info = join(path, 'Info.plist')
    const text = await readFile(info, 'utf8')
    const without = text.replace(/<key>Phone Number<\/key>\s*<string>[^<]*<\/string>/, '')
    expect(without).not.toBe(text)
    expect(parse(without)).not.toHaveProperty('Phone Number')
    await writeFile(info, without)
  }
})

describe('the images of contacts', () => {
  const book = "CREATE TABLE ABPerson (guid TEXT); INSERT INTO ABPerson VALUES ('ada'), (NULL), ('bob')"
  const jpeg = "x'ffd8ffe000'"
  const sha256 = createHash('sha256').update(Buffer.from('ffd8ffe000', 'hex')).digest('hex')

  test('are attachments of their contacts, with the bytes of the database as their content', async () => {
    await replace(
      contactImagesFile,
      `CREATE TABLE ABFullSizeImage (record_id INTEGER, data BLOB); INSERT INTO ABFullSizeImage VALUES (1, ${jpeg}), (2, x'89504e470d0a1a0a');
      CREATE TABLE ABThumbnailImage (record_id INTEGER, format INTEGER, data BLOB); INSERT INTO ABThumbnailImage VALUES (1, 5, ${jpeg})`,
    )
    const images = (await read(book, 2)).filter((record) => record.type === 'attachment')
    expect(images).toMatchObject([
      {
        key: 'ada/photo@ada',
        parent: { type: 'contact', key: 'ada' },
        mimeType: 'image/jpeg',
        claimedBytes: 5,
      },
      { key: 'person-2/photo@person-2', mimeType: 'image/png', unavailable: null },
      { key: 'ada/thumbnail-5@ada', guid: 'ada/thumbnail-5', mimeType: 'image/jpeg' },
    ])
    const [photo] = images
    if (photo === undefined) throw new Error('no photo')
    // As another process would: from nothing but the record.
    const record = JSON.parse(JSON.stringify(photo)) as typeof photo
    expect(await (await open()).digest(record, signal)).toEqual({ sha256, bytes: 5 })
  })

  test('that are odd are told one by one, and the others come', async () => {
    await replace(
      contactImagesFile,
      `CREATE TABLE ABFullSizeImage (record_id INTEGER, data BLOB);
      INSERT INTO ABFullSizeImage VALUES (1, ${jpeg}), (1, x'00'), (77, ${jpeg}), (3, NULL), (3, 'text'), (NULL, ${jpeg}), ('x', ${jpeg})`,
    )
    const images = (await read(book, 2)).slice(3)
    expect(images).toMatchObject([
      { key: 'ada/photo@ada', unavailable: null },
      { key: 'ada/photo#2@ada', mimeType: null, unavailable: null },
      // Of a contact that was deleted.
      { key: 'person-77/photo@', parent: null, unavailable: null },
      { key: 'bob/photo@bob', unavailable: 'no-path', claimedBytes: 0 },
      { type: 'unreadable', key: 'attachment:ABFullSizeImage:5' },
      { type: 'unreadable', key: 'attachment:ABFullSizeImage:6' },
      { type: 'unreadable', key: 'attachment:ABFullSizeImage:7' },
    ])
    const opened = await open()
    for (const image of images) {
      if (image.type !== 'attachment') continue
      const content = opened.digest(image, signal)
      if (image.unavailable === null) expect((await content).bytes).toBe(image.claimedBytes)
      else await expect(content).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
    }
  })

  test('are absent where the backup has none, and missing where it lists them', async () => {
    const state = async () => (await open()).source.parts.find(({ part }) => part === 'contact-images')?.state
    await replace(contactImagesFile, 'CREATE TABLE other (x)')
    expect(await state()).toBe('absent')
    await backup?.close()
    await removeBlob(path, contactImagesFile)
    expect(await state()).toBe('blob-missing')
    await backup?.close()
    await replace(contactImagesFile, 'CREATE TABLE other (x)')
    await removeFile(path, contactImagesFile)
    expect(await state()).toBe('absent')
  })

  test.each(['cut', 'noise'] as const)('in a database that is %s are an error, not none', async (how) => {
    await tearDatabase(path, how, contactImagesFile)
    await expect(open()).rejects.toMatchObject({ code: 'CONTACTS_DAMAGED' })
  })
})
