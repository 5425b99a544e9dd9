import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../../testing/synthetic-backup/random.js'
import { fileIdOf, messageDatabase } from './file-id.js'
import type { ListedEntry } from './manifest.js'
import { MbdbManifest } from './mbdb-manifest.js'

const { signal } = new AbortController()
let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-mbdb-'))
  path = join(folder, 'Manifest.mbdb')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const header = Buffer.from([0x6d, 0x62, 0x64, 0x62, 5, 0])

/** A string behind its length, or the mark of one that is not there: independent of the maker's writer. */
function text(value: string | Buffer | null): Buffer {
  if (value === null) return Buffer.from([0xff, 0xff])
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

function record(
  domain: string | null,
  relativePath: string | null,
  more: {
    target?: string
    digest?: Buffer
    key?: Buffer
    mode?: number
    size?: bigint
    protection?: number
    properties?: readonly (readonly [string, Buffer])[]
  } = {},
): Buffer {
  const { target = null, digest = null, key = null, mode = 0o100644, size = 5n, properties = [] } = more
  const numbers = Buffer.alloc(40)
  numbers.writeUInt16BE(mode, 0)
  numbers.writeBigUInt64BE(size, 30)
  numbers.writeUInt8(more.protection ?? 3, 38)
  numbers.writeUInt8(properties.length, 39)
  const strings = [domain, relativePath, target, digest, key].map(text)
  return Buffer.concat([
    ...strings,
    numbers,
    ...properties.flatMap(([name, value]) => [text(name), text(value)]),
  ])
}

async function open(...parts: readonly Buffer[]): Promise<MbdbManifest> {
  await writeFile(path, Buffer.concat(parts))
  return MbdbManifest.open(path, { signal })
}

async function all(manifest: MbdbManifest): Promise<ListedEntry[]> {
  const entries: ListedEntry[] = []
  for await (const page of manifest.entries(signal)) entries.push(...page)
  return entries
}

test('finds a file by its path, with all that its record says', async () => {
  const digest = Buffer.alloc(20, 0xab)
  const key = Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.alloc(40, 7)])
  const manifest = await open(
    header,
    record('HomeDomain', '', { mode: 0o040755, size: 0n }),
    record('HomeDomain', 'Library/SMS/sms.db', {
      digest,
      key,
      size: 123_456n,
      protection: 4,
      properties: [['com.apple.name', Buffer.from([0, 255, 0])]],
    }),
    record('DatabaseDomain', 'timezone/localtime', { mode: 0o120755, target: '/var/db/timezone/Paris' }),
  )
  const found = manifest.find(messageDatabase)
  expect(found).toMatchObject({ fileId: '3d0d7e5fb2ce288813306e4d4636395e047a3d28', kind: 'file' })
  expect(found?.details()).toEqual({
    mode: 0o100644,
    size: 123_456,
    sha1: 'ab'.repeat(20),
    encryptionKey: Uint8Array.from(key),
    protectionClass: 4,
    target: null,
  })
  const link = manifest.find({ domain: 'DatabaseDomain', relativePath: 'timezone/localtime' })
  expect(link).toMatchObject({ kind: 'symlink' })
  expect(link?.details()?.target).toBe('/var/db/timezone/Paris')
  expect(manifest.find({ domain: 'HomeDomain', relativePath: '' })?.kind).toBe('directory')
  expect(manifest.find({ domain: 'HomeDomain', relativePath: 'Library/SMS/sms.db-wal' })).toBe(null)
  manifest.close()
  manifest.close()
  expect(() => manifest.find(messageDatabase)).toThrow(expect.objectContaining({ code: 'BACKUP_UNREADABLE' }))
})

test('lists all records in their order, however chunks cut them, and finds each of them', async () => {
  const random = new Random('mbdb records')
  const planned = Array.from({ length: 20_000 }, (_, index) => ({
    domain: random.pick(['HomeDomain', 'MediaDomain', 'AppDomain-com.example.Zoë']),
    relativePath: `Library/${random.hex(random.integer(1, 100))}/${index}`,
    size: random.integer(0, 1_000_000),
  }))
  const manifest = await open(
    header,
    ...planned.map(({ domain, relativePath, size }) => record(domain, relativePath, { size: BigInt(size) })),
  )
  const listed = await all(manifest)
  expect(
    listed.map(({ domain, relativePath, details }) => ({ domain, relativePath, size: details()?.size })),
  ).toEqual(planned)
  for (const each of planned) expect(manifest.find(each)?.fileId).toBe(fileIdOf(each))
  manifest.close()
})

test('reads a record as large as one can be', async () => {
  const long = 'x'.repeat(0xfffe)
  const big = record('HomeDomain', long, {
    properties: Array.from({ length: 255 }, () => [long, Buffer.from(long)] as const),
  })
  const manifest = await open(header, record('A', 'a'), big, record('B', 'b'))
  expect((await all(manifest)).map(({ domain }) => domain)).toEqual(['A', 'HomeDomain', 'B'])
  expect(manifest.find({ domain: 'HomeDomain', relativePath: long })?.kind).toBe('file')
  manifest.close()
})

test('a manifest without records is one', async () => {
  const manifest = await open(header)
  expect(await all(manifest)).toEqual([])
  manifest.close()
})

test('a size beyond 2^53 is taken as not said', async () => {
  const manifest = await open(header, record('HomeDomain', 'a', { size: 0xffff_ffff_ffff_ffffn }))
  expect(manifest.find({ domain: 'HomeDomain', relativePath: 'a' })?.details()?.size).toBe(null)
  manifest.close()
})

describe('a damaged one is refused with what is wrong', () => {
  test.each([
    ['nothing', Buffer.alloc(0), /is empty/],
    ['another file', Buffer.from('SQLite format 3\0'), /does not begin as a manifest/],
    ['another version', Buffer.from('mbdb\u0006\0', 'latin1'), /version 6\.0/],
    ['half a header', Buffer.from('mbdb'), /within its header/],
    ['half a record', Buffer.concat([header, record('A', 'a').subarray(0, 30)]), /middle of a record/],
    ['a length beyond its end', Buffer.concat([header, Buffer.from([0xff, 0xfe, 1])]), /middle of a record/],
    ['a record without a domain', Buffer.concat([header, record(null, 'a')]), /no domain/],
  ])('%s', async (_, bytes, message) => {
    await writeFile(path, bytes)
    await expect(MbdbManifest.open(path, { signal })).rejects.toMatchObject({
      code: 'MANIFEST_DAMAGED',
      retryable: false,
      message: expect.stringMatching(message),
    })
  })

  test('cut off anywhere', async () => {
    const whole = Buffer.concat([header, record('HomeDomain', 'Library/a'), record('MediaDomain', 'b')])
    const boundary = header.length + record('HomeDomain', 'Library/a').length
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      const opened = await MbdbManifest.open(path, { signal }).catch((error: unknown) => error)
      if (length === header.length || length === boundary) expect(opened).toBeInstanceOf(MbdbManifest)
      else expect(opened, `at ${length}`).toMatchObject({ code: 'MANIFEST_DAMAGED' })
      if (opened instanceof MbdbManifest) opened.close()
    }
  })
})

test.each(['/etc/passwd', '../x', 'a/../../x', 'a/..', '..'])(
  "a path of '%s' is unsafe",
  async (relativePath) => {
    await writeFile(path, Buffer.concat([header, record('HomeDomain', relativePath)]))
    await expect(MbdbManifest.open(path, { signal })).rejects.toMatchObject({ code: 'BACKUP_UNSAFE' })
  },
)

test('opening and listing stop when the signal is aborted', async () => {
  const manifest = await open(header, record('A', 'a'))
  const reason = new Error('enough')
  const stopped = AbortSignal.abort(reason)
  await expect(MbdbManifest.open(path, { signal: stopped })).rejects.toBe(reason)
  await expect(manifest.entries(stopped).next()).rejects.toBe(reason)
  manifest.close()
})
