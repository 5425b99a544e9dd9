import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDict, plistDict } from '../../../plist/plist-value.js'
import { writeBinaryPlist } from '../../../plist/write-binary.js'
import type { BackupScript } from './backup-service.js'
import type { OutgoingFiles } from './outgoing-files.js'
import type { PhoneLink } from './phone-link.js'

/** A place outside every backup that anybody may write to: where a path that is taken at its word would lead. */
export const placeOutside = join(tmpdir(), 'holdfast-escaped')

/** Ways out of the folder of a backup, each below it in a text that begins with it or not. */
export const waysOut: readonly string[] = [
  '../escaped',
  '../../escaped',
  'UDID/../../escaped',
  'UDID/Snapshot/../../../escaped',
  '/escaped',
  placeOutside,
  '//escaped',
  'UDID//../../escaped',
  'UDID/./../../escaped',
  '..\\escaped',
  'UDID\\..\\..\\escaped',
  'C:\\escaped',
  'UDID/nul\0byte',
  '..',
  '.',
  '',
  '/',
]

type Says = (link: PhoneLink, udid: string) => Promise<unknown>

/** A phone that says something that no phone says, and after it ends with success, if the host still listens. */
function saying(say: Says): BackupScript {
  return async (link, { udid }) => {
    await link.command('DLMessageCreateDirectory', udid)
    await link.upload(0, 4, (files) => sendWhole(files, `${udid}/good`))
    await say(link, udid)
  }
}

/** Sends something to the stream of files, behind a file that is as it should be. */
function streaming(send: (files: OutgoingFiles, udid: string) => Promise<unknown>): BackupScript {
  return saying((link, udid) =>
    link.upload(0, 100, async (files) => {
      await sendWhole(files, `${udid}/good`)
      await send(files, udid)
    }),
  )
}

/** A script for each way out, under what is done on it. */
function onEachWay(
  what: string,
  say: (link: PhoneLink, path: string, udid: string) => Promise<unknown>,
): Record<string, BackupScript> {
  const scripts = waysOut.map(
    (way) =>
      [
        `${what} ${JSON.stringify(way)}`,
        saying((link, udid) => say(link, way.replace('UDID', udid), udid)),
      ] as const,
  )
  return Object.fromEntries(scripts)
}

async function sendWhole(files: OutgoingFiles, path: string): Promise<void> {
  await files.begin('/.b/1/file', path)
  await files.data(Buffer.from('good'))
  await files.end()
}

/**
 * Phones that mean harm, by what they do. A host may refuse or end the conversation; it must not write, read or remove anything outside of
 * the folder that it was given, nor hang, nor say that the backup is good: none of them makes one.
 */
export const hostileScripts: Readonly<Record<string, BackupScript>> = {
  ...onEachWay('sends a file to', (link, path) => link.upload(0, 4, (files) => sendWhole(files, path))),
  ...onEachWay('makes the folder', (link, path) => link.command('DLMessageCreateDirectory', path)),
  ...onEachWay('removes', (link, path) => link.arrange('DLMessageRemoveItems', [path], 0)),
  ...onEachWay('lists', (link, path) => link.command('DLContentsOfDirectory', path)),
  ...onEachWay('asks for the file', (link, path) => link.download([path], 0, () => {})),
  ...onEachWay('moves from', (link, path, udid) =>
    link.arrange('DLMessageMoveItems', new Map([[path, `${udid}/stolen`]]), 0),
  ),
  ...onEachWay('moves to', (link, path, udid) =>
    link.arrange('DLMessageMoveItems', new Map([[`${udid}/good`, path]]), 0),
  ),
  ...onEachWay('copies from', (link, path, udid) =>
    link.command('DLMessageCopyItem', path, `${udid}/stolen`),
  ),
  ...onEachWay('copies to', (link, path, udid) => link.command('DLMessageCopyItem', udid, path)),

  'sends a name of 5,000 bytes': streaming(async (files) => {
    await files.begin('/.b/2/long', 'x'.repeat(5000))
    await files.end()
  }),
  'sends a name without end': streaming(async (files) => {
    await files.raw(Buffer.alloc(4, 0xff))
    for (;;) await files.raw(Buffer.alloc(65_536, 'x'))
  }),
  'sends a file without a name': streaming(async (files) => {
    await files.begin('/.b/2/nameless', '')
    await files.end()
  }),
  'sends a block without a kind': streaming(async (files, udid) => {
    await files.begin('/.b/2/odd', `${udid}/odd`)
    await files.raw(Buffer.alloc(4))
  }),
  'announces a block of four gigabytes and sends ten bytes of it': streaming(async (files, udid) => {
    await files.begin('/.b/2/odd', `${udid}/odd`)
    await files.raw(Buffer.concat([Buffer.alloc(4, 0xff), Buffer.of(0x0c), Buffer.alloc(10)]))
    await files.fallSilent()
  }),
  'stops in the middle of a file': streaming(async (files, udid) => {
    await files.begin('/.b/2/half', `${udid}/half`)
    await files.data(Buffer.from('half'))
    await files.fallSilent()
  }),
  'sends a file where a folder is': streaming(async (files, udid) => {
    await files.begin('/.b/2/folder', udid)
    await files.data(Buffer.from('no folder'))
    await files.end()
  }),
  'announces a message of four gigabytes': saying(async (link) => {
    await link.sayBytes(Buffer.alloc(4, 0xff))
    await link.fallSilent()
  }),
  'sends a message that is no property list': saying(async (link) => {
    await link.sayBytes(Buffer.from('\0\0\0\x08bplist00', 'latin1'))
    await link.fallSilent()
  }),
  'sends a message without a name': saying(async (link) => {
    await link.say([7, 'DLMessageUploadFiles'])
    await link.fallSilent()
  }),
  ...Object.fromEntries(
    ['DLMessageRemoveItems', 'DLMessageMoveItems', 'DLMessageCopyItem', 'DLMessageCreateDirectory'].map(
      (name) => [`says ${name} without what it is about`, saying((link) => link.command(name))],
    ),
  ),
  'moves to what is no path': saying((link, udid) =>
    link.command('DLMessageMoveItems', new Map([[`${udid}/good`, 7]]), plistDict({}), 0),
  ),
  'says nothing more': saying((link) => link.fallSilent()),
  'says that all is done, and sends nothing': saying(async () => {}),
  'sends a status that says finished, and nothing else': saying(sendFinished),
  'removes everything, and sends a status that says finished': saying(async (link, udid) => {
    await link.arrange('DLMessageRemoveItems', [udid], 50)
    await sendFinished(link, udid)
  }),
  'removes a file that its list names, and sends a status that says finished': saying(async (link, udid) => {
    await removeSome(link, udid)
    await sendFinished(link, udid)
  }),
  'sends empty lists, and a status that says finished': saying(async (link, udid) => {
    await link.upload(50, 0, async (files) => {
      for (const name of ['Manifest.plist', 'Manifest.db']) {
        await files.begin(`/.b/1/${name}`, `${udid}/${name}`)
        await files.end()
      }
    })
    await sendFinished(link, udid)
  }),
  'sends back the lists that it was given, with a file removed, and a status that says finished': saying(
    async (link, udid) => {
      const lists = ['Manifest.plist', 'Manifest.db']
      const given = new Map<string, Uint8Array[]>()
      await link.download(
        lists.map((name) => `${udid}/${name}`),
        10,
        (path, bytes) => void given.set(path, [...(given.get(path) ?? []), bytes]),
      )
      await link.upload(50, 0, async (files) => {
        for (const [path, pieces] of given) {
          await files.begin(`/.b/1/${path}`, path)
          for (const bytes of pieces) await files.data(bytes)
          await files.end()
        }
      })
      await removeSome(link, udid)
      await sendFinished(link, udid)
    },
  ),
}

/** A status as phones write it at the end of a backup. */
async function sendFinished(link: PhoneLink, udid: string): Promise<void> {
  const status = writeBinaryPlist(
    plistDict({
      BackupState: 'new',
      Date: new Date(),
      IsFullBackup: false,
      SnapshotState: 'finished',
      UUID: randomUUID().toUpperCase(),
      Version: '3.3',
    }),
  )
  await link.upload(100, status.length, async (files) => {
    await files.begin('/.b/1/Status.plist', `${udid}/Status.plist`)
    await files.data(status)
    await files.end()
  })
}

/** Has the host remove a folder of files that its list names, where there is one. */
async function removeSome(link: PhoneLink, udid: string): Promise<void> {
  const { payload } = await link.command('DLContentsOfDirectory', udid)
  const names = isDict(payload) ? [...payload.keys()] : []
  const folder = names.find((name) => /^[0-9a-f]{2}$/.test(name)) ?? 'ab'
  await link.arrange('DLMessageRemoveItems', [`${udid}/${folder}`], 50)
}
