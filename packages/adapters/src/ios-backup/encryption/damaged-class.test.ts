import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttachmentRecord, OpenBackup } from '@holdfast/core/import'
import { buildBinary } from 'plist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  contactsFile,
  fileId,
  makeSyntheticBackup,
  messagesFile,
  openTestSqlite,
  type SyntheticBackup,
} from '../../testing/index.js'
import { field } from '../../testing/synthetic-backup/folder/encryption.js'
import { readPlistFile, valueAt } from '../folder/plist-file.js'
import { iosBackup } from '../index.js'
import { parseManifestFile } from '../manifest/manifest-file.js'

const { signal } = new AbortController()
const password = 'correct horse'
/** What phones wrap the key of Manifest.db with. */
const manifestClass = 3
let folder: string
let scratch: string
let made: SyntheticBackup
/** The attachments of the whole backup. */
let whole: readonly AttachmentRecord[]
/** Protection class of files by their id, and the path of an attachment by its guid, as the decrypted databases have them. */
let classOf: ReadonlyMap<string, number>
let pathOf: ReadonlyMap<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-damaged-class-'))
  scratch = join(folder, 'scratch')
  made = await makeSyntheticBackup({
    into: join(folder, 'whole'),
    seed: 'class key',
    messages: 60,
    attachments: 30,
    encryption: { password },
  })
  const backup = await open(made.path)
  whole = await attachmentsOf(backup)
  const decrypted = await readdir(scratch, { recursive: true })
  const named = (name: string) => join(scratch, decrypted.find((path) => path.endsWith(name)) ?? name)
  classOf = new Map(
    select<{ fileID: string; file: Uint8Array }>(
      named('Manifest.db'),
      'SELECT fileID, file FROM Files',
    ).flatMap(({ fileID, file }) => {
      const details = parseManifestFile(file)
      const key = details.ok ? details.value.encryptionKey : null
      return key === null ? [] : [[fileID, Buffer.from(key).readUInt32LE()] as const]
    }),
  )
  pathOf = new Map(
    select<{ guid: string; filename: string }>(
      named(fileId(messagesFile)),
      'SELECT guid, filename FROM attachment WHERE filename IS NOT NULL',
    ).map(({ guid, filename }) => [guid, filename.slice(filename.indexOf('Library/'))]),
  )
  await backup.close()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const open = (path: string): Promise<OpenBackup> =>
  iosBackup({ openSqlite: openTestSqlite, scratch }).open(path, { signal, ask: async () => password })

async function attachmentsOf(backup: OpenBackup): Promise<readonly AttachmentRecord[]> {
  const found: AttachmentRecord[] = []
  for await (const { records } of backup.read({ after: null, batchSize: 100, signal })) {
    for (const record of records) if (record.type === 'attachment') found.push(record)
  }
  return found
}

/** Rows of a database that this test has made itself: their type is known. */
function select<Row>(path: string, sql: string): readonly Row[] {
  const database = openTestSqlite(path, { readonly: true })
  try {
    return database.prepare(sql).all() as Row[]
  } finally {
    database.close()
  }
}

/** The file of an attachment; of one inside of a folder, by the guid of that. */
function fileOf({ guid }: AttachmentRecord): string {
  const [of = '', ...inside] = guid.split('/')
  return fileId({ domain: 'MediaDomain', relativePath: [pathOf.get(of) ?? '', ...inside].join('/') })
}

/** A copy of the backup in whose keybag the key of a class is damaged. */
async function withoutClass(protectionClass: number): Promise<string> {
  const path = join(await mkdtemp(join(folder, 'copy-')), made.udid)
  await cp(made.path, path, { recursive: true })
  const file = join(path, 'Manifest.plist')
  const plist = await readPlistFile(file)
  const [keybag, manifestKey] = ['BackupKeyBag', 'ManifestKey'].map((key) => valueAt(plist, key))
  if (!(keybag instanceof Uint8Array) || !(manifestKey instanceof Uint8Array)) throw new Error('no keys')
  const bytes = Buffer.from(keybag)
  // Behind the tag and the length come the forty wrapped bytes.
  const at = bytes.indexOf('WPKY', bytes.indexOf(field('CLAS', protectionClass))) + 8
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await writeFile(file, buildBinary({ IsEncrypted: true, BackupKeyBag: bytes, ManifestKey: manifestKey }))
  return path
}

describe('a backup whose keybag has one damaged class key', () => {
  test('opens, remarks on it, and loses the attachments of that class and no others', async () => {
    const ofDatabases = new Set([messagesFile, contactsFile].map((file) => classOf.get(fileId(file))))
    const lost = [1, 2, 4].find((each) => !ofDatabases.has(each)) ?? 0
    const isLost = (record: AttachmentRecord) => classOf.get(fileOf(record)) === lost
    const available = whole.filter(({ unavailable }) => unavailable === null)
    expect(available.filter(isLost).length).toBeGreaterThan(1)
    expect(available.filter((record) => !isLost(record)).length).toBeGreaterThan(1)

    const backup = await open(await withoutClass(lost))
    expect(backup.source.remarks).toEqual([
      `The keybag is damaged: files of protection class ${lost} cannot be decrypted.`,
    ])
    expect(await attachmentsOf(backup)).toEqual(
      whole.map((record) =>
        record.unavailable === null && isLost(record) ? { ...record, unavailable: 'undecryptable' } : record,
      ),
    )
    await backup.close()
  })

  test('says MESSAGES_DAMAGED when it is the class of the messages', async () => {
    const ofMessages = classOf.get(fileId(messagesFile)) ?? 0
    expect(ofMessages).not.toBe(manifestClass)
    await expect(open(await withoutClass(ofMessages))).rejects.toMatchObject({ code: 'MESSAGES_DAMAGED' })
  })

  test('says MANIFEST_DAMAGED when it is the class of the manifest', async () => {
    await expect(open(await withoutClass(manifestClass))).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' })
  })
})
