import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { AttachmentRecord, Cursor, ImportRecord, OpenBackup } from '@holdfast/core/import'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { blobPath, fileId, makeSyntheticBackup, messagesFile, openTestSqlite } from '../testing/index.js'
import { iosBackup } from './index.js'

const { signal } = new AbortController()
const files = 'Library/SMS/Attachments'
let top: string
/** A backup whose sms.db each test makes by hand. */
let path: string
let backup: OpenBackup | null = null

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'holdfast-folders-'))
})

beforeEach(async () => {
  const into = await mkdtemp(join(top, 'test-'))
  path = (await makeSyntheticBackup({ into, seed: 'odd', messages: 1, attachments: 0, contacts: 0 })).path
  await rm(blobPath(path, messagesFile))
})

afterEach(async () => {
  await backup?.close()
  backup = null
})

afterAll(() => rm(top, { recursive: true, force: true }))

const tables = `CREATE TABLE message (guid TEXT); INSERT INTO message (ROWID, guid) VALUES (1, 'A'), (2, 'B');
  CREATE TABLE attachment (guid TEXT, filename TEXT, transfer_name TEXT, created_date INTEGER, uti TEXT, mime_type TEXT);
  CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER);`

/** A row of `attachment` that names a path below the folder of attachments. */
const row = (id: number, guid: string, name: string) => `(${id}, '${guid}', '~/${files}/${name}')`

async function add(name: string, kind: 'file' | 'directory' | 'symlink' = 'file'): Promise<string> {
  const file = { domain: 'MediaDomain', relativePath: `${files}/${name}` }
  const blob = blobPath(path, file)
  if (kind === 'file') {
    await mkdir(dirname(blob), { recursive: true })
    await writeFile(blob, `content of ${name}`)
  }
  const db = openTestSqlite(join(path, 'Manifest.db'), { readonly: false })
  const flags = { file: 1, directory: 2, symlink: 4 }[kind]
  db.prepare('INSERT INTO Files VALUES (?, ?, ?, ?, NULL)').run(
    fileId(file),
    file.domain,
    file.relativePath,
    flags,
  )
  db.close()
  return blob
}

async function addAll(directories: readonly string[], names: readonly string[]): Promise<void> {
  for (const name of directories) await add(name, 'directory')
  for (const name of names) await add(name)
}

/** Makes sms.db, opens the backup and reads all attachments, holding what is counted against what is read. */
async function read(sql: string, batchSize = 100): Promise<ImportRecord[]> {
  const db = openTestSqlite(blobPath(path, messagesFile), { readonly: false })
  db.exec(`${tables} ${sql}`)
  db.close()
  backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
  const records = (await readFrom(null, batchSize)).filter(({ type }) => type !== 'message')
  expect((await backup.totals()).attachments).toBe(records.length)
  expect(new Set(records.map((record) => record.key)).size).toBe(records.length)
  return records
}

async function readFrom(after: Cursor | null, batchSize = 100): Promise<ImportRecord[]> {
  const records: ImportRecord[] = []
  for await (const batch of backup?.read({ after, batchSize, signal }) ?? []) records.push(...batch.records)
  return records
}

const attachmentsIn = (records: readonly ImportRecord[]): AttachmentRecord[] =>
  records.filter((record) => record.type === 'attachment')
const inside = (records: readonly ImportRecord[]) =>
  attachmentsIn(records).filter(({ guid }) => guid.includes('/'))

async function contentOf(record: AttachmentRecord): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of backup?.content(record, signal) ?? []) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('an attachment that is a folder', () => {
  test('is followed by the files in it, each an attachment of its message', async () => {
    await addAll(
      ['D.pages', 'D.pages/Data', 'D.pages/Data/empty'],
      ['D.pages/Index.zip', 'D.pages/Data/1.jpg', 'D.pages-2'],
    )
    const records =
      await read(`INSERT INTO attachment (ROWID, guid, filename, transfer_name, created_date, uti, mime_type) VALUES
      (1, 'x', '~/${files}/D.pages', 'Letter.pages', 86400, 'com.apple.iwork.pages', 'application/x-iwork');
      INSERT INTO message_attachment_join VALUES (2, 1)`)
    const folder = {
      type: 'attachment',
      key: 'x@B',
      guid: 'x',
      parent: { type: 'message', key: 'B' },
      name: 'Letter.pages',
      mimeType: 'application/x-iwork',
      uti: 'com.apple.iwork.pages',
      isSticker: false,
      createdAt: Date.UTC(2001, 0, 2),
      claimedBytes: null,
      unavailable: 'is-directory',
      part: null,
    }
    const file = (name: string) => ({
      ...folder,
      key: `x/${name}@B`,
      guid: `x/${name}`,
      name: `Letter.pages/${name}`,
      mimeType: null,
      uti: null,
      unavailable: null,
    })
    expect(records).toEqual([folder, file('Data/1.jpg'), file('Index.zip')])
    expect(await Promise.all(inside(records).map(contentOf))).toEqual([
      'content of D.pages/Data/1.jpg',
      'content of D.pages/Index.zip',
    ])
  })

  test('may be written with a slash behind it, be without files, and be on no message', async () => {
    await addAll(['D.pages', 'E.pages'], ['D.pages/Index.zip'])
    const records = attachmentsIn(
      await read(
        `INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'x', 'D.pages/')}, ${row(2, 'y', 'E.pages')}`,
      ),
    )
    expect(records.map(({ key, name, unavailable }) => [key, name, unavailable])).toEqual([
      ['x@', null, 'is-directory'],
      ['y@', 'E.pages', 'is-directory'],
      ['x/Index.zip@', 'D.pages/Index.zip', null],
    ])
  })

  test('gives its files once: to the innermost folder, the first attachment and the first message', async () => {
    await addAll(['D', 'D/inner', 'D/inner/most'], ['D/1', 'D/inner/2', 'D/inner/most/3', 'D/inner0'])
    const records = await read(`INSERT INTO attachment (ROWID, guid, filename) VALUES
      ${row(3, 'again', 'D')}, ${row(2, 'inner', 'D/inner')}, ${row(1, 'first', 'D')}, ${row(4, 'file', 'D/1')};
      INSERT INTO message_attachment_join VALUES (2, 1), (1, 1), (2, 2), (1, 3)`)
    expect(attachmentsIn(records).map(({ key }) => key)).toEqual([
      ...['first@A', 'first@B', 'inner@B', 'again@A', 'file@'],
      ...['first/1@A', 'first/inner0@A', 'inner/2@B', 'inner/most/3@B'],
    ])
  })

  test('tells of each file in it why it cannot be had, and follows no link', async () => {
    await addAll(['D'], ['D/gone', 'D/here'])
    await add('D/link', 'symlink')
    await rm(blobPath(path, { domain: 'MediaDomain', relativePath: `${files}/D/gone` }))
    const records = await read(`INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'x', 'D')}`)
    expect(inside(records).map(({ name, unavailable }) => [name, unavailable])).toEqual([
      ['D/gone', 'blob-missing'],
      ['D/here', null],
      ['D/link', 'invalid-path'],
    ])
  })

  test('whose list of files leads out of it is refused', async () => {
    await addAll(['D'], ['D/../../../../Preferences/bait'])
    await expect(
      read(`INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'x', 'D')}`),
    ).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
  })

  test('has its files also where the manifest has no index', async () => {
    const db = openTestSqlite(join(path, 'Manifest.db'), { readonly: false })
    db.exec('DROP INDEX FilesRelativePathIdx')
    db.close()
    await addAll(['D', 'E'], ['D/1', 'E/2', 'F'])
    const records = await read(
      `INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'x', 'D')}, ${row(2, 'y', 'E')}`,
    )
    expect(inside(records).map(({ key }) => key)).toEqual(['x/1@', 'y/2@'])
  })

  test('that cannot be decoded makes its files unreadable, each told', async () => {
    await addAll(['D'], ['D/1', 'D/2'])
    const records = await read(
      `INSERT INTO attachment (ROWID, guid, filename) VALUES (7, NULL, '~/${files}/D'), ${row(8, 'y', 'D')}`,
    )
    expect(records.map(({ type, key }) => `${type} ${key}`)).toEqual([
      'unreadable attachment:attachment:7',
      'attachment y@',
      'unreadable attachment:attachment:7/1',
      'unreadable attachment:attachment:7/2',
    ])
  })

  test('is read on behind any of its files, in another process too', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `D/${index}`)
    await addAll(['D', 'E'], [...names, 'E/1'])
    const all = await read(
      `INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'x', 'D')}, ${row(2, 'y', 'E')}`,
      3,
    )
    const cursors: Cursor[] = []
    for await (const batch of backup?.read({ after: null, batchSize: 1, signal }) ?? [])
      cursors.push(batch.cursor)
    await backup?.close()
    backup = await iosBackup({ openSqlite: openTestSqlite }).open(path, { signal })
    expect(cursors).toContainEqual({ after: 'messages.folder-files', rows: [3] })
    for (const cursor of cursors.slice(2)) {
      const rest = await readFrom(cursor)
      expect(rest).toEqual(all.slice(cursors.indexOf(cursor) - 1))
    }
  })
})

describe('the guid of a file in a folder', () => {
  test('leads to its content where twins are told apart by their rows', async () => {
    await addAll(['D', 'E'], ['D/1', 'E/1', 'E/1#1', 'E/#2'])
    const records = await read(
      `INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'x', 'D')}, ${row(2, 'x', 'E')}`,
    )
    expect(inside(records).map(({ guid }) => guid)).toEqual(['x/1', 'x#2/#2', 'x#2/1', 'x#2/1#1'])
    expect(await Promise.all(inside(records).map(contentOf))).toEqual(
      ['D/1', 'E/#2', 'E/1', 'E/1#1'].map((name) => `content of ${name}`),
    )
  })

  test('is another one where guids have slashes, and none is taken for another', async () => {
    await addAll(['D', 'E'], ['D/b/1', 'E/1', 'plain'])
    const records = await read(`INSERT INTO attachment (ROWID, guid, filename) VALUES
      ${row(1, 'a', 'D')}, ${row(2, 'a/b', 'E')}, ${row(3, 'a/b/2', 'plain')}`)
    expect(inside(records).map(({ guid, unavailable }) => [guid, unavailable])).toEqual([
      ['a/b', 'is-directory'],
      ['a/b/2', null],
      ['a/b/1', null],
      ['/2/1', null],
    ])
    const readable = inside(records).filter(({ unavailable }) => unavailable === null)
    expect(await Promise.all(readable.map(contentOf))).toEqual(
      ['plain', 'D/b/1', 'E/1'].map((name) => `content of ${name}`),
    )
  })

  test('that another attachment has already makes it unreadable', async () => {
    await addAll(['D'], ['D/1', 'plain'])
    const records = await read(
      `INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'a', 'D')}, ${row(2, 'a/1', 'plain')}`,
    )
    expect(records.at(-1)).toMatchObject({
      type: 'unreadable',
      key: 'attachment:attachment:1/1',
      problem: 'Another attachment has the guid of this file.',
    })
    expect(await Promise.all(inside(records).map(contentOf))).toEqual(['content of plain'])
  })

  test.each(['x/nothing', 'y/1', '/1', '/1/nothing', '/99/1', 'x/', '/', 'x/../../sms.db'])(
    "leads nowhere where it is '%s'",
    async (guid) => {
      await addAll(['D'], ['D/1'])
      const [, file] = attachmentsIn(
        await read(`INSERT INTO attachment (ROWID, guid, filename) VALUES ${row(1, 'x', 'D')}`),
      )
      if (file === undefined) throw new Error('no file')
      expect(await contentOf({ ...file, guid: 'x/1' })).toBe('content of D/1')
      await expect(contentOf({ ...file, guid })).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
    },
  )
})

test('a thousand attachments that name one folder with a thousand files are two thousand records', async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `${files}/D/${index}`)
  await add('D', 'directory')
  const db = openTestSqlite(join(path, 'Manifest.db'), { readonly: false })
  const insert = db.prepare("INSERT INTO Files VALUES (?, 'MediaDomain', ?, 1, NULL)")
  db.exec('BEGIN')
  for (const relativePath of names) insert.run(fileId({ domain: 'MediaDomain', relativePath }), relativePath)
  db.exec('COMMIT')
  db.close()
  const records = await read(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO attachment (ROWID, guid, filename) SELECT i, 'g' || i, '~/${files}/D' FROM n`)
  expect(records).toHaveLength(2000)
  expect(records.slice(1000).every(({ key }) => key.startsWith('g1/'))).toBe(true)
})
