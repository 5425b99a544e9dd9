import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectBackup } from '../../src/ios-backup/index.js'
import {
  EmulatedIphone,
  type EmulatedIphoneOptions,
  generatedContent,
  openTestSqlite,
  PhoneTree,
} from '../../src/testing/index.js'
import { readTree, readWholeBackup } from './read-whole-backup.js'

const installed = spawnSync('idevicebackup2', ['--help']).error === undefined
const service = 'com.apple.mobilebackup2'
const photo = 'MediaDomain-Media/DCIM/IMG_1.HEIC'

let folder = ''
let phone: EmulatedIphone | null = null

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-tools-'))
})
afterEach(async () => {
  await phone?.stop()
  phone = null
  await rm(folder, { recursive: true, force: true })
})

async function start(options: EmulatedIphoneOptions = {}): Promise<EmulatedIphone> {
  phone = await EmulatedIphone.start({ tree: sampleTree(), ...options })
  return phone
}

function sampleTree(): PhoneTree {
  const tree = new PhoneTree()
  for (let index = 0; index < 300; index++) tree.put('HomeDomain', `Library/many/${index}`, `file ${index}`)
  tree.put('HomeDomain', 'Library/Preferences/a.plist', 'first')
  tree.put('HomeDomain', 'Library/empty', '')
  tree.put('AppDomain-com.example.notebook', 'Documents/Übersicht – 総覧.txt', 'notes')
  tree.link('DatabaseDomain', 'timezone/localtime', '/var/db/timezone')
  return tree.put('MediaDomain', 'Media/DCIM/IMG_1.HEIC', generatedContent(3_000_000, 'photo'))
}

function begin(each: EmulatedIphone, ...words: readonly string[]): ChildProcess {
  const env = { ...process.env, USBMUXD_SOCKET_ADDRESS: each.address }
  return spawn('idevicebackup2', [...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Waits for the program; gives its exit status, and all that it printed. */
async function ended(tool: ChildProcess): Promise<{ readonly status: number | null; readonly said: string }> {
  const said: string[] = []
  for (const stream of [tool.stdout, tool.stderr]) stream?.on('data', (text) => said.push(String(text)))
  const status = await new Promise<number | null>((resolve) => tool.on('close', resolve))
  return { status, said: said.join('') }
}

/** Makes a backup that succeeds, without a complaint of the phone. */
async function backUp(each: EmulatedIphone, ...words: readonly string[]): Promise<void> {
  const { status, said } = await ended(begin(each, ...words, 'backup', folder))
  expect(each.transcript.complaints).toEqual([])
  expect({ status, said }).toMatchObject({ status: 0, said: expect.stringContaining('Backup Successful') })
}

/** The backup is complete, and holds what the phone holds. */
async function expectWhole(each: EmulatedIphone, password: string | null = null): Promise<void> {
  const path = join(folder, each.udid)
  const inspection = await inspectBackup(path, { openSqlite: openTestSqlite, digests: password === null })
  expect(inspection).toMatchObject({ wholeness: 'complete', reasons: [], remarks: [] })
  expect(inspection.encrypted).toBe(password !== null)
  expect(await readWholeBackup(path, password)).toEqual(await readTree(each.backups.tree))
}

describe.skipIf(!installed)(
  `idevicebackup2 takes the emulated phone for real${installed ? '' : ' (skipped: libimobiledevice-utils is not installed)'}`,
  { timeout: 120_000 },
  () => {
    test.each<EmulatedIphoneOptions>([
      { linkVersion: 300, tls: '1.2' },
      { linkVersion: 400, certificates: 'sha1' },
    ])('a full backup holds every file of the phone: %j', async (options) => {
      const each = await start(options)
      await backUp(each)
      await expectWhole(each)
      expect(each.backups.sent).toHaveLength(304)
      const posted = each.transcript.lines.flatMap(({ what, details }) =>
        what === 'PostNotification' ? [details['name']] : [],
      )
      expect(posted).toEqual(
        ['syncWillStart', 'syncLockRequest', 'syncDidStart', 'syncDidFinish'].map(
          (name) => `com.apple.itunes-mobdev.${name}`,
        ),
      )
    })

    test('an incremental backup sends what changed, and removes what is gone', async () => {
      const each = await start()
      await backUp(each)
      const { tree } = each.backups
      tree.put('HomeDomain', 'Library/Preferences/a.plist', 'later')
      tree.put('HomeDomain', 'Library/new', 'new')
      tree.remove('HomeDomain', 'Library/many/7').remove('MediaDomain', 'Media/DCIM')
      await backUp(each)
      expect(each.backups.sent).toEqual(['HomeDomain-Library/Preferences/a.plist', 'HomeDomain-Library/new'])
      await expectWhole(each)

      await backUp(each)
      expect(each.backups.sent).toEqual([])
      await expectWhole(each)

      await backUp(each, '--full')
      expect(each.backups.sent).toHaveLength(303)
      await expectWhole(each)
    })

    test('after the cable was pulled in the middle of a file, the backup before is there, and the next is whole', async () => {
      const each = await start()
      await backUp(each)
      const before = await readWholeBackup(join(folder, each.udid))
      each.backups.tree.put('MediaDomain', 'Media/DCIM/IMG_1.HEIC', generatedContent(4_000_000, 'another'))
      each.backups.at('inside-file', () => each.unplug())
      const { status } = await ended(begin(each, 'backup', folder))
      expect(status).not.toBe(0)
      expect(each.transcript.complaints).toEqual([])
      expect(each.backups.sent).toEqual([])
      expect(await readWholeBackup(join(folder, each.udid))).toEqual(before)
      expect(await inspectBackup(join(folder, each.udid), { openSqlite: openTestSqlite })).toMatchObject({
        wholeness: 'resumable',
      })

      each.plugIn()
      await backUp(each)
      expect(each.backups.sent).toEqual([photo])
      await expectWhole(each)
    })

    test.each(['file', 'moving', 'removing', 'finishing'] as const)(
      'killed at “%s”, the next backup is whole',
      async (moment) => {
        const each = await start()
        const tool = begin(each, 'backup', folder)
        each.backups.at(moment, () => void tool.kill('SIGKILL'), moment === 'moving' ? 3 : 1)
        expect((await ended(tool)).status).toBeNull()
        await backUp(each)
        await expectWhole(each)
      },
    )

    test('encryption is turned on, changed and turned off, and a wrong password is told', async () => {
      const each = await start()
      const run = async (...words: readonly string[]) => ended(begin(each, ...words, folder))
      expect(await run('encryption', 'on', 'first')).toMatchObject({ status: 0 })
      await backUp(each)
      await expectWhole(each, 'first')
      each.backups.tree.put('HomeDomain', 'Library/new', 'new')
      await backUp(each)
      expect(each.backups.sent).toEqual(['HomeDomain-Library/new'])
      await expectWhole(each, 'first')

      const wrong = await run('encryption', 'off', 'second')
      expect(wrong.status).not.toBe(0)
      expect(wrong.said).toContain('207')

      expect(await run('changepw', 'first', 'second')).toMatchObject({ status: 0 })
      await backUp(each)
      await expectWhole(each, 'second')
      expect(await run('encryption', 'off', 'second')).toMatchObject({ status: 0 })
      await backUp(each)
      await expectWhole(each)
      expect(each.transcript.complaints).toEqual([])
    })

    test('what the phone ends a backup with is told', async () => {
      const each = await start()
      each.backups.failAt('requested', 208, 'Device locked')
      const locked = await ended(begin(each, 'backup', folder))
      expect(locked).toMatchObject({
        status: 256 - 208,
        said: expect.stringContaining('Device locked (MBErrorDomain/208)'),
      })

      each.backups.unreadable.set(photo, 'Input/output error')
      const partly = await ended(begin(each, 'backup', folder))
      expect(partly).toMatchObject({ status: 256 - 104, said: expect.stringContaining('MBErrorDomain/104') })
      each.backups.unreadable.clear()
      await backUp(each)
      await expectWhole(each)
      expect(each.transcript.said(service).at(-1)).toBe('DLMessageDisconnect')
    })
  },
)
