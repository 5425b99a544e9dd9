import { existsSync } from 'node:fs'
import {
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBinary } from 'plist'
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
  removeManifest,
  rewriteFileId,
  type SyntheticBackup,
  tearDatabase,
  truncateManifest,
} from '../../testing/index.js'
import { type InspectBackupOptions, inspectBackup } from '../index.js'

let folder: string
let scratch: string
let whole: SyntheticBackup
/** A fresh copy of the whole backup, for each test to break. */
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-inspect-'))
  scratch = join(folder, 'scratch')
  await mkdir(scratch)
  whole = await makeSyntheticBackup({
    into: join(folder, 'whole'),
    seed: 'inspect',
    messages: 200,
    attachments: 20,
    anomalies: { notInBackup: 1 },
  })
})

beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'test-')), whole.udid)
  await cp(whole.path, path, { recursive: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const inspect = (options: InspectBackupOptions = {}) =>
  inspectBackup(path, { openSqlite: openTestSqlite, scratch, ...options })

function query<Row>(sql: string, of = path): readonly Row[] {
  const db = openTestSqlite(join(of, 'Manifest.db'), { readonly: true })
  try {
    // The shape is that of the query beside it.
    return db.prepare(sql).all() as Row[]
  } finally {
    db.close()
  }
}

function changeManifest(sql: string): void {
  const db = openTestSqlite(join(path, 'Manifest.db'), { readonly: false })
  db.exec(sql)
  db.close()
}

test('a whole backup is complete, and all that it holds is told', async () => {
  const inspected = await inspect({ digests: true })
  expect(inspected).toMatchObject({
    path,
    wholeness: 'complete',
    reasons: [],
    remarks: [],
    encrypted: false,
    manifest: 'Manifest.db',
    udid: whole.udid,
    deviceName: 'Zoë’s iPhone',
    productType: 'iPhone15,2',
    osVersion: '18.5',
    takenAt: Date.UTC(2025, 5, 20, 16, 27, 3),
  })
  const kinds = Object.fromEntries(
    query<{ flags: number; rows: number }>('SELECT flags, count(*) AS rows FROM Files GROUP BY flags').map(
      ({ flags, rows }) => [flags, rows],
    ),
  )
  const blobs = (await readdir(path, { recursive: true })).filter((name) => /[/\\][0-9a-f]{40}$/.test(name))
  const sizes = await Promise.all(blobs.map(async (name) => (await lstat(join(path, name))).size))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  expect(inspected.blobs).toBe(blobs.length)
  expect(inspected.listed).toMatchObject({
    files: kinds[1],
    directories: kinds[2],
    symlinks: kinds[4],
    bytes,
    missingBlobs: 0,
    unlistedBlobs: 0,
    undecodable: 0,
  })
  const domains = inspected.listed?.domains ?? []
  expect(domains.reduce((sum, domain) => sum + domain.bytes, 0)).toBe(bytes)
  expect(domains.reduce((sum, domain) => sum + domain.files, 0)).toBe(kinds[1])
  expect(domains.map((domain) => domain.bytes)).toEqual(
    domains.map((domain) => domain.bytes).sort((a, b) => b - a),
  )
  const [{ withDigest } = { withDigest: -1 }] = query<{ withDigest: number }>(
    "SELECT count(*) AS withDigest FROM Files WHERE flags = 1 AND domain IN ('HomeDomain', 'WirelessDomain', 'RootDomain')",
  )
  expect(inspected.listed?.withDigest).toBe(withDigest)
  expect(inspected.digests).toEqual({ checked: withDigest, different: 0, examples: [] })
})

test('what is told is plain JSON', async () => {
  const inspected = await inspect({ digests: true })
  expect(JSON.parse(JSON.stringify(inspected))).toEqual(inspected)
})

test('the backup stays as it is, and nothing is left behind, also where the manifest must be copied', async () => {
  changeManifest('PRAGMA journal_mode = WAL')
  const before = await times()
  expect((await inspect({ digests: true })).wholeness).toBe('complete')
  expect(await times()).toEqual(before)
  expect(await readdir(scratch)).toEqual([])
})

describe('a backup that the phone did not finish, and will go on with, is resumable', () => {
  test('when Status.plist says so', async () => {
    await markUnfinished(path)
    expect(await inspect()).toMatchObject({
      wholeness: 'resumable',
      reasons: ["The phone says that it was still at 'uploading'."],
    })
  })

  test('when a Snapshot folder is left', async () => {
    await addSnapshotFolder(path)
    expect(await inspect()).toMatchObject({
      wholeness: 'resumable',
      reasons: ['The Snapshot folder of an unfinished backup is there.'],
    })
  })

  test('also when files are missing, which it then gets', async () => {
    await markUnfinished(path)
    await removeBlob(path)
    const { wholeness, reasons } = await inspect()
    expect(wholeness).toBe('resumable')
    expect(reasons).toHaveLength(2)
  })
})

describe('a backup of which something is lost is torn', () => {
  test.each([
    ['Manifest.plist is empty', () => emptyManifestPlist(path)],
    ['Status.plist is empty', () => truncate(join(path, 'Status.plist'))],
    ['has no manifest', () => removeManifest(path)],
    ['is damaged', () => truncateManifest(path)],
    ['is no SQLite database', () => overwriteManifest(path)],
    ['Not on disk: 1 of', () => removeBlob(path)],
  ])('%s', async (reason, damage) => {
    await damage()
    const { wholeness, reasons } = await inspect()
    expect({ wholeness, reasons: reasons.join(' ') }).toEqual({
      wholeness: 'torn',
      reasons: expect.stringContaining(reason),
    })
  })

  test('missing files are counted with their bytes', async () => {
    const { size } = await lstat(blobPath(path, messagesFile))
    await removeBlob(path)
    await removeBlob(path, contactsFile)
    const { listed, blobs, reasons } = await inspect()
    expect(listed).toMatchObject({ missingBlobs: 2 })
    expect(listed?.missingBytes).toBeGreaterThan(size)
    expect(blobs).toBe((listed?.files ?? 0) - 2)
    expect(reasons).toEqual([`Not on disk: 2 of ${listed?.files} files that the manifest lists.`])
  })

  test('a link in the place of a file is none', async () => {
    const file = { domain: 'HomeDomain', relativePath: 'Library/SpringBoard/IconState.plist' }
    await removeBlob(path, file)
    await symlink(blobPath(whole.path, file), blobPath(path, file))
    expect((await inspect()).listed?.missingBlobs).toBe(1)
  })

  test('a file that was changed is found by its digest, and only then', async () => {
    await tearDatabase(path, 'zeroed')
    expect((await inspect()).wholeness).toBe('complete')
    expect(await inspect({ digests: true })).toMatchObject({
      wholeness: 'torn',
      digests: { different: 1, examples: ['HomeDomain-Library/SMS/sms.db'] },
    })
  })
})

test('without Status.plist nothing confirms that a backup is complete', async () => {
  await rm(join(path, 'Status.plist'))
  expect(await inspect()).toMatchObject({
    wholeness: 'unconfirmed',
    reasons: ['Status.plist is missing: nothing confirms that the backup was finished.'],
  })
})

test('a copy that was flattened is as good, and files that no manifest lists are told', async () => {
  const name = blobPath(path, messagesFile)
  await rename(name, join(path, '3d0d7e5fb2ce288813306e4d4636395e047a3d28'))
  await writeFile(join(path, '3d', `3d${'0'.repeat(38)}`), 'stray')
  expect(await inspect()).toMatchObject({
    wholeness: 'complete',
    listed: { missingBlobs: 0, unlistedBlobs: 1 },
    remarks: ['Files on disk that the manifest does not list: 1.'],
  })
})

describe('encryption is told without a password', () => {
  test('of an encrypted manifest, with what needs the password unknown', async () => {
    const { blobs } = await inspect()
    await markEncrypted(path)
    expect(await inspect({ digests: true })).toMatchObject({
      wholeness: 'complete',
      encrypted: true,
      blobs,
      listed: null,
      digests: null,
      deviceName: 'Zoë’s iPhone',
    })
  })

  test('of one whose keys are lost, which is torn', async () => {
    await overwriteManifest(path)
    await writeFile(join(path, 'Manifest.plist'), buildBinary({ IsEncrypted: true }))
    expect(await inspect()).toMatchObject({
      wholeness: 'torn',
      encrypted: true,
      reasons: [expect.stringContaining('keybag')],
    })
  })

  test('of one that only claims to be encrypted, which is not', async () => {
    await writeFile(join(path, 'Manifest.plist'), buildBinary({ IsEncrypted: true }))
    expect(await inspect()).toMatchObject({
      wholeness: 'complete',
      encrypted: false,
      remarks: [expect.stringContaining('decrypted copy')],
    })
  })

  test('of one that claims not to be, and is', async () => {
    await overwriteManifest(path)
    await writeFile(
      join(path, 'Manifest.plist'),
      buildBinary({ IsEncrypted: false, BackupKeyBag: Buffer.from('VERS'), ManifestKey: Buffer.alloc(44) }),
    )
    expect(await inspect()).toMatchObject({
      encrypted: true,
      listed: null,
      remarks: [expect.stringContaining('does not say that the backup is encrypted')],
    })
  })
})

test('what cannot be decoded is counted, and a file of which nothing is known must be there', async () => {
  changeManifest("UPDATE Files SET file = x'00' WHERE relativePath = 'Library/SMS/sms.db'")
  const { listed, remarks, wholeness } = await inspect()
  expect({ undecodable: listed?.undecodable, wholeness }).toEqual({ undecodable: 2, wholeness: 'complete' })
  expect(remarks).toEqual(['Files in the manifest whose details cannot be decoded: 2.'])
  await removeBlob(path)
  expect((await inspect()).wholeness).toBe('torn')
})

test('more domains than any phone has are counted together', async () => {
  changeManifest(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
    INSERT INTO Files SELECT printf('%040x', i), 'Domain' || i, 'a', 1, NULL FROM n`)
  const domains = (await inspect()).listed?.domains ?? []
  expect(domains).toHaveLength(10_001)
  expect(domains.find(({ domain }) => domain === '')?.files).toBeGreaterThan(1000)
})

describe('it is refused', () => {
  test('where there is no backup', async () => {
    await expect(inspectBackup(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
    await expect(inspectBackup(scratch)).rejects.toMatchObject({ code: 'BACKUP_INVALID' })
  })

  test('where the manifest names a file outside of the backup', async () => {
    rewriteFileId(path, '../../etc/passwd')
    await expect(inspect()).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
  })

  test('where an option is misspelt or wrong', async () => {
    const wrong: object = { digest: true }
    await expect(inspectBackup(path, wrong)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' })
    const mistyped: object = { signal: 'stop' }
    await expect(inspectBackup(path, mistyped)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})

test('the check of digests tells how far it is, and stops when it is aborted', async () => {
  const seen: number[] = []
  const { listed } = await inspect({ digests: true, onProgress: ({ done }) => seen.push(done) })
  expect(seen).toEqual(Array.from({ length: listed?.withDigest ?? 0 }, (_, index) => index + 1))
  const stop = new AbortController()
  const reason = new Error('enough')
  const aborted = inspect({ digests: true, signal: stop.signal, onProgress: () => stop.abort(reason) })
  await expect(aborted).rejects.toBe(reason)
  expect(await readdir(scratch)).toEqual([])
})

async function times(): Promise<readonly string[]> {
  const names = (await readdir(path, { recursive: true })).sort()
  return Promise.all(
    ['', ...names].map(async (name) => {
      const { mtimeMs, ctimeMs, size } = await lstat(join(path, name))
      return `${name} ${mtimeMs} ${ctimeMs} ${size}`
    }),
  )
}

const realBackup = '../shared/data/ios14-backup'

test.skipIf(!existsSync(realBackup))(
  'the backup of a real phone, of which a few files were kept, is told as what it is (skipped without ../shared/data)',
  async () => {
    const before = await readdir(realBackup, { recursive: true })
    const inspected = await inspectBackup(realBackup, { openSqlite: openTestSqlite, digests: true })
    // Counted independently, by a few lines of Python.
    expect(inspected).toMatchObject({
      udid: '1cb128eafa77c5be74283e9a3a2130af36a3c059',
      deviceName: 'iPhone',
      productType: 'iPhone9,3',
      osVersion: '14.3',
      takenAt: Date.UTC(2021, 11, 3, 19, 33, 13),
      wholeness: 'torn',
      reasons: [
        'Status.plist is missing: nothing confirms that the backup was finished.',
        'Not on disk: 1055 of 1089 files that the manifest lists.',
        'Not what the phone wrote: 7 of 7 files that can be checked.',
      ],
      remarks: [
        'Manifest.plist is missing: what the phone said of the backup itself is lost.',
        'Files on disk that the manifest does not list: 1.',
      ],
      encrypted: false,
      manifest: 'Manifest.db',
      blobs: 11,
      listed: {
        files: 1089,
        directories: 2618,
        symlinks: 14,
        bytes: 182_028_381,
        missingBlobs: 1055,
        missingBytes: 180_233_700,
        unlistedBlobs: 1,
        withDigest: 7,
        undecodable: 0,
      },
      digests: { checked: 7, different: 7 },
    })
    expect(inspected.listed?.domains.slice(0, 2)).toEqual([
      { domain: 'AppDomainGroup-group.com.apple.FileProvider.LocalStorage', files: 1, bytes: 63_494_086 },
      { domain: 'HomeDomain', files: 406, bytes: 47_236_326 },
    ])
    expect(await readdir(realBackup, { recursive: true })).toEqual(before)
  },
)
