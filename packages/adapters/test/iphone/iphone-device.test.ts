import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { installationProxy } from '../../src/iphone/apps/installed-apps.js'
import { changeBackupPassword, listIphones, plainMux } from '../../src/iphone/index.js'
import { parsePlist } from '../../src/plist/parse-plist.js'
import { isDict, type PlistDict, plistDict } from '../../src/plist/plist-value.js'
import { oddScripts } from '../../src/testing/index.js'
import { hurriedClock, someFiles, transports, treeDigest, Workshop } from './backup-workshop.js'
import { readWholeBackup } from './read-whole-backup.js'

let workshop: Workshop | null = null
afterEach(async () => {
  await workshop?.close()
  workshop = null
})

type Settings = NonNullable<Parameters<typeof Workshop.open>[0]>

async function open(settings: Settings = {}): Promise<Workshop> {
  workshop = await Workshop.open(settings)
  return workshop
}

describe.each(transports)('over %s', (_, mux) => {
  test('a backup is made, whole, and nothing lies beside it', async () => {
    const { phone, ...shop } = await open({ mux })
    const made = await workshop?.acquire()
    expect(made).toEqual({ path: join(shop.folder, phone.udid), ownership: 'made' })
    expect(await workshop?.wholeness()).toBe('complete')
    expect(await workshop?.beside()).toEqual([])
    const files = await readWholeBackup(join(shop.folder, phone.udid))
    expect(files.size).toBe(42)
    expect([...files.values()]).not.toContain(null)
    expect(shop.phases).toEqual(['connecting', 'preparing', 'receiving', 'finishing'])
    expect(phone.files.isLocked('/com.apple.itunes.lock_sync')).toBe(false)
    const said = phone.transcript.lines.filter(({ where }) => where.endsWith('notification_proxy'))
    expect(
      said.filter(({ what }) => what === 'PostNotification').map(({ details }) => details['name']),
    ).toEqual(
      ['syncWillStart', 'syncLockRequest', 'syncDidStart', 'syncDidFinish'].map(
        (name) => `com.apple.itunes-mobdev.${name}`,
      ),
    )
    expect(phone.transcript.complaints).toEqual([])
  })
})

test.each(Object.entries(oddScripts))('a phone that %s is borne with', async (__, script) => {
  const shop = await open()
  shop.phone.backups.script = script
  await shop.acquire()
  expect(await shop.wholeness()).toBe('complete')
  expect(shop.phone.transcript.complaints).toEqual([])
})

describe('a second backup', () => {
  test('takes only what has changed, and replaces the first when it is whole', async () => {
    const shop = await open()
    const { phone } = shop
    await shop.acquire()
    const blobs = await inodes(shop.path)
    phone.backups.tree
      .put('HomeDomain', 'Library/Things/3', 'changed')
      .remove('HomeDomain', 'Library/Things/4')
      .put('HomeDomain', 'Library/Things/new', 'new')
    shop.previous = null
    expect(await shop.acquire({ run: 'second' })).toEqual({ path: shop.path, ownership: 'adopted' })
    expect([...phone.backups.sent].sort()).toEqual([
      'HomeDomain-Library/Things/3',
      'HomeDomain-Library/Things/new',
    ])
    expect(await shop.wholeness()).toBe('complete')
    expect(await shop.beside()).toEqual([])
    const after = await inodes(shop.path)
    const same = [...after].filter(([name, inode]) => blobs.get(name) === inode)
    expect(same).toHaveLength(40)
    expect((await readWholeBackup(shop.path)).size).toBe(42)
    expect(phone.transcript.complaints).toEqual([])
  })

  test('takes everything when it is asked to', async () => {
    const shop = await open({ device: { full: true } })
    await shop.acquire()
    await shop.acquire({ run: 'second' })
    expect(shop.phone.backups.sent).toHaveLength(42)
    expect(await shop.wholeness()).toBe('complete')
  })

  test('of a backup that another program left torn begins afresh, and mends it', async () => {
    const shop = await open()
    await shop.acquire()
    for (const name of ['Manifest.plist', 'Manifest.db']) await writeFile(join(shop.path, name), '')
    expect(await shop.wholeness()).toBe('torn')
    await shop.acquire({ run: 'second' })
    expect(await shop.wholeness()).toBe('complete')
    expect(shop.phone.transcript.complaints).toEqual([])
  })
})

describe('Info.plist', () => {
  const infoOf = async (shop: Workshop): Promise<PlistDict> => {
    const parsed = parsePlist(await readFile(join(shop.path, 'Info.plist')))
    if (!parsed.ok || !isDict(parsed.value)) throw new Error('no dictionary')
    return parsed.value
  }

  test('names the apps of the phone, with what installing them again takes', async () => {
    const shop = await open()
    const { apps } = shop.phone.installation
    for (let index = 0; index < 45; index++) apps.set(`com.example.app${index}`, { CFBundleVersion: '1' })
    const [sinf, metadata] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]
    apps.set('com.example.bought', { ApplicationSINF: sinf, iTunesMetadata: metadata })
    await shop.acquire()
    const info = await infoOf(shop)
    expect(info.get('Installed Applications')).toEqual([...apps.keys()])
    expect(info.get('Applications')).toEqual(
      new Map([['com.example.bought', plistDict({ ApplicationSINF: sinf, iTunesMetadata: metadata })]]),
    )
    expect(info.get('Unique Identifier')).toBe(shop.phone.udid)
    expect(shop.phone.transcript.complaints).toEqual([])
  })

  test('names none where the phone does not tell, and the backup is made', async () => {
    const shop = await open()
    shop.phone.installation.apps.set('com.example.app', {})
    shop.phone.lockdownFaults.set(`StartService ${installationProxy}`, 'ServiceProhibited')
    await shop.acquire()
    expect((await infoOf(shop)).get('Installed Applications')).toEqual([])
    expect(await shop.wholeness()).toBe('complete')
  })
})

describe('an encrypted backup', () => {
  test('is made as it is, and opens with the password', async () => {
    const shop = await open({ backupPassword: 'secret' })
    await shop.acquire()
    await shop.acquire({ run: 'second' })
    const files = await readWholeBackup(shop.path, 'secret')
    expect(files.size).toBe(42)
    expect([...files.values()]).not.toContain(null)
    expect(shop.phone.transcript.complaints).toEqual([])
  })

  test('is what the next one is after a password was set, changed, and no more after it was taken away', async () => {
    const shop = await open()
    const { phone } = shop
    const waiting: (string | null)[] = []
    const change = (passwords: { oldPassword?: string; newPassword?: string }) =>
      changeBackupPassword({
        udid: phone.udid,
        mux: plainMux({ address: phone.address }),
        onWaiting: (kind) => waiting.push(kind),
        ...passwords,
      })
    phone.backups.passcode.asks = true
    phone.backups.at('passcode', () => void setImmediate(() => phone.backups.passcode.enter()))
    await change({ newPassword: 'first' })
    expect(waiting).toEqual(['passcode', null])
    expect(phone.backups.willEncrypt).toBe(true)
    phone.backups.passcode.asks = false
    await expect(change({ oldPassword: 'wrong', newPassword: 'second' })).rejects.toMatchObject({
      code: 'DEVICE_PASSWORD_WRONG',
      facts: { deviceCode: 207 },
    })
    await change({ oldPassword: 'first', newPassword: 'second' })
    await shop.acquire()
    expect((await readWholeBackup(shop.path, 'second')).size).toBe(42)
    await expect(change({ oldPassword: 'first' })).rejects.toMatchObject({ code: 'DEVICE_PASSWORD_WRONG' })
    await change({ oldPassword: 'second' })
    expect(phone.backups.willEncrypt).toBe(false)
    await expect(change({})).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect(JSON.stringify(phone.transcript.lines)).not.toMatch(/first|second|wrong/)
    expect(phone.transcript.complaints).toEqual([])
  })
})

describe('a run that has made its backup', () => {
  test('does not need the phone any more when it tries again', async () => {
    const shop = await open()
    await shop.acquire()
    await shop.phone.stop()
    expect(await shop.acquire()).toEqual({ path: shop.path, ownership: 'made' })
    // A run that has not made it does need the phone.
    await expect(shop.acquire({ run: 'another' })).rejects.toMatchObject({ code: 'MUX_UNREACHABLE' })
  })

  test('keeps others from replacing the backup until it lets it go', async () => {
    const shop = await open()
    const backup = await shop.acquire()
    const before = await treeDigest(shop.path)
    // Another library, whose run is alive.
    const into = ['library:/elsewhere/library.db']
    const { device, phone } = shop
    const second = {
      ...{ run: 'second', into, previous: null, input: { udid: phone.udid } },
      signal: new AbortController().signal,
      onBackup: async () => {},
      progress: () => {},
      activity: () => {},
      ask: async () => null,
    }
    await expect(device.acquire(second)).rejects.toMatchObject({
      code: 'BACKUP_HELD',
      message: expect.stringMatching(
        /^Run 'run' of the library .* needs the backup that is there, so no other takes its place$/,
      ),
      hint: expect.stringMatching(/^Finish or discard the other run/),
      facts: { run: 'run' },
    })
    expect(await treeDigest(shop.path)).toBe(before)
    const { signal } = second
    await device.discard(backup, { delete: false, signal, run: 'run' })
    expect((await device.acquire(second)).ownership).toBe('adopted')
  })

  test('deletes what it made when it is discarded, and nothing that was there before', async () => {
    const shop = await open()
    const { device } = shop
    const { signal } = new AbortController()
    const first = await shop.acquire({ run: 'first' })
    await device.discard(first, { delete: false, signal, run: 'first' })
    shop.previous = null
    const second = await shop.acquire({ run: 'second' })
    await device.discard(second, { delete: true, signal, run: 'second' })
    expect(await shop.wholeness()).toBe('complete')
    await rm(shop.path, { recursive: true })
    shop.previous = null
    const third = await shop.acquire({ run: 'third' })
    await device.discard(third, { delete: true, signal, run: 'third' })
    await device.discard(third, { delete: true, signal, run: 'third' })
    expect(await readdir(shop.folder)).toEqual([])
  })

  test('is never deleted by a run that did not finish one', async () => {
    const shop = await open()
    shop.phone.backups.at('sent', () => shop.phone.unplug())
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    // Another program makes a backup there meanwhile.
    await mkdir(shop.path)
    await writeFile(join(shop.path, 'Manifest.db'), 'theirs')
    const backup = { path: shop.path, ownership: 'made' as const }
    await shop.device.discard(backup, { delete: true, signal: new AbortController().signal, run: 'run' })
    expect(await readFile(join(shop.path, 'Manifest.db'), 'utf8')).toBe('theirs')
    expect(await readdir(shop.folder)).toEqual([shop.phone.udid])
  })
})

describe('a run that a kill ended between the renames, when neither backup is in its place', () => {
  const { signal } = new AbortController()

  /** Gives the new backup's reference, and what is there then: the old backup and the new one beside the place of both. */
  async function killedBetween(shop: Workshop) {
    const { device, phone, folder, path } = shop
    const first = await shop.acquire({ run: 'first' })
    await device.discard(first, { delete: false, signal, run: 'first' })
    const old = join(folder, 'old')
    await cp(path, old, { recursive: true })
    shop.previous = null
    phone.backups.tree.put('HomeDomain', 'Library/new', 'new')
    const second = await shop.acquire({ run: 'second' })
    shop.previous = null
    const beside = (what: string): string => join(folder, `.${phone.udid}.holdfast-${what}`)
    await mkdir(beside('made'))
    await rename(path, join(beside('made'), 'backup'))
    await rename(old, beside('replaced'))
    return second
  }

  test.each([true, false])('and that is discarded leaves a whole one there (delete: %s)', async (isToGo) => {
    const shop = await open()
    const second = await killedBetween(shop)
    expect(second.ownership).toBe('adopted')
    await shop.device.discard(second, { delete: isToGo, signal, run: 'second' })
    expect(await shop.wholeness()).toBe('complete')
    expect(await readdir(shop.folder)).toEqual([shop.phone.udid])
  })

  test('leaves a backup that the next run does not own', async () => {
    const shop = await open()
    await killedBetween(shop)
    const third = await shop.acquire({ run: 'third' })
    expect(third.ownership).toBe('adopted')
    await shop.device.discard(third, { delete: true, signal, run: 'third' })
    expect(await shop.wholeness()).toBe('complete')
  })
})

test('a run that is discarded before its backup took the place of somebody else’s deletes its own alone', async () => {
  const shop = await open()
  const backup = await shop.acquire()
  const made = join(shop.folder, `.${shop.phone.udid}.holdfast-made`)
  await mkdir(made)
  await rename(shop.path, join(made, 'backup'))
  await mkdir(shop.path)
  await writeFile(join(shop.path, 'Manifest.db'), 'theirs')
  await shop.device.discard(backup, { delete: true, signal: new AbortController().signal, run: 'run' })
  expect(await readFile(join(shop.path, 'Manifest.db'), 'utf8')).toBe('theirs')
  expect(await readdir(shop.folder)).toEqual([shop.phone.udid])
})

// Root may write wherever it likes.
test.skipIf(process.getuid?.() === 0)(
  'what the file system refuses when a made backup is to be put in its place is told as an error of ours',
  async () => {
    const shop = await open()
    await shop.acquire()
    const made = join(shop.folder, `.${shop.phone.udid}.holdfast-made`)
    await mkdir(made)
    await rename(shop.path, join(made, 'backup'))
    await chmod(shop.folder, 0o500)
    await expect(shop.acquire()).rejects.toMatchObject({ code: 'DESTINATION_UNWRITABLE' })
    await chmod(shop.folder, 0o700)
  },
)

test.each([
  ['made', 'file'],
  ['made', 'link'],
  ['making', 'file'],
  ['making', 'link'],
])('in the place of the folder %s a %s is removed, and leads nowhere', async (what, kind) => {
  const shop = await open()
  const place = join(shop.folder, `.${shop.phone.udid}.holdfast-${what}`)
  const outside = join(shop.folder, 'outside')
  await mkdir(join(outside, 'backup'), { recursive: true })
  if (kind === 'file') await writeFile(place, '')
  else await symlink(outside, place)
  expect((await shop.acquire()).ownership).toBe('made')
  expect(await shop.wholeness()).toBe('complete')
  expect(await readdir(outside, { recursive: true })).toEqual(['backup'])
})

test('what is told of progress never falls, and ends with all bytes', async () => {
  const shop = await open({ tree: someFiles(300) })
  await shop.acquire()
  const done = shop.progress.map((each) => each.done)
  expect(done).toEqual([...done].sort((a, b) => a - b))
  for (const { done: bytes, total } of shop.progress) expect(total ?? bytes).toBeGreaterThanOrEqual(bytes)
  expect(done.at(-1)).toBeGreaterThan(3_000_000)
})

test('options that are misspelt, and runs that name no phone, are refused at once', async () => {
  const shop = await open({ device: { clock: hurriedClock(1) } })
  const { device } = shop
  expect(() => device.resources({ path: '/x' })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  expect(() => device.resources({ udid: '../x' })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  )
  expect(device.resources({ udid: shop.phone.udid.replace('-', '') })).toEqual([
    `device:${shop.phone.udid}`,
    `backup:${shop.path}`,
  ])
  await expect(Workshop.open({ device: JSON.parse('{"fulll":true}') })).rejects.toMatchObject({
    code: 'OPTION_UNKNOWN',
  })
  const [misspelt, wrong]: object[] = [{ sgnal: null }, { signal: 1 }]
  await expect(listIphones(misspelt)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' })
  await expect(listIphones(wrong)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})

/** Inodes of all blobs, by name. */
async function inodes(root: string): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (const name of await readdir(root)) {
    if (!/^[0-9a-f]{2}$/.test(name)) continue
    for (const blob of await readdir(join(root, name))) {
      found.set(blob, (await stat(join(root, name, blob))).ino)
    }
  }
  return found
}
