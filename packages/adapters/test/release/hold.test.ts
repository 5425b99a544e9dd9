import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Receipt } from '@holdfast/core/import'
import { receiptFor } from '@holdfast/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { nodeFiles } from '../../src/backup-folder/file-operations.js'
import { backupFolder, type Holder, holdsOn, placeHold, removeHold } from '../../src/backup-folder/index.js'
import { releaseFolder } from '../../src/backup-folder/release-folder.js'
import { fingerprintBackup } from '../../src/ios-backup/index.js'
import { makeSyntheticBackup, type SyntheticBackup } from '../../src/testing/index.js'

const { signal } = new AbortController()
const device = backupFolder({ retries: 1, retryDelay: 1 })
const child = fileURLToPath(new URL('hold-child.ts', import.meta.url))
let folder: string
let made: SyntheticBackup
/** A fresh copy of the backup in a parent of its own, and the folders of two libraries. */
let path: string
let ours: Holder
let theirs: Holder

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-hold-')))
  made = await makeSyntheticBackup({ into: folder, seed: 'hold', messages: 10, attachments: 3 })
})

beforeEach(async () => {
  const place = await mkdtemp(join(folder, 'test-'))
  path = join(place, 'backups', made.udid)
  await cp(made.path, path, { recursive: true })
  ours = await libraryIn(join(place, 'ours'), 'our run')
  theirs = await libraryIn(join(place, 'theirs'), 'their run')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function libraryIn(place: string, run: string): Promise<Holder> {
  await mkdir(place)
  await writeFile(join(place, 'library.db'), '')
  return { run, into: [`library:${join(place, 'library.db')}`] }
}

async function acquire({ run, into }: Holder) {
  return device.acquire({
    run,
    into,
    signal,
    input: { path, cleanup: 'delete' },
    previous: null,
    onBackup: async () => {},
    progress: () => {},
    activity: () => {},
    ask: async () => null,
  })
}

async function receiptOf({ run }: Holder): Promise<Receipt> {
  const fingerprint = await fingerprintBackup(made.path, signal)
  return receiptFor({ id: run, owner: 'me', udid: null, fingerprint })
}

async function release(holder: Holder, policy: 'delete' | 'keep' = 'delete') {
  return device.release({ path, ownership: 'handed-over' }, await receiptOf(holder), {
    policy,
    signal,
    ...holder,
  })
}

/** A process that takes hold of the backup and is gone. */
async function placedByTheDead(holder: Holder): Promise<void> {
  const options = ['--import', 'tsx', '--conditions=@holdfast/source', child]
  await promisify(execFile)(process.execPath, [...options, path, JSON.stringify(holder)], {
    cwd: dirname(child),
  })
}

const beside = () => readdir(dirname(path))

describe('the mark of a run on its backup', () => {
  test('is a file beside it that says who needs it, and does not make the backup look changed', async () => {
    await acquire(ours)
    const [mark = '', ...others] = (await beside()).filter((name) => name !== basename(path))
    expect(others).toEqual([])
    expect(mark).toMatch(new RegExp(`^\\.${made.udid}\\.holdfast-hold-[0-9a-f]{12}\\.json$`))
    expect(JSON.parse(await readFile(join(dirname(path), mark), 'utf8'))).toMatchObject({
      format: 'holdfast-hold',
      version: 1,
      backup: made.udid,
      run: 'our run',
      library: ours.into[0]?.slice('library:'.length),
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      process: { pid: process.pid },
      note: expect.stringContaining('Do not change or delete it'),
    })
    expect(await fingerprintBackup(path, signal)).toBe(await fingerprintBackup(made.path, signal))
  })

  test('stays the first one when the run goes on, and is gone when it lets the backup go or is discarded', async () => {
    await acquire(ours)
    const [first] = await holdsOn(path)
    const backup = await acquire(ours)
    expect(await holdsOn(path)).toEqual([first])
    expect(await release(ours, 'keep')).toEqual({ deleted: false })
    expect(await beside()).toEqual([made.udid])
    await acquire(ours)
    await device.discard(backup, { run: ours.run, delete: false, signal })
    expect(await beside()).toEqual([made.udid])
    await acquire(ours)
    expect(await release(ours)).toEqual({ deleted: true })
    expect(await beside()).toEqual([])
  })

  test('keeps the backup from a run of another library, until that run lets it go', async () => {
    await acquire(ours)
    await acquire(theirs)
    await expect(release(ours)).rejects.toMatchObject({
      code: 'BACKUP_HELD',
      retryable: true,
      hint: expect.stringContaining('Finish or discard the other run'),
      facts: { run: 'their run', library: theirs.into[0]?.slice('library:'.length) },
    })
    expect(await fingerprintBackup(path, signal)).toBe(await fingerprintBackup(made.path, signal))
    // Neither waits for the other: whoever has stored everything holds the backup no more.
    expect(await release(theirs)).toEqual({ deleted: true })
    expect(await release(ours)).toEqual({ deleted: true })
    expect(await beside()).toEqual([])
  })

  test('outlives the process of a run that is parked', async () => {
    await placedByTheDead(theirs)
    await expect(release(ours)).rejects.toMatchObject({ code: 'BACKUP_HELD' })
  })

  test('does not count when its process has ended and its library was deleted', async () => {
    await placedByTheDead(theirs)
    await rm(join(dirname(path), '..', 'theirs'), { recursive: true })
    expect(await release(ours)).toEqual({ deleted: true })
  })

  test('counts when its library is gone with the disk on which it lies', async () => {
    await placedByTheDead(theirs)
    const [found] = await holdsOn(path)
    const away = { ...found?.hold, library: '/media/away/library.db', libraryDevice: 123_456_789 }
    await writeFile(found?.file ?? '', JSON.stringify(away))
    await expect(release(ours)).rejects.toMatchObject({ code: 'BACKUP_HELD' })
  })

  test('keeps the backup from another run of the same library as well: that one may be parked', async () => {
    const parked = { ...ours, run: 'a parked run' }
    await acquire(parked)
    await expect(release(ours)).rejects.toMatchObject({
      code: 'BACKUP_HELD',
      message: "Run 'a parked run' of this library needs the backup, so it is not deleted",
    })
    await removeHold(path, parked.run)
    await placedByTheDead(parked)
    await expect(release(ours)).rejects.toMatchObject({ code: 'BACKUP_HELD' })
    expect(await fingerprintBackup(path, signal)).toBe(await fingerprintBackup(made.path, signal))
  })

  test('of a run that is known to be no more is removed by hand', async () => {
    await placedByTheDead({ ...ours, run: 'a forgotten run' })
    await expect(release(ours)).rejects.toMatchObject({ code: 'BACKUP_HELD' })
    await removeHold(path, 'a forgotten run')
    expect(await release(ours)).toEqual({ deleted: true })
  })

  test('counts when nobody can read it', async () => {
    await placeHold(path, theirs)
    const [found] = await holdsOn(path)
    await writeFile(found?.file ?? '', '{"format":"holdfast-hold","version":2}')
    await expect(release(ours)).rejects.toMatchObject({ code: 'BACKUP_HELD', facts: { run: null } })
  })

  test('that is made while the backup is renamed to go puts it back', async () => {
    const files = {
      ...nodeFiles,
      rename: async (from: string, to: string) => {
        if (from === path) await placeHold(path, theirs)
        await nodeFiles.rename(from, to)
      },
    }
    const releasing = releaseFolder(path, await receiptOf(ours), { signal, files, holder: ours })
    await expect(releasing).rejects.toMatchObject({ code: 'BACKUP_HELD' })
    expect(await fingerprintBackup(path, signal)).toBe(await fingerprintBackup(made.path, signal))
    await removeHold(path, theirs.run)
    await releaseFolder(path, await receiptOf(ours), { signal, holder: ours })
    expect(existsSync(path)).toBe(false)
    expect(await beside()).toEqual([])
  })

  test('is taken away again when the backup went while it was made', async () => {
    await rm(path, { recursive: true })
    await expect(acquire(ours)).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
    expect(await beside()).toEqual([])
  })
})
