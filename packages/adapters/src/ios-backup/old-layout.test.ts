import { createHash } from 'node:crypto'
import { appendFile, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttachmentRecord } from '@holdfast/core/import'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  blobPath,
  makeSyntheticBackup,
  messagesFile,
  openTestSqlite,
  overwriteManifest,
  removeBlob,
  type SyntheticBackup,
  truncateManifest,
} from '../testing/index.js'
import { fingerprintBackup, inspectBackup, iosBackup } from './index.js'

const { signal } = new AbortController()
const reader = iosBackup({ openSqlite: openTestSqlite })
let folder: string
let made: SyntheticBackup
/** A fresh copy of the backup, for each test to break. */
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-old-'))
  made = await makeSyntheticBackup({
    into: join(folder, 'made'),
    seed: 'old layout',
    schema: 'ios-9',
    messages: 150,
    attachments: 25,
    anomalies: { blobMissing: 2 },
  })
})

beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'test-')), made.udid)
  await cp(made.path, path, { recursive: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const inspect = (of = path) => inspectBackup(of, { openSqlite: openTestSqlite, digests: true })

describe('a backup of iOS 9, with Manifest.mbdb and its files in one folder', () => {
  test('is of that layout', async () => {
    const names = await readdir(path)
    expect(names).toContain('Manifest.mbdb')
    expect(names).toContain('3d0d7e5fb2ce288813306e4d4636395e047a3d28')
    expect(names.filter((name) => name === 'Manifest.db' || name.length === 2)).toEqual([])
  })

  test('gives the content of every attachment as it was planned', async () => {
    const backup = await reader.open(path, { signal })
    const contents: Record<string, unknown> = {}
    const planned: Record<string, unknown> = {}
    const attachments = made.truth.attachments
    for (const { sha256, bytes, ...record } of attachments) {
      const attachment: AttachmentRecord = record
      if (attachment.unavailable !== null) continue
      planned[attachment.key] = { sha256, bytes }
      contents[attachment.key] = await backup.digest(attachment, signal)
    }
    await backup.close()
    expect(Object.keys(planned).length).toBeGreaterThan(10)
    expect(contents).toEqual(planned)
    expect(attachments.filter(({ unavailable }) => unavailable === 'blob-missing')).toHaveLength(2)
  })

  test('is described with what is missing', async () => {
    const inspected = await inspect()
    expect(inspected).toMatchObject({
      wholeness: 'torn',
      reasons: [`Not on disk: 2 of ${inspected.listed?.files} files that the manifest lists.`],
      encrypted: false,
      manifest: 'Manifest.mbdb',
      osVersion: '9.2.1',
      listed: { missingBlobs: 2, unlistedBlobs: 0, undecodable: 0, symlinks: 1 },
      digests: { different: 0 },
    })
    expect(inspected.digests?.checked).toBeGreaterThan(5)
  })

  test.each([
    ['truncated', truncateManifest],
    ['overwritten', overwriteManifest],
  ])('is refused where the manifest is %s', async (_, damage) => {
    await damage(path)
    await expect(reader.open(path, { signal })).rejects.toMatchObject({
      code: 'MANIFEST_DAMAGED',
      message: expect.stringContaining('Manifest.mbdb'),
      retryable: false,
    })
    expect((await inspect()).wholeness).toBe('torn')
  })

  test('is another one for its receipt once its manifest has changed', async () => {
    const before = await fingerprintBackup(path, signal)
    expect(before).toBe(await fingerprintBackup(made.path, signal))
    await appendFile(join(path, 'Manifest.mbdb'), 'x')
    expect(await fingerprintBackup(path, signal)).not.toBe(before)
  })

  test('without its message database is refused as such', async () => {
    await removeBlob(path)
    await expect(reader.open(path, { signal })).rejects.toMatchObject({ code: 'MESSAGES_MISSING' })
  })

  test('is not changed by being read', async () => {
    const before = await hashes(path)
    await (await reader.open(path, { signal })).close()
    await inspect()
    expect(await hashes(path)).toEqual(before)
  })
})

test('Manifest.db counts where both lists are there, as after an update of the phone', async () => {
  const newer = await makeSyntheticBackup({
    into: join(folder, 'newer'),
    seed: 'newer',
    messages: 5,
    attachments: 0,
  })
  await cp(join(path, 'Manifest.mbdb'), join(newer.path, 'Manifest.mbdb'))
  expect(await inspect(newer.path)).toMatchObject({ wholeness: 'complete', manifest: 'Manifest.db' })
})

test('property lists say the same in either form', async () => {
  const described = await Promise.all(
    (['usual', 'xml', 'binary'] as const).map(async (plists) => {
      const each = await makeSyntheticBackup({
        into: join(folder, plists),
        seed: 'forms',
        messages: 5,
        attachments: 0,
        plists,
      })
      const backup = await reader.open(each.path, { signal })
      const { fingerprint: _, ...source } = backup.source
      await backup.close()
      return source
    }),
  )
  expect(described[1]).toEqual(described[0])
  expect(described[2]).toEqual(described[0])
})

test.each(['ios-10', 'ios-18'] as const)(
  'any generation can have either list: %s with Manifest.mbdb',
  async (schema) => {
    const each = await makeSyntheticBackup({
      into: join(folder, schema),
      seed: 'either',
      messages: 20,
      attachments: 3,
      schema,
      manifest: 'Manifest.mbdb',
    })
    expect(blobPath(each.path, messagesFile)).toBe(
      join(each.path, '3d0d7e5fb2ce288813306e4d4636395e047a3d28'),
    )
    const backup = await reader.open(each.path, { signal })
    expect(await backup.totals()).toMatchObject({ messages: 20 })
    await backup.close()
  },
)

async function hashes(of: string): Promise<readonly string[]> {
  const names = (await readdir(of)).sort()
  return Promise.all(
    names.map(async (name) => {
      const hash = createHash('sha256').update(await readFile(join(of, name)))
      return `${name} ${hash.digest('hex')}`
    }),
  )
}
