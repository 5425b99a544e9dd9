import { existsSync } from 'node:fs'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import type { Json } from '@holdfast/core'
import type { BackupRef, Receipt } from '@holdfast/core/import'
import { receiptFor } from '@holdfast/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fingerprintBackup } from '../ios-backup/index.js'
import { makeSyntheticBackup, type SyntheticBackup } from '../testing/index.js'
import { backupFolder } from './index.js'

const { signal } = new AbortController()
const device = backupFolder({ retries: 1, retryDelay: 1 })
let folder: string
let made: SyntheticBackup
/** A fresh copy of the backup, alone in a parent, for each test. */
let path: string
let receipt: Receipt

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-folder-')))
  made = await makeSyntheticBackup({ into: folder, seed: 'folder', messages: 30, attachments: 10 })
})

beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'test-')), made.udid)
  await cp(made.path, path, { recursive: true })
  receipt = await receiptOf(path)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function receiptOf(backup: string): Promise<Receipt> {
  return receiptFor({
    id: 'run',
    owner: 'me',
    udid: null,
    fingerprint: await fingerprintBackup(backup, signal),
  })
}

function asideOf(backup: string): string {
  return join(dirname(backup), `.${basename(backup)}.holdfast-released-${receipt.seal.slice(0, 12)}`)
}

async function acquire(input: Json): Promise<{ ref: BackupRef; told: BackupRef[] }> {
  const told: BackupRef[] = []
  const ref = await device.acquire({
    run: 'run',
    into: [],
    signal,
    input,
    previous: null,
    onBackup: async (backup) => {
      told.push(backup)
    },
    progress: () => {},
    activity: () => {},
    ask: async () => null,
  })
  return { ref, told }
}

const release = (
  ownership: BackupRef['ownership'] = 'handed-over',
  policy: 'delete' | 'scratch' | 'keep' = 'delete',
) => device.release({ path, ownership }, receipt, { policy, signal, run: 'run', into: [] })

describe('acquiring', () => {
  test('adopts the folder at its real path, and tells of it', async () => {
    const link = join(dirname(path), 'link')
    await symlink(path, link)
    const { ref, told } = await acquire({ path: relative(process.cwd(), link) })
    expect(ref).toEqual({ path, ownership: 'adopted' })
    expect(told).toEqual([ref])
  })

  test('takes the folder over only when the input asks to have it deleted', async () => {
    expect((await acquire({ path, cleanup: 'delete' })).ref.ownership).toBe('handed-over')
    expect((await acquire({ path, cleanup: 'scratch' })).ref.ownership).toBe('adopted')
    expect((await acquire({ path, cleanup: 'keep', other: 1 })).ref.ownership).toBe('adopted')
  })

  test('refuses a path without a folder', async () => {
    await expect(acquire({ path: join(path, 'nothing') })).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
    await expect(acquire({ path: join(path, 'Manifest.db') })).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
    })
  })

  test.each([[null], ['/path'], [{}], [{ path: '' }], [{ path: 5 }], [{ path: '/a', cleanup: 'remove' }]])(
    'refuses the input %j',
    async (input) => {
      await expect(acquire(input)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
      expect(() => device.resources(input)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    },
  )

  test('names one resource for all names of a folder', async () => {
    const link = join(dirname(path), 'link')
    await symlink(path, link)
    expect(device.resources({ path: link })).toEqual([`backup:${path}`])
    expect(device.resources({ path: `${path}/` })).toEqual([`backup:${path}`])
    expect(device.expectedPath({ path: link })).toBe(path)
    expect(device.resources({ path: join(path, 'not', 'there') })).toEqual([
      `backup:${join(path, 'not', 'there')}`,
    ])
  })
})

describe('releasing with a valid receipt', () => {
  test('deletes a backup that was handed over, and nothing beside it', async () => {
    await writeFile(join(dirname(path), 'neighbour'), '')
    expect(await release()).toEqual({ deleted: true })
    expect(await readdir(dirname(path))).toEqual(['neighbour'])
  })

  test.each(['keep', 'scratch'] as const)("keeps it under '%s'", async (policy) => {
    expect(await release('handed-over', policy)).toEqual({ deleted: false })
    expect(await fingerprintBackup(path, signal)).toBe(receipt.source.fingerprint)
  })

  test('refuses to delete a backup that was adopted', async () => {
    await expect(release('adopted')).rejects.toMatchObject({ code: 'RELEASE_REFUSED' })
    expect(existsSync(join(path, 'Manifest.db'))).toBe(true)
  })

  test('does not follow links out of the backup', async () => {
    const outside = join(dirname(path), 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'precious'), 'precious')
    await symlink(outside, join(path, 'zz'))
    expect(await release()).toEqual({ deleted: true })
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('precious')
    expect(existsSync(path)).toBe(false)
  })

  test('is the same when it is repeated', async () => {
    await release()
    expect(await release()).toEqual({ deleted: true })
  })
})

describe('a crash while a backup is deleted', () => {
  test('behind the renaming: the next call removes the rest, and does not need the original', async () => {
    await rename(path, asideOf(path))
    await rm(join(asideOf(path), 'Manifest.db'))
    expect(await release()).toEqual({ deleted: true })
    expect(await readdir(dirname(path))).toEqual([])
  })

  test('after which a new backup was made in the same place: that one stays', async () => {
    await rename(path, asideOf(path))
    await cp(made.path, path, { recursive: true })
    await writeFile(join(path, 'Info.plist'), 'of a newer backup')
    expect(await release()).toEqual({ deleted: true })
    expect(await readdir(dirname(path))).toEqual([basename(path)])
    expect(existsSync(join(path, 'Manifest.db'))).toBe(true)
  })

  test('an abort at any moment leaves the whole backup or one that was renamed, and the next call finishes', async () => {
    const states: string[] = []
    for (let check = 1; states.at(-1) !== 'gone'; check += 3) {
      const reason = new Error('stop')
      const aborting = abortingAt(check, reason)
      const releasing = device.release({ path, ownership: 'handed-over' }, receipt, {
        policy: 'delete',
        signal: aborting,
        run: 'run',
        into: [],
      })
      const aborted = await releasing.then(
        () => false,
        (error: unknown) => error === reason,
      )
      states.push(await stateOf(path))
      expect(aborted).toBe(states.at(-1) !== 'gone')
      expect(await release()).toEqual({ deleted: true })
      expect(await stateOf(path)).toBe('gone')
      await cp(made.path, path, { recursive: true })
    }
    expect(states.join(' ')).toMatch(/^(whole )+(aside )+gone$/)
  })
})

/** What is there of a backup: all of it in its place, (some of) it renamed, or nothing. */
async function stateOf(backup: string): Promise<string> {
  const names = await readdir(dirname(backup))
  if (names.length === 0) return 'gone'
  if (names.length > 1) return `both: ${names.join(', ')}`
  if (names[0] === basename(asideOf(backup))) return 'aside'
  return (await fingerprintBackup(backup, signal)) === receipt.source.fingerprint ? 'whole' : 'damaged'
}

/** A signal that aborts when it is asked for the n-th time whether it has. */
function abortingAt(check: number, reason: Error): AbortSignal {
  const controller = new AbortController()
  let checks = 0
  Object.defineProperty(controller.signal, 'throwIfAborted', {
    value() {
      checks++
      if (checks === check) controller.abort(reason)
      if (controller.signal.aborted) throw reason
    },
  })
  return controller.signal
}

describe('nothing is touched', () => {
  async function expectKept(
    code: string,
    ref: BackupRef = { path, ownership: 'handed-over' },
  ): Promise<void> {
    const before = await readdir(dirname(path))
    await expect(
      device.release(ref, receipt, { policy: 'delete', signal, run: 'run', into: [] }),
    ).rejects.toMatchObject({
      code,
      retryable: false,
    })
    expect(await readdir(dirname(path))).toEqual(before)
    expect(existsSync(made.path)).toBe(true)
  }

  test('when the backup changed since it was verified', async () => {
    await writeFile(join(path, 'Status.plist'), 'changed')
    await expectKept('BACKUP_CHANGED')
  })

  test('when the receipt is of another backup', async () => {
    receipt = await receiptFor({ id: 'run', owner: 'me', udid: null, fingerprint: 'f'.repeat(64) })
    await expectKept('BACKUP_CHANGED')
  })

  test.each(['delete', 'keep'] as const)("when the receipt was tampered with, under '%s'", async (policy) => {
    const tampered: Receipt = { ...receipt, owner: 'somebody else' }
    const releasing = device.release({ path, ownership: 'handed-over' }, tampered, {
      policy,
      signal,
      run: 'run',
      into: [],
    })
    await expect(releasing).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
    expect(existsSync(join(path, 'Manifest.db'))).toBe(true)
  })

  test('when the folder no longer holds Manifest.db', async () => {
    await rm(join(path, 'Manifest.db'))
    receipt = await receiptOf(path)
    await expectKept('RELEASE_REFUSED')
  })

  test('when the folder is a link now, or lies behind one', async () => {
    await rename(path, `${path}-moved`)
    await symlink(`${path}-moved`, path)
    await expectKept('RELEASE_REFUSED')
    const behind = join(dirname(path), 'behind')
    await symlink(folder, behind)
    await expectKept('RELEASE_REFUSED', { path: join(behind, made.udid), ownership: 'handed-over' })
  })

  test.each(['/', homedir(), dirname(homedir()), join(dirname(homedir()), '..')])(
    'when the path is %s',
    async (place) => {
      await expectKept('RELEASE_REFUSED', { path: join(place), ownership: 'handed-over' })
    },
  )

  test('when something that is no folder has the name of the released one', async () => {
    await writeFile(asideOf(path), 'a file of somebody')
    await expectKept('RELEASE_REFUSED')
    expect(await readFile(asideOf(path), 'utf8')).toBe('a file of somebody')
  })

  test('when the run is discarded, whatever the ownership', async () => {
    for (const ownership of ['adopted', 'handed-over'] as const) {
      await device.discard({ path, ownership }, { delete: true, signal, run: 'run' })
    }
    expect(await fingerprintBackup(path, signal)).toBe(receipt.source.fingerprint)
  })

  test('when the signal was given already', async () => {
    const reason = new Error('stop')
    const stopped = AbortSignal.abort(reason)
    await expect(
      device.release({ path, ownership: 'handed-over' }, receipt, {
        policy: 'delete',
        signal: stopped,
        run: 'run',
        into: [],
      }),
    ).rejects.toBe(reason)
    expect(existsSync(join(path, 'Manifest.db'))).toBe(true)
  })
})

test('the options refuse a misspelt name and a wrong value', () => {
  expect(() => backupFolder({ retries: -1 })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  const misspelt: object = { retry: 3 }
  expect(() => backupFolder(misspelt)).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }))
})
