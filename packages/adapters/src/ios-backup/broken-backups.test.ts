import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { buildBinary, type PlistValue, parseBinary } from 'plist'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  addSnapshotFolder,
  blobPath,
  contactsFile,
  emptyManifestPlist,
  makeSyntheticBackup,
  markEncrypted,
  markUnfinished,
  messagesFile,
  openTestSqlite,
  overwriteManifest,
  removeBlob,
  removeFile,
  removeManifest,
  replaceBlobBySymlink,
  rewriteFileId,
  type SyntheticBackup,
  tearDatabase,
  truncateManifest,
} from '../testing/index.js'
import { iosBackup } from './index.js'

const { signal } = new AbortController()
const reader = iosBackup({ openSqlite: openTestSqlite })
let folder: string
let whole: SyntheticBackup
/** A fresh copy of the whole backup, for each test to break. */
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-broken-'))
  whole = await makeSyntheticBackup({
    into: join(folder, 'whole'),
    seed: 'broken',
    messages: 2000,
    attachments: 30,
  })
})

beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'test-')), whole.udid)
  await cp(whole.path, path, { recursive: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function refusal(of: string = path) {
  const backup = await reader.open(of, { signal }).catch((error: unknown) => error)
  if (!(backup instanceof Error)) throw new Error('The backup was opened')
  return backup
}

describe('where there is no backup', () => {
  test('a path without anything', async () => {
    expect(await refusal(join(folder, 'nothing'))).toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      retryable: false,
    })
  })

  test('a file is named as one', async () => {
    expect(await refusal(join(path, 'Manifest.db'))).toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      message: expect.stringContaining('file'),
    })
  })

  test('a folder of something else', async () => {
    expect(await refusal(await mkdtemp(join(folder, 'other-')))).toMatchObject({
      code: 'BACKUP_INVALID',
      hint: expect.stringContaining('Manifest.db'),
    })
  })

  test('the folder above: the backups in it are named', async () => {
    const parent = join(path, '..')
    await mkdir(join(parent, 'Documents'))
    expect(await refusal(parent)).toMatchObject({
      code: 'BACKUP_INVALID',
      hint: expect.stringContaining(basename(path)),
    })
  })
})

describe('an unfinished backup is torn', () => {
  test('when Status.plist says so', async () => {
    await markUnfinished(path)
    expect(await refusal()).toMatchObject({
      code: 'BACKUP_TORN',
      message: expect.stringContaining('uploading'),
    })
  })

  test('when a Snapshot folder is left', async () => {
    await addSnapshotFolder(path)
    expect(await refusal()).toMatchObject({ code: 'BACKUP_TORN' })
  })

  test('when Manifest.plist is empty', async () => {
    await emptyManifestPlist(path)
    expect(await refusal()).toMatchObject({ code: 'BACKUP_TORN' })
  })

  test('when Status.plist is empty', async () => {
    await truncate(join(path, 'Status.plist'))
    expect(await refusal()).toMatchObject({ code: 'BACKUP_TORN' })
  })

  test('but an empty Snapshot folder means nothing', async () => {
    await mkdir(join(path, 'Snapshot'))
    await expectReadable()
  })
})

describe('a backup whose own word is missing is read, and the lack is told', () => {
  test.each(['Status.plist', 'Manifest.plist', 'Info.plist'])('%s removed', async (name) => {
    await rm(join(path, name))
    const backup = await reader.open(path, { signal })
    expect(backup.source.remarks).toEqual([expect.stringContaining(`${name} is missing`)])
    expect(backup.source.wholeness).toBe(name === 'Status.plist' ? 'unconfirmed' : 'complete')
    expect(backup.source.udid).toBe(whole.udid)
    await backup.close()
  })

  test.each(['Status.plist', 'Info.plist'])('%s cut off', async (name) => {
    const bytes = await readFile(join(path, name))
    await truncate(join(path, name), Math.floor(bytes.length / 2))
    const backup = await reader.open(path, { signal })
    expect(backup.source.remarks).toEqual([expect.stringContaining(`${name} cannot be read`)])
    await backup.close()
  })

  test('Status.plist without a word on the snapshot', async () => {
    await writeFile(join(path, 'Status.plist'), buildBinary({ Version: '3.3' }))
    const backup = await reader.open(path, { signal })
    expect(backup.source.wholeness).toBe('unconfirmed')
    await backup.close()
  })

  test('a binary Info.plist is as good as one in XML', async () => {
    await writeFile(
      join(path, 'Info.plist'),
      buildBinary({ 'Device Name': 'Binary', 'Unique Identifier': 'A'.repeat(40) }),
    )
    await rm(join(path, 'Manifest.plist'))
    const backup = await reader.open(path, { signal })
    expect(backup.source).toMatchObject({ deviceName: 'Binary', udid: 'a'.repeat(40) })
    await backup.close()
  })
})

describe('a damaged manifest', () => {
  test('removed', async () => {
    await removeManifest(path)
    expect(await refusal()).toMatchObject({ code: 'MANIFEST_MISSING' })
  })

  test('truncated', async () => {
    await truncateManifest(path)
    expect(await refusal()).toMatchObject({ code: 'MANIFEST_DAMAGED', retryable: false })
  })

  test('empty', async () => {
    await truncate(join(path, 'Manifest.db'))
    expect(await refusal()).toMatchObject({ code: 'MANIFEST_DAMAGED' })
  })

  test('overwritten', async () => {
    await overwriteManifest(path)
    expect(await refusal()).toMatchObject({ code: 'MANIFEST_DAMAGED' })
  })

  test('overwritten, with Manifest.plist lost: that it may be encrypted is said', async () => {
    await overwriteManifest(path)
    await rm(join(path, 'Manifest.plist'))
    expect(await refusal()).toMatchObject({
      code: 'MANIFEST_DAMAGED',
      hint: expect.stringContaining('encrypted'),
    })
  })

  test.each(['DROP TABLE Files', 'ALTER TABLE Files RENAME COLUMN flags TO other'])(
    'after %s',
    async (sql) => {
      changeManifest(sql)
      expect(await refusal()).toMatchObject({ code: 'MANIFEST_DAMAGED' })
    },
  )

  test('a few bytes behind the last page, as decryption leaves them, are no damage', async () => {
    await writeFile(join(path, 'Manifest.db'), Buffer.alloc(16), { flag: 'a' })
    await expectReadable()
  })
})

describe('an encrypted backup is refused for its password', () => {
  test('with an encrypted manifest', async () => {
    await markEncrypted(path)
    expect(await refusal()).toMatchObject({
      code: 'BACKUP_ENCRYPTED',
      hint: expect.stringContaining('password'),
    })
  })

  test('and a keybag beside a message database that is noise does not make it encrypted: its row has no key', async () => {
    await changeManifestPlist({ BackupKeyBag: Buffer.from('VERS') })
    await tearDatabase(path, 'noise')
    expect(await refusal()).toMatchObject({ code: 'MESSAGES_DAMAGED' })
  })

  test('but a keybag in a plain backup means nothing: phones put one into every backup', async () => {
    await changeManifestPlist({ BackupKeyBag: Buffer.from('VERS') })
    const backup = await reader.open(path, { signal })
    expect(backup.source.encrypted).toBe(false)
    await backup.close()
  })
})

describe('a backup that names files outside of itself is unsafe', () => {
  const bad = [
    '../../../../etc/passwd',
    '/etc/passwd',
    '3D0D7E5FB2CE288813306E4D4636395E047A3D28',
    'a'.repeat(39),
    'a'.repeat(41),
    `${'a'.repeat(39)}g`,
    '',
    '..',
  ]
  test.each(bad)("a file id of '%s'", async (id) => {
    rewriteFileId(path, id, contactsFile)
    expect(await refusal()).toMatchObject({ code: 'BACKUP_UNSAFE', retryable: false })
  })

  test.each([
    "NULL, 'a'",
    "x'3d0d7e5fb2ce288813306e4d4636395e047a3d28', 'a'",
    "'" + 'a'.repeat(40) + "' || char(0) || '/x', 'a'",
  ])('a row of %s', async (values) => {
    changeManifest(`INSERT INTO Files (fileID, relativePath) VALUES (${values})`)
    expect(await refusal()).toMatchObject({ code: 'BACKUP_UNSAFE' })
  })

  test.each(['/etc/passwd', '../x', 'a/../../x', 'a/..', '..'])(
    "a relative path of '%s'",
    async (relativePath) => {
      changeManifest(
        `INSERT INTO Files VALUES ('${'0'.repeat(40)}', 'HomeDomain', '${relativePath}', 1, NULL)`,
      )
      expect(await refusal()).toMatchObject({ code: 'BACKUP_UNSAFE' })
    },
  )

  test.each(['a..b', '..a/b', 'a/.../b', 'a/b..'])(
    "but '%s' is a path like any other",
    async (relativePath) => {
      changeManifest(
        `INSERT INTO Files VALUES ('${'0'.repeat(40)}', 'HomeDomain', '${relativePath}', 1, NULL)`,
      )
      await expectReadable()
    },
  )

  test('a message database that is a link', async () => {
    await replaceBlobBySymlink(path, blobPath(whole.path, messagesFile))
    expect(await refusal()).toMatchObject({ code: 'BACKUP_UNSAFE' })
  })

  test('a folder of blobs that is a link', async () => {
    await rm(join(path, '3d'), { recursive: true })
    await symlink(join(whole.path, '3d'), join(path, '3d'))
    expect(await refusal()).toMatchObject({ code: 'BACKUP_UNSAFE' })
  })

  test('a manifest that is a link', async () => {
    await removeManifest(path)
    await symlink(join(whole.path, 'Manifest.db'), join(path, 'Manifest.db'))
    expect(await refusal()).toMatchObject({ code: 'BACKUP_UNSAFE' })
  })

  test('an attachment that is a link, when it is read', async () => {
    const record = whole.truth.attachments.find((each) => each.unavailable === null)
    if (record === undefined) throw new Error('no attachment')
    const blob = attachmentBlob(record.guid)
    await rm(blob)
    await symlink(join(whole.path, 'Info.plist'), blob)
    const backup = await reader.open(path, { signal })
    await expect(drain(backup.read({ after: null, batchSize: 500, signal }))).rejects.toMatchObject({
      code: 'BACKUP_UNSAFE',
    })
    await expect(backup.digest(record, signal)).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
    await backup.close()
  })
})

describe('messages', () => {
  test('not listed are missing', async () => {
    await removeFile(path, messagesFile)
    expect(await refusal()).toMatchObject({
      code: 'MESSAGES_MISSING',
      message: expect.stringContaining('lists no'),
    })
  })

  test('listed without a blob are missing, and that is said', async () => {
    await removeBlob(path)
    expect(await refusal()).toMatchObject({
      code: 'MESSAGES_MISSING',
      message: expect.stringContaining('not on disk'),
    })
  })

  test.each(['cut', 'zeroed', 'noise'] as const)(
    '%s are damaged, found before anything is read',
    async (how) => {
      await tearDatabase(path, how)
      expect(await refusal()).toMatchObject({ code: 'MESSAGES_DAMAGED', retryable: false })
    },
  )

  test('in an empty file are damaged, not "0 messages"', async () => {
    await truncate(blobPath(path, messagesFile))
    expect(await refusal()).toMatchObject({ code: 'MESSAGES_DAMAGED' })
  })

  test.each([
    'CREATE TABLE other (x)',
    'CREATE TABLE message (text)',
    'CREATE VIEW message AS SELECT 1 AS guid',
  ])('in a database that is only %s are damaged', async (sql) => {
    await rm(blobPath(path, messagesFile))
    changeMessages(sql)
    expect(await refusal()).toMatchObject({ code: 'MESSAGES_DAMAGED' })
  })

  test('damaged where no count looks end the reading with the same code, half-way', async () => {
    // The first page of a text that does not fit into its row: only reading that row goes there.
    changeMessages(`UPDATE message SET text = '${'x'.repeat(50_000)}', attributedBody = NULL
      WHERE ROWID = (SELECT ROWID FROM message ORDER BY ROWID LIMIT 1 OFFSET 1900); VACUUM`)
    const blob = blobPath(path, messagesFile)
    const bytes = await readFile(blob)
    const at = bytes.indexOf('x'.repeat(4000))
    const page = Math.floor(at / 4096)
    bytes.writeUInt32BE(0x7fffffff, (page + 1) * 4096)
    await writeFile(blob, bytes)
    const backup = await reader.open(path, { signal })
    let read = 0
    await expect(
      (async () => {
        for await (const batch of backup.read({ after: null, batchSize: 100, signal }))
          read += batch.records.length
      })(),
    ).rejects.toMatchObject({ code: 'MESSAGES_DAMAGED' })
    expect(read).toBeGreaterThan(1500)
    await backup.close()
  })
})

describe('contacts', () => {
  test('not listed are absent', async () => {
    await removeFile(path, contactsFile)
    await expectContacts('absent')
  })

  test('listed without a blob are told as such', async () => {
    await removeBlob(path, contactsFile)
    await expectContacts('blob-missing')
  })

  test('in a database without persons are absent', async () => {
    const blob = blobPath(path, contactsFile)
    await rm(blob)
    const db = openTestSqlite(blob, { readonly: false })
    db.exec('CREATE TABLE other (x)')
    db.close()
    await expectContacts('absent')
  })

  test.each(['cut', 'noise'] as const)('%s are damaged', async (how) => {
    await tearDatabase(path, how, contactsFile)
    expect(await refusal()).toMatchObject({ code: 'CONTACTS_DAMAGED' })
  })

  test('are read although a check of the whole database fails for its tokenizer', async () => {
    const db = openTestSqlite(blobPath(path, contactsFile), { readonly: true })
    expect(() => db.prepare('PRAGMA quick_check').all()).toThrow('ab_cf_tokenizer')
    db.close()
    const backup = await reader.open(path, { signal })
    expect((await backup.totals()).contacts).toBe(whole.counts.contacts)
    await backup.close()
  })

  async function expectContacts(state: string) {
    const backup = await reader.open(path, { signal })
    expect(backup.source.parts).toContainEqual({
      part: 'contacts',
      state,
      detail: expect.stringMatching(/\.$/),
    })
    expect((await backup.totals()).contacts).toBe(0)
    const records = await drain(backup.read({ after: null, batchSize: 500, signal }))
    expect(records.some((record) => record.type === 'contact')).toBe(false)
    await backup.close()
  }
})

test('a database that was changed after the phone had written it is remarked on', async () => {
  changeMessages('CREATE TABLE added (x)')
  const backup = await reader.open(path, { signal })
  expect(backup.source.remarks).toEqual([
    expect.stringContaining('sms.db is not the file that the phone wrote'),
  ])
  await backup.close()
})

test('blobs that were flattened into the root are found', async () => {
  const blob = blobPath(path, messagesFile)
  await cp(blob, join(path, basename(blob)))
  await rm(blob)
  await expectReadable()
})

async function expectReadable(): Promise<void> {
  const backup = await reader.open(path, { signal })
  expect(await backup.totals()).toEqual(whole.counts)
  await backup.close()
}

function changeManifest(sql: string): void {
  const db = openTestSqlite(join(path, 'Manifest.db'), { readonly: false })
  db.exec(sql)
  db.close()
}

function changeMessages(sql: string): void {
  const db = openTestSqlite(blobPath(path, messagesFile), { readonly: false })
  db.exec(sql)
  db.close()
}

async function changeManifestPlist(changes: Record<string, boolean | Uint8Array>): Promise<void> {
  const file = join(path, 'Manifest.plist')
  const dict = parseBinary(await readFile(file))
  await writeFile(file, buildBinary({ ...fieldsOf(dict), ...changes }))
}

function fieldsOf(value: PlistValue): Record<string, PlistValue> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no dictionary')
  return Object.fromEntries(Object.entries(value))
}

function attachmentBlob(guid: string): string {
  const db = openTestSqlite(blobPath(path, messagesFile), { readonly: true })
  const row = db.prepare('SELECT filename FROM attachment WHERE guid = ?').get(guid) as { filename: string }
  db.close()
  const relativePath = row.filename.replace(/^(~|\/var\/mobile)\//, '')
  return blobPath(path, { domain: 'MediaDomain', relativePath })
}

async function drain<Batch extends { readonly records: readonly unknown[] }>(
  batches: AsyncIterable<Batch>,
): Promise<Batch['records'][number][]> {
  const records: Batch['records'][number][] = []
  for await (const batch of batches) records.push(...batch.records)
  return records
}
