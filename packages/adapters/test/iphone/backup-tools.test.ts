import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inspectBackup } from '../../src/ios-backup/index.js'
import {
  EmulatedIphone,
  type EmulatedIphoneOptions,
  generatedContent,
  oddScripts,
  openTestSqlite,
  PhoneTree,
} from '../../src/testing/index.js'
import { readTree, readWholeBackup } from './read-whole-backup.js'

const installed = spawnSync('idevicebackup2', ['--help']).error === undefined
const service = 'com.apple.mobilebackup2'
const photo = 'MediaDomain-Media/DCIM/IMG_1.HEIC'

/** A phone, and a folder of this computer for its backups. */
interface Cable {
  readonly each: EmulatedIphone
  readonly folder: string
}

/** What each test began, and is to end. */
async function onCable(options: EmulatedIphoneOptions, use: (cable: Cable) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tools-'))
  const each = await EmulatedIphone.start({ tree: sampleTree(), ...options })
  try {
    await use({ each, folder })
  } finally {
    await each.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function sampleTree(): PhoneTree {
  const tree = new PhoneTree()
  // Together more than a record of TLS has room for many times, so that every part of a file meets the end of one.
  for (let index = 0; index < 300; index++) {
    tree.put('HomeDomain', `Library/many/${index}`, generatedContent(2000 + index, index))
  }
  tree.put('HomeDomain', 'Library/Preferences/a.plist', 'first')
  tree.put('HomeDomain', 'Library/empty', '')
  tree.put('AppDomain-com.example.notebook', 'Documents/Übersicht – 総覧.txt', 'notes')
  tree.link('DatabaseDomain', 'timezone/localtime', '/var/db/timezone')
  return tree.put('MediaDomain', 'Media/DCIM/IMG_1.HEIC', generatedContent(3_000_000, 'photo'))
}

function begin(each: EmulatedIphone, ...words: readonly string[]): ChildProcess {
  const env = { ...process.env, USBMUXD_SOCKET_ADDRESS: each.address }
  return spawn('idevicebackup2', [...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 90_000,
    killSignal: 'SIGKILL',
  })
}

/** Waits for the program; gives its exit status, and all that it printed. */
async function ended(tool: ChildProcess): Promise<{ readonly status: number | null; readonly said: string }> {
  const said: string[] = []
  for (const stream of [tool.stdout, tool.stderr]) stream?.on('data', (text) => said.push(String(text)))
  const status = await new Promise<number | null>((resolve) => tool.on('close', resolve))
  return { status, said: said.join('') }
}

/** Makes a backup that succeeds, without a complaint of the phone. */
async function backUp({ each, folder }: Cable, ...words: readonly string[]): Promise<void> {
  const { status, said } = await ended(begin(each, ...words, 'backup', folder))
  expect(each.transcript.complaints).toEqual([])
  expect({ status, said }).toMatchObject({ status: 0, said: expect.stringContaining('Backup Successful') })
}

/** The backup is complete, and holds what the phone holds. */
async function expectWhole({ each, folder }: Cable, password: string | null = null): Promise<void> {
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
    test.concurrent.each<EmulatedIphoneOptions>([
      { linkVersion: 300, tls: '1.2' },
      { linkVersion: 400, certificates: 'sha1' },
    ])('a full backup holds every file of the phone: %j', (options) =>
      onCable(options, async (cable) => {
        const { each } = cable
        await backUp(cable)
        await expectWhole(cable)
        expect(each.backups.sent).toHaveLength(304)
        const posted = each.transcript.lines.flatMap(({ what, details }) =>
          what === 'PostNotification' ? [details['name']] : [],
        )
        expect(posted).toEqual(
          ['syncWillStart', 'syncLockRequest', 'syncDidStart', 'syncDidFinish'].map(
            (name) => `com.apple.itunes-mobdev.${name}`,
          ),
        )
      }),
    )

    test.concurrent('an incremental backup sends what changed, and removes what is gone', () =>
      onCable({}, async (cable) => {
        const { each } = cable
        await backUp(cable)
        const { tree } = each.backups
        tree.put('HomeDomain', 'Library/Preferences/a.plist', 'later')
        tree.put('HomeDomain', 'Library/new', 'new')
        tree.remove('HomeDomain', 'Library/many/7').remove('MediaDomain', 'Media/DCIM')
        await backUp(cable)
        expect(each.backups.sent).toEqual([
          'HomeDomain-Library/Preferences/a.plist',
          'HomeDomain-Library/new',
        ])
        await expectWhole(cable)

        await backUp(cable)
        expect(each.backups.sent).toEqual([])
        await expectWhole(cable)

        await backUp(cable, '--full')
        expect(each.backups.sent).toHaveLength(303)
        await expectWhole(cable)
      }))

    test.concurrent('after the cable was pulled in the middle of a file, the backup before is there, and the next is whole', () =>
      onCable({}, async (cable) => {
        const { each, folder } = cable
        await backUp(cable)
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
        await backUp(cable)
        expect(each.backups.sent).toEqual([photo])
        await expectWhole(cable)
      }))

    test.concurrent.each(['file', 'moving', 'removing', 'finishing'] as const)(
      'killed at “%s”, the next backup is whole',
      (moment) =>
        onCable({}, async (cable) => {
          const { each, folder } = cable
          const tool = begin(each, 'backup', folder)
          each.backups.at(moment, () => void tool.kill('SIGKILL'), moment === 'moving' ? 3 : 1)
          expect((await ended(tool)).status).toBeNull()
          await backUp(cable)
          await expectWhole(cable)
        }),
    )

    test.concurrent('encryption is turned on, changed and turned off, and a wrong password is told', () =>
      onCable({}, async (cable) => {
        const { each, folder } = cable
        const run = async (...words: readonly string[]) => ended(begin(each, ...words, folder))
        expect(await run('encryption', 'on', 'first')).toMatchObject({ status: 0 })
        await backUp(cable)
        await expectWhole(cable, 'first')
        each.backups.tree.put('HomeDomain', 'Library/new', 'new')
        await backUp(cable)
        expect(each.backups.sent).toEqual(['HomeDomain-Library/new'])
        await expectWhole(cable, 'first')

        const wrong = await run('encryption', 'off', 'second')
        expect(wrong.status).not.toBe(0)
        expect(wrong.said).toContain('207')

        expect(await run('changepw', 'first', 'second')).toMatchObject({ status: 0 })
        await backUp(cable)
        await expectWhole(cable, 'second')
        expect(await run('encryption', 'off', 'second')).toMatchObject({ status: 0 })
        await backUp(cable)
        await expectWhole(cable)
        expect(each.transcript.complaints).toEqual([])
      }))

    test.concurrent('what the phone ends a backup with is told', () =>
      onCable({}, async (cable) => {
        const { each, folder } = cable
        each.backups.failAt('requested', 208, 'Device locked')
        const locked = await ended(begin(each, 'backup', folder))
        expect(locked).toMatchObject({
          status: 256 - 208,
          said: expect.stringContaining('Device locked (MBErrorDomain/208)'),
        })

        each.backups.unreadable.set(photo, 'Input/output error')
        const partly = await ended(begin(each, 'backup', folder))
        expect(partly).toMatchObject({
          status: 256 - 104,
          said: expect.stringContaining('MBErrorDomain/104'),
        })
        each.backups.unreadable.clear()
        await backUp(cable)
        await expectWhole(cable)
        expect(each.transcript.said(service).at(-1)).toBe('DLMessageDisconnect')
      }))

    // It gives commands that it does not know no answer, and waits.
    const borneWith = Object.keys(oddScripts).filter((name) => name !== 'says what no host knows')
    test.concurrent.each(borneWith)('it bears with a phone that %s', (name) =>
      onCable({}, async (cable) => {
        cable.each.backups.script = oddScripts[name] ?? null
        await backUp(cable)
        await expectWhole(cable)
      }),
    )

    test.concurrent('it waits for the passcode, and is told when nobody enters it', () =>
      onCable({}, async (cable) => {
        const { passcode } = cable.each.backups
        passcode.asks = true
        cable.each.backups.at('passcode', () => passcode.enter())
        await backUp(cable)
        await expectWhole(cable)
        cable.each.backups.at('passcode', () => passcode.expire())
        expect(await ended(begin(cable.each, 'backup', cable.folder))).toMatchObject({ status: 256 - 208 })
        expect(cable.each.transcript.complaints).toEqual([])
      }))

    test.concurrent('it gives up where another program holds the lock of syncs, or the service is locked', () =>
      onCable({}, async ({ each, folder }) => {
        each.lockdownFaults.set(`StartService ${service}`, 'PasswordProtected')
        expect((await ended(begin(each, 'backup', folder))).status).not.toBe(0)
        each.lockdownFaults.clear()
        each.files.holdLock('/com.apple.itunes.lock_sync')
        expect((await ended(begin(each, 'backup', folder))).said).toMatch(/lock/i)
        expect(each.transcript.said(service)).not.toContain('Backup')
        expect(each.transcript.complaints).toEqual([])
      }))

    test.concurrent('it ends when somebody cancels on the phone', () =>
      onCable({}, async (cable) => {
        cable.each.backups.at('file', () => cable.each.backups.cancel(), 5)
        expect((await ended(begin(cable.each, 'backup', cable.folder))).status).not.toBe(0)
        await backUp(cable)
        await expectWhole(cable)
      }))
  },
)
