import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Device, Storage } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noAnomalies, type SyntheticBackup } from '../src/testing/index.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Workshop } from './import-workshop.js'
import { fileNames } from './library-fixture.js'

/**
 * The bug that Holdfast began with: an app deleted an iPhone backup although storing its attachments had failed, so users had to
 * sync the phone again for hours. These are the five checks of its report, on real SQLite and real files.
 */
describe('the bug that it began with', () => {
  let workshop: Workshop
  let backup: SyntheticBackup
  let acquired: number
  let fails: ((write: number) => boolean) | null
  let order: string[]

  beforeEach(async () => {
    workshop = new Workshop()
    acquired = 0
    fails = null
    order = []
    backup = await workshop.makeBackup({ seed: 21, messages: 300, attachments: 60, anomalies: noAnomalies })
  })
  afterEach(() => workshop.cleanUp())

  const countingDevice = (device: Device): Device => ({
    needs: device.needs,
    resources: (input) => device.resources(input),
    expectedPath: (input) => device.expectedPath(input),
    acquire: (context) => {
      acquired += 1
      return device.acquire(context)
    },
    release: async (...call) => {
      order.push('release')
      return device.release(...call)
    },
    discard: (...call) => device.discard(...call),
  })

  /** A storage in which storing attachments fails, and everything else is the real one. */
  const failingStorage = (storage: Storage): Storage => {
    let writes = 0
    return {
      resources: storage.resources,
      format: storage.format,
      check: (...call) => storage.check(...call),
      begin: (...call) => storage.begin(...call),
      readBack: (...call) => storage.readBack(...call),
      publish: async (...call) => {
        await storage.publish(...call)
        order.push('publish')
      },
      discard: (...call) => storage.discard(...call),
      imports: () => storage.imports(),
      audit: (...call) => storage.audit(...call),
      write: async (id, batch, options) => {
        writes += 1
        if (batch.records.some(({ type }) => type === 'attachment') && fails?.(writes) === true) {
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        }
        await storage.write(id, batch, options)
      },
    }
  }

  const openApp = () => workshop.openApp({ storage: failingStorage, device: countingDevice, batchSize: 20 })
  const importIt = (app: ReturnType<typeof openApp>) => app.import({ path: backup.path, cleanup: 'delete' })

  it('1 and 2: when storing the attachments fails, the backup is not cleaned, and the run rests in retryable with its path', async () => {
    fails = () => true
    const run = await importIt(openApp())
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'store',
      error: { code: 'STEP_FAILED', facts: { systemCode: 'ENOSPC' } },
      facts: { backupPath: backup.path },
    })
    expect(existsSync(join(backup.path, 'Manifest.db'))).toBe(true)
    expect(order).toEqual([])
  })

  it('3: a retry succeeds without a new extract, also in another process and days later', async () => {
    fails = () => true
    const first = openApp()
    const run = await importIt(first)
    await run.outcome()
    await first.close()
    fails = null
    const app = openApp()
    const again = await app.runner.open(run.id)
    expect(again.view.getSnapshot()).toMatchObject({
      state: 'retryable',
      step: 'store',
      facts: { backupPath: backup.path },
    })
    await again.retry()
    expect((await again.outcome()).status).toBe('done')
    expect(acquired).toBe(1)
    expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), backup.truth)
  })

  it('4: the cleanup happens only after everything is stored, verified and published', async () => {
    let failuresLeft = 3
    fails = () => failuresLeft-- > 0
    const app = openApp()
    const run = await importIt(app)
    for (let retries = 0; (await run.outcome()).status === 'retryable'; retries++) {
      expect(retries).toBeLessThan(4)
      expect(existsSync(join(backup.path, 'Manifest.db'))).toBe(true)
      expect(order).toEqual([])
      await run.retry()
    }
    expect((await run.outcome()).status).toBe('done')
    expect(order).toEqual(['publish', 'release'])
    expect(existsSync(backup.path)).toBe(false)
  })

  it('5: a successful import still cleans up, and leaves nothing of the backup behind', async () => {
    const app = openApp()
    const run = await importIt(app)
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    expect(existsSync(backup.path)).toBe(false)
    expect(fileNames(join(backup.path, '..'))).toEqual([])
    expectLibraryToEqualTruth(app.db, join(workshop.folder, 'attachments'), backup.truth)
  })
})
