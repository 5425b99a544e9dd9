import { existsSync } from 'node:fs'
import { verifyPublished } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { blobPath, contactsFile, noAnomalies, openTestSqlite } from '../../src/testing/index.js'
import { Workshop } from '../import-workshop.js'
import { dumpLibrary } from '../library-fixture.js'

describe('taking an import back', () => {
  let workshop: Workshop
  beforeEach(() => {
    workshop = new Workshop()
  })
  afterEach(() => workshop.cleanUp())

  /** An app whose import parks when it comes to publishing: everything is staged by then. */
  const openParking = () =>
    workshop.openApp({
      storage: (storage) => ({ ...storage, publish: () => Promise.reject(new Error('made to fail')) }),
    })

  it('17: content that two imports share stays when one of them is taken back', async () => {
    const shared = { seed: 51, messages: 80, attachments: 12, anomalies: noAnomalies }
    const first = await workshop.makeBackup({ ...shared, udid: '00008120-00AAAAAAAAAAAAAA' })
    const second = await workshop.makeBackup({ ...shared, udid: '00008120-00BBBBBBBBBBBBBB' })
    const app = workshop.openApp()
    expect((await (await app.import({ path: first.path }, 'anna')).outcome()).status).toBe('done')
    await app.close()
    const before = dumpLibrary(workshop.folder)
    const parking = openParking()
    const run = await parking.import({ path: second.path }, 'ben')
    expect((await run.outcome()).status).toBe('retryable')
    expect((await run.discard()).status).toBe('discarded')
    expect(dumpLibrary(workshop.folder)).toEqual(before)
    const [published] = await parking.storage.imports()
    if (published === undefined) throw new Error('nothing is published')
    const { signal } = new AbortController()
    expect(await verifyPublished(parking.storage, published, { signal })).toMatchObject({ valid: true })
    expect(existsSync(second.path)).toBe(true)
  })

  it('20: a contact that an import changed is as it was before when that import is taken back', async () => {
    const backup = await workshop.makeBackup({
      seed: 52,
      messages: 40,
      attachments: 4,
      anomalies: noAnomalies,
    })
    const app = workshop.openApp()
    expect((await (await app.import({ path: backup.path })).outcome()).status).toBe('done')
    await app.close()
    const before = dumpLibrary(workshop.folder)
    renameContacts(backup.path)
    const parking = openParking()
    const run = await parking.import({ path: backup.path })
    expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'verify' })
    expect((await run.discard()).status).toBe('discarded')
    expect(dumpLibrary(workshop.folder)).toEqual(before)
    await parking.close()
    // That it was no empty test: undisturbed, the same import changes the contacts.
    const last = workshop.openApp()
    expect((await (await last.import({ path: backup.path })).outcome()).status).toBe('done')
    const renamed = last.db
      .prepare("SELECT count(*) AS count FROM contacts WHERE first_name = 'Renamed'")
      .get()
    expect(renamed).toEqual({ count: backup.counts.contacts })
  })
})

/** What the user did on the phone before the next backup was made. */
function renameContacts(backup: string): void {
  const db = openTestSqlite(blobPath(backup, contactsFile), { readonly: false })
  db.exec("UPDATE ABPerson SET First = 'Renamed'")
  db.close()
}
