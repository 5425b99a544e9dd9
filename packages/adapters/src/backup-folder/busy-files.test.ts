import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { receiptFor } from '@holdfast/core/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fingerprintBackup } from '../ios-backup/index.js'
import { makeSyntheticBackup, type SyntheticBackup } from '../testing/index.js'
import { type FileOperations, nodeFiles } from './file-operations.js'
import { placeHold } from './hold.js'
import { releaseFolder } from './release-folder.js'
import { removeTree } from './remove-tree.js'

/**
 * Node's file operations, but one of them fails for paths that end in `ending`, as often as `times` says: a scanner that holds a file
 * cannot be had in every place where tests run.
 */
function refusing(
  call: 'unlink' | 'rename',
  code: string,
  ending: string,
  times = 1_000_000,
): FileOperations {
  let left = times
  return {
    ...nodeFiles,
    [call]: async (path: string, to: string) => {
      if (path.endsWith(ending) && left > 0) {
        left--
        throw Object.assign(new Error(`${code}: refused`), { code })
      }
      await nodeFiles[call](path, to)
    },
  }
}

/** Node's file operations, but a folder lies on another file system. */
function mountedAt(place: string): FileOperations {
  return {
    ...nodeFiles,
    lstat: async (path) => {
      const stats = await nodeFiles.lstat(path)
      if (path === place) stats.dev++
      return stats
    },
  }
}

const { signal } = new AbortController()
let folder: string
let made: SyntheticBackup
let path: string

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-busy-')))
  made = await makeSyntheticBackup({ into: folder, seed: 'busy', messages: 10, attachments: 0 })
})

beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'test-')), made.udid)
  await cp(made.path, path, { recursive: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function release(files: FileOperations): Promise<void> {
  const fingerprint = await fingerprintBackup(made.path, signal)
  const receipt = await receiptFor({ id: 'run', owner: 'me', udid: null, fingerprint })
  await releaseFolder(path, receipt, {
    signal,
    retries: 2,
    delay: 1,
    files,
    holder: { run: 'run', into: [] },
  })
}

test.each(['EBUSY', 'EPERM', 'EACCES'])(
  '%s that passes is waited out, for the renaming and for a file',
  async (code) => {
    await release(refusing('rename', code, made.udid, 2))
    expect(existsSync(path)).toBe(false)
    await cp(made.path, path, { recursive: true })
    await release(refusing('unlink', code, 'Status.plist', 2))
    expect(await readdir(dirname(path))).toEqual([])
  },
)

test('what stays busy is named, all else goes, and a later call finishes', async () => {
  await expect(release(refusing('unlink', 'EBUSY', '.plist'))).rejects.toMatchObject({
    code: 'RELEASE_FAILED',
    retryable: true,
    facts: {
      remaining: 3,
      paths: expect.stringContaining('Manifest.plist'),
      systemCode: 'EBUSY',
      aside: expect.stringContaining('.holdfast-released-'),
    },
  })
  const [aside = ''] = await readdir(dirname(path))
  expect((await readdir(join(dirname(path), aside))).sort()).toEqual([
    'Info.plist',
    'Manifest.plist',
    'Status.plist',
  ])
  await release(nodeFiles)
  expect(await readdir(dirname(path))).toEqual([])
})

test('a backup that cannot be renamed stays whole', async () => {
  await expect(release(refusing('rename', 'EBUSY', made.udid))).rejects.toMatchObject({
    code: 'RELEASE_FAILED',
    message: expect.stringContaining('all of it is still there'),
  })
  expect(await fingerprintBackup(path, signal)).toBe(await fingerprintBackup(made.path, signal))
})

test('nothing goes while the manifest stays, so that a backup which another run needs meanwhile is put back whole', async () => {
  const entries = (await readdir(path, { recursive: true })).sort()
  await expect(release(refusing('unlink', 'EBUSY', 'Manifest.db'))).rejects.toMatchObject({
    code: 'RELEASE_FAILED',
    facts: { remaining: 1, paths: expect.stringContaining('Manifest.db'), systemCode: 'EBUSY' },
  })
  const library = join(dirname(path), 'library.db')
  await writeFile(library, '')
  await placeHold(path, { run: 'another', into: [`library:${library}`] })
  await expect(release(nodeFiles)).rejects.toMatchObject({ code: 'BACKUP_HELD' })
  expect((await readdir(path, { recursive: true })).sort()).toEqual(entries)
})

test('an error that does not pass is not tried again', async () => {
  await expect(release(refusing('unlink', 'EIO', 'Status.plist', 1))).rejects.toMatchObject({
    code: 'RELEASE_FAILED',
    facts: { remaining: 1, systemCode: 'EIO' },
  })
})

test('files that stay busy do not each wait for all pauses', async () => {
  for (let file = 0; file < 500; file++) await writeFile(join(path, `busy-${file}`), '')
  const started = performance.now()
  const remains = await removeTree(path, {
    signal,
    retries: 4,
    delay: 20,
    files: refusing('unlink', 'EBUSY', ''),
  })
  expect(remains.count).toBeGreaterThan(500)
  expect(remains.paths).toHaveLength(5)
  // 300 ms of pauses, once: for each group of files that are tried together it would be five seconds.
  expect(performance.now() - started).toBeLessThan(2500)
})

test('another file system that is mounted inside is left alone', async () => {
  const mounted = join(path, 'mounted')
  await mkdir(mounted)
  await writeFile(join(mounted, 'precious'), 'precious')
  const remains = await removeTree(path, { signal, files: mountedAt(mounted) })
  expect(remains).toEqual({ count: 1, paths: [mounted], systemCode: 'EXDEV' })
  expect(await readFile(join(mounted, 'precious'), 'utf8')).toBe('precious')
  expect(await readdir(path)).toEqual(['mounted'])
})
