import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { verifyPublished } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noAnomalies, schemaVersions } from '../src/testing/index.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Workshop } from './import-workshop.js'
import { dumpLibrary } from './library-fixture.js'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop.cleanUp())

describe('an import on real parts', () => {
  it.each(schemaVersions)(
    'of an %s backup fills the library with the truth, row for row and file for file',
    async (schema) => {
      const backup = await workshop.makeBackup({ seed: 11, messages: 600, attachments: 80, schema })
      const app = workshop.openApp()
      const run = await app.import({ path: backup.path })
      expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: false } } })
      expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), backup.truth)
      expect(existsSync(backup.path)).toBe(true)
    },
  )

  it('is checked against its receipt years later, by another process and without the backup', async () => {
    const backup = await workshop.makeBackup({ seed: 12, anomalies: noAnomalies })
    const app = workshop.openApp()
    const run = await app.import({ path: backup.path, cleanup: 'delete' })
    expect((await run.outcome()).status).toBe('done')
    expect(existsSync(backup.path)).toBe(false)
    await app.close()
    const later = workshop.openApp()
    const [published] = await later.storage.imports()
    if (published === undefined) throw new Error('nothing was published')
    const { signal } = new AbortController()
    expect(await verifyPublished(later.storage, published, { signal })).toMatchObject({
      valid: true,
      differences: [],
    })
    later.db.exec("UPDATE message_rows SET text = 'Tampered' WHERE row = 1")
    const tampered = await verifyPublished(later.storage, published, { signal })
    expect(tampered).toMatchObject({
      valid: false,
      differences: [{ type: 'message', difference: 'row-changed' }],
    })
  })

  it('of the same backup again, read in full, stores nothing twice', async () => {
    const backup = await workshop.makeBackup({ seed: 13 })
    const app = workshop.openApp()
    await (await app.import({ path: backup.path })).outcome()
    const before = dumpLibrary(workshop.folder)
    const again = await (await app.import({ path: backup.path, force: true })).outcome()
    expect(again.status).toBe('done')
    expect(dumpLibrary(workshop.folder)).toEqual(before)
    const [, second] = await app.storage.imports()
    expect(second?.receipt?.counts).toMatchObject({
      messages: { stored: 0, present: 200 },
      attachments: { stored: 0 },
    })
  })

  it('of two phones into one library, and discarding the second, leaves the first as it was', async () => {
    const first = await workshop.makeBackup({ seed: 14 })
    const second = await workshop.makeBackup({ seed: 15, anomalies: noAnomalies })
    const app = workshop.openApp()
    await (await app.import({ path: first.path })).outcome()
    const before = dumpLibrary(workshop.folder)
    await app.close()
    let writes = 0
    const failing = workshop.openApp({
      storage: (storage) => ({
        ...methodsOf(storage),
        write: async (...call) => {
          if (++writes === 4) throw new Error('no')
          await storage.write(...call)
        },
      }),
    })
    const run = await failing.import({ path: second.path })
    expect((await run.outcome()).status).toBe('retryable')
    expect(dumpLibrary(workshop.folder).records).toEqual(before.records)
    expect((await run.discard()).status).toBe('discarded')
    expect(dumpLibrary(workshop.folder)).toEqual(before)
    expect(existsSync(second.path)).toBe(true)
  })
})

/** A storage's methods as properties, so that a test can replace one. */
function methodsOf(storage: ReturnType<Workshop['openApp']>['storage']): typeof storage {
  return {
    resources: storage.resources,
    format: storage.format,
    check: (...call) => storage.check(...call),
    begin: (...call) => storage.begin(...call),
    write: (...call) => storage.write(...call),
    readBack: (...call) => storage.readBack(...call),
    publish: (...call) => storage.publish(...call),
    discard: (...call) => storage.discard(...call),
    imports: () => storage.imports(),
    audit: (...call) => storage.audit(...call),
  }
}
