import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { generatedContent } from '../../src/testing/index.js'
import { treeDigest } from './backup-workshop.js'
import { expectFailureThenSuccess, Workshops } from './fault-workshop.js'
import { named } from './stream-bytes.js'

const backupServiceName = 'com.apple.mobilebackup2'

const workshops = new Workshops()
afterEach(() => workshops.close())

describe('a phone that hangs up at once', () => {
  test('is asked a second time, and not a third', async () => {
    const shop = await workshops.open()
    const hangUp = (): void => {
      shop.phone.unplug()
      shop.phone.plugIn()
    }
    // Between the greeting and the answer to it: the service takes the connection and ends it.
    shop.phone.lockdownFaults.set(`StartService ${backupServiceName}`, 'InvalidService')
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
    shop.phone.lockdownFaults.clear()
    shop.phone.backups.at('requested', hangUp)
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    await shop.acquire()
    expect(await shop.wholeness()).toBe('complete')
  })
})

describe('the end that a phone tells is not believed', () => {
  test('without a single file', async () => {
    const shop = await workshops.open()
    shop.phone.backups.script = async () => {}
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'DEVICE_BACKUP_INCOMPLETE' })
    expect(await shop.wholeness()).toBeNull()
    expect(await shop.beside()).toEqual([])
    await shop.acquire()
    expect(await shop.wholeness()).toBe('complete')
  })

  test('where there is a backup from before, and nothing of a new one', async () => {
    const { shop, before } = await workshops.openWithBackup()
    shop.phone.backups.script = async () => {}
    await expectFailureThenSuccess({ shop, before }, { code: 'DEVICE_BACKUP_INCOMPLETE' })
  })

  test('with a file removed that its list names', async () => {
    const { shop, before } = await workshops.openWithBackup()
    const { backups, udid } = shop.phone
    backups.at('finished', async () => {
      const tree = join(shop.folder, `.${udid}.holdfast-making`, 'backup')
      const folder = (await readdir(tree)).find((name) => /^[0-9a-f]{2}$/.test(name)) ?? ''
      await rm(join(tree, folder), { recursive: true })
    })
    await expectFailureThenSuccess(
      { shop, before },
      { code: 'DEVICE_BACKUP_INCOMPLETE', facts: { wholeness: 'torn' } },
    )
  })
})

describe('the end of an encrypted backup, whose list nobody can read here, is not believed', () => {
  /** A phone with a backup, and what is changed behind its back when it has finished the next one. */
  async function expectRefused(spoil: (tree: string) => Promise<void>, reason: RegExp): Promise<void> {
    const { shop, before } = await workshops.openWithBackup({ backupPassword: 'secret' })
    const tree = join(shop.folder, `.${shop.phone.udid}.holdfast-making`, 'backup')
    shop.phone.backups.at('finished', () => spoil(tree))
    await expectFailureThenSuccess(
      { shop, before },
      { code: 'DEVICE_BACKUP_INCOMPLETE', message: expect.stringMatching(reason) },
    )
  }
  /** The files of a backup: those that it shares with the one before, or the others. */
  async function blobs(tree: string, isShared: boolean): Promise<readonly string[]> {
    const found: string[] = []
    for (const name of await readdir(tree, { recursive: true })) {
      if (!/[0-9a-f]{40}$/.test(name)) continue
      if ((await stat(join(tree, name))).nlink > 1 === isShared) found.push(join(tree, name))
    }
    return found
  }

  test('with a file gone that was there before', () =>
    expectRefused(async (tree) => {
      const [first = ''] = await blobs(tree, true)
      await rm(first)
    }, /1 files/))

  test('with a file gone that the phone sent, and one cut short', () =>
    expectRefused(async (tree) => {
      const [first = '', second = ''] = await blobs(tree, false)
      await rm(first)
      await truncate(second, 1)
    }, /2 files/))

  test('with a list that is cut short', () =>
    expectRefused(async (tree) => {
      const list = join(tree, 'Manifest.db')
      await truncate(list, (await stat(list)).size - 7)
    }, /list is not encrypted/))
})

describe('a phone that means harm', () => {
  test('cannot write outside its folder, and is left', async () => {
    const { shop, before } = await workshops.openWithBackup()
    const { udid } = shop.phone
    shop.phone.backups.script = async (link) => {
      await link.upload(1, 1, async (files) => {
        await files.begin('/x', `${udid}/../../escaped`)
        await files.data(Buffer.from('x'))
        await files.end()
      })
    }
    await expectFailureThenSuccess({ shop, before }, { code: 'BACKUP_UNSAFE' })
    expect(await readdir(join(shop.folder, '..'))).not.toContain('escaped')
  })

  test.each<[string, Buffer]>([
    ['endless names', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    [
      'a block without a kind',
      Buffer.concat([named('/x'), named('00008101-000A1B2C3D4E001E/y'), Buffer.alloc(4)]),
    ],
    ['a file without a place', Buffer.concat([named('/x'), Buffer.alloc(4)])],
  ])('cannot keep the host busy with %s', async (__, bytes) => {
    const { shop, before } = await workshops.openWithBackup()
    shop.phone.backups.script = async (link) => {
      await link.upload(1, 1, (files) => files.raw(bytes))
    }
    await expectFailureThenSuccess({ shop, before }, { code: 'DEVICE_PROTOCOL' })
  })

  test('and stops in the middle of a file is not waited for beyond the limit', async () => {
    const { shop, before } = await workshops.openWithBackup({ device: { silence: 300 } })
    let goOn = (): void => {}
    shop.phone.backups.at('inside-file', () => new Promise((resolve) => (goOn = resolve)))
    await expectFailureThenSuccess({ shop, before }, { code: 'DEVICE_SILENT' })
    goOn()
  })
})

/** A volume of a few megabytes; null where the machine lets none be mounted. */
async function smallVolume(
  megabytes: number,
): Promise<{ folder: string; unmount: () => Promise<void> } | null> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    await rm(folder, { recursive: true })
    return null
  }
  return {
    folder,
    unmount: async () => {
      execFileSync('umount', [folder])
      await rm(folder, { recursive: true })
    },
  }
}

test('a volume that runs full in the middle parks the run, and the backup before is as it was', async (context) => {
  const volume = await smallVolume(8)
  if (volume === null) return context.skip('no small volume can be mounted here')
  try {
    // The phone is told that there is plenty, as on a volume that others fill meanwhile.
    const shop = await workshops.open({
      device: { folder: join(volume.folder, 'backups'), freeSpace: () => 1e12 },
    })
    const path = join(volume.folder, 'backups', shop.phone.udid)
    await shop.acquire({ run: 'first' })
    const before = await treeDigest(path)
    shop.phone.backups.tree.put('HomeDomain', 'Library/large', generatedContent(6_000_000, 'large'))
    await expect(shop.acquire({ run: 'second' })).rejects.toMatchObject({
      code: 'DISK_FULL',
      facts: { systemCode: 'ENOSPC', bytesNeeded: expect.any(Number), bytesFree: expect.any(Number) },
    })
    expect(await treeDigest(path)).toBe(before)
    shop.phone.backups.tree.put('HomeDomain', 'Library/large', 'small')
    await shop.acquire({ run: 'second' })
    expect(await treeDigest(path)).not.toBe(before)
    expect(shop.phone.transcript.complaints).toEqual([])
  } finally {
    await workshops.close()
    await volume.unmount()
  }
})

test('a folder that may not be written is told as such', async () => {
  const shop = await workshops.open()
  await mkdir(join(shop.folder, 'x'))
  await writeFile(join(shop.folder, 'x', 'file'), '')
  const blocked = await workshops.open({ device: { folder: join(shop.folder, 'x', 'file') } })
  await expect(blocked.acquire()).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
})
