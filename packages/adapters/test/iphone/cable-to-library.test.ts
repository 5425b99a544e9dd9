import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inspectBackup } from '../../src/ios-backup/index.js'
import { plistDict } from '../../src/plist/plist-value.js'
import { writeXmlPlist } from '../../src/plist/write-xml.js'
import { hardware } from '../../src/testing/emulated-iphone/phone-values.js'
import { cutPair, EmulatedIphone, openTestSqlite, treeFromBackup } from '../../src/testing/index.js'
import { expectLibraryToEqualTruth } from '../compare-with-truth.js'
import { Workshop } from '../import-workshop.js'
import { MemoryHost } from './memory-host.js'
import { readTree, readWholeBackup } from './read-whole-backup.js'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop.cleanUp())

/** A backup of a phone, on disk, of which nothing but the phone's side of the protocol took part. */
async function backUpTo(phone: EmulatedIphone, host: MemoryHost): Promise<string> {
  const [near, far] = cutPair('joined')
  const letGo = phone.files.holdLock('/com.apple.itunes.lock_sync')
  const served = phone.backups.serve(far)
  expect(await host.backUp(near)).toEqual({ code: 0, description: undefined })
  await served
  letGo()
  for (const [path, bytes] of host.files) {
    const place = join(workshop.folder, 'from the cable', path)
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, bytes)
  }
  return join(workshop.folder, 'from the cable', phone.udid)
}

test.each([null, 'Kl1ppfischer'])(
  'a phone of which a backup was made is backed up and imported: the library is the truth (password: %s)',
  async (password) => {
    const backup = await workshop.makeBackup({ seed: 41, messages: 300, attachments: 60 })
    const phone = await EmulatedIphone.start({
      tree: treeFromBackup(backup.path),
      ...(password === null ? {} : { backupPassword: password }),
    })
    try {
      const host = new MemoryHost(phone.udid)
      // What hosts write themselves, of which the country of the phone is needed.
      const info = plistDict({ 'Device Name': 'iPhone', 'Phone Number': hardware.PhoneNumber })
      host.files.set(`${phone.udid}/Info.plist`, writeXmlPlist(info))
      const path = await backUpTo(phone, host)
      const inspection = await inspectBackup(path, { openSqlite: openTestSqlite, digests: password === null })
      expect(inspection).toMatchObject({ wholeness: 'complete', encrypted: password !== null })
      expect(await readWholeBackup(path, password)).toEqual(await readTree(phone.backups.tree))

      const app = workshop.openApp()
      const run = await app.import({ path })
      if (password !== null) run.events.on('run.asked', () => void run.provide('password', password))
      expect(await run.outcome()).toMatchObject({ status: 'done' })
      expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), backup.truth)
      expect(phone.transcript.complaints).toEqual([])
    } finally {
      await phone.stop()
    }
  },
)
