import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parsePlist } from '../../src/plist/parse-plist.js'
import { isDict } from '../../src/plist/plist-value.js'
import { someFiles, Workshop } from './backup-workshop.js'

const installed = spawnSync('idevicebackup2', ['--help']).error === undefined
/** What hosts and phones date, and name by chance. */
const dated = new Set(['Info.plist', 'Manifest.plist', 'Status.plist'])

/** SHA-256 of every file below a folder, by its path; of folders nothing. */
async function digests(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const path = join(root, name)
    if ((await stat(path)).isDirectory()) found.set(name, 'folder')
    else if (dated.has(name)) found.set(name, 'dated')
    else
      found.set(
        name,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      )
  }
  return found
}

/** A value of Info.plist. */
async function infoOf(root: string, name: string): Promise<unknown> {
  const parsed = parsePlist(await readFile(join(root, 'Info.plist')))
  return parsed.ok && isDict(parsed.value) ? parsed.value.get(name) : null
}

describe.skipIf(!installed)(
  `idevicebackup2 and this device${installed ? '' : ' (skipped: libimobiledevice-utils is not installed)'}`,
  () => {
    test('write the same folder, of a first backup and of the next', async () => {
      const shop = await Workshop.open({ tree: someFiles(60), linkVersion: 300 })
      const { phone, folder } = shop
      const theirs = join(folder, 'theirs')
      await mkdir(theirs)
      const licence = { ApplicationSINF: Buffer.from('sinf'), iTunesMetadata: Buffer.from('metadata') }
      for (let index = 0; index < 50; index++)
        phone.installation.apps.set(`com.example.app${index}`, index % 2 === 0 ? licence : {})
      const backUp = async (run: string): Promise<void> => {
        await shop.acquire({ run })
        const env = { ...process.env, USBMUXD_SOCKET_ADDRESS: phone.address }
        await promisify(execFile)('idevicebackup2', ['backup', theirs], { env, timeout: 60_000 })
      }
      try {
        await backUp('first')
        expect(await digests(shop.path)).toEqual(await digests(join(theirs, phone.udid)))
        phone.backups.tree
          .put('HomeDomain', 'Library/Things/3', 'changed')
          .remove('HomeDomain', 'Library/Things/4')
        for (const name of [
          'Installed Applications',
          'Target Identifier',
          'Unique Identifier',
          'Device Name',
        ])
          expect(await infoOf(shop.path, name), name).toEqual(await infoOf(join(theirs, phone.udid), name))
        await backUp('second')
        const ours = await digests(shop.path)
        expect(ours).toEqual(await digests(join(theirs, phone.udid)))
        expect(ours.size).toBeGreaterThan(100)
      } finally {
        await shop.close()
      }
    })
  },
)
