import { existsSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noAnomalies, type SyntheticBackup } from '../../src/testing/index.js'
import { expectLibraryToEqualTruth } from '../compare-with-truth.js'
import { watchedFileSystem } from '../faulty-file-system.js'
import { type Workshop, type WorkshopOptions, workshopWithBackup } from '../import-workshop.js'
import { dumpLibrary, fileNames } from '../library-fixture.js'

const isLong = process.env['HOLDFAST_LONG'] === '1'

describe('when storing goes wrong', () => {
  let workshop: Workshop
  let backup: SyntheticBackup
  let files: string
  beforeEach(async () => {
    ;({ workshop, backup, files } = await workshopWithBackup({ seed: 41, attachments: 20 }))
  })
  afterEach(() => workshop.cleanUp())

  /** An import that parks in its store keeps the backup and shows nothing; a retry stores the rest and lets the backup go. */
  const expectParkedThenDone = async (options: WorkshopOptions, error: Record<string, unknown>) => {
    const app = workshop.openApp({ batchSize: 20, ...options })
    const run = await app.import({ path: backup.path, cleanup: 'delete' })
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      error,
      facts: { backupPath: backup.path },
    })
    expect(existsSync(join(backup.path, 'Manifest.db'))).toBe(true)
    expect(await app.storage.imports()).toEqual([])
    expect(app.db.prepare('SELECT count(*) AS count FROM messages').get()).toEqual({ count: 0 })
    await run.retry()
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    expect(existsSync(backup.path)).toBe(false)
    expectLibraryToEqualTruth(app.db, files, backup.truth)
  }

  /** A file system on which the nth content that arrives is refused, once. */
  const refusing = (n: number, code: string) => {
    let left = n
    return watchedFileSystem((call) => {
      if (call !== 'rename' || --left !== 0) return
      throw Object.assign(new Error(`${code}: made to fail, ${call}`), { code })
    })
  }

  it('1: a store that answers { success: false } and throws nothing is found out; the backup stays, and a retry imports the rest', async () => {
    let writes = 0
    const storage = (real: Storage): Storage => ({
      ...real,
      write: async (...call) => {
        writes += 1
        // A host in JavaScript may well answer so, and the port's type cannot keep it from that.
        return writes === 3 ? ({ success: false } as unknown as undefined) : real.write(...call)
      },
    })
    await expectParkedThenDone({ storage }, { code: 'VERIFY_FAILED' })
  })

  it('2: a disk that is full at the fifth attachment parks the run', async () => {
    await expectParkedThenDone({ files: { fs: refusing(5, 'ENOSPC') } }, { code: 'DISK_FULL' })
  })

  it('3: one file that is busy parks the run; it is not passed over', async () => {
    await expectParkedThenDone(
      { files: { fs: refusing(9, 'EBUSY') } },
      { code: 'STORE_FAILED', facts: { systemCode: 'EBUSY' } },
    )
  })

  it('4: thousands of attachments that the backup never held are verified as what they are, and it may go', async () => {
    const absent = isLong ? 59_375 : 1_500
    const mostlyInCloud = await workshop.makeBackup({
      seed: 42,
      messages: 2_000,
      attachments: absent + 14,
      anomalies: { ...noAnomalies, notInBackup: absent },
    })
    const app = workshop.openApp({ batchSize: 500 })
    const run = await app.import({ path: mostlyInCloud.path, cleanup: 'delete' })
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    const [published] = await app.storage.imports()
    const { attachments } = published?.receipt?.counts ?? {}
    const missing = mostlyInCloud.truth.attachments.filter(({ unavailable }) => unavailable !== null).length
    const there = mostlyInCloud.truth.attachments.length - missing
    expect(missing).toBeGreaterThanOrEqual(absent)
    expect(attachments).toMatchObject({
      stored: there,
      skipped: missing,
      reasons: { 'not-in-backup': missing },
    })
    expectLibraryToEqualTruth(app.db, files, mostlyInCloud.truth)
  }, 600_000)

  it('18: a file that is gone although its row is there is written again by the next import', async () => {
    const app = workshop.openApp()
    await (await app.import({ path: backup.path })).outcome()
    const before = dumpLibrary(workshop.folder)
    const [gone = ''] = fileNames(files)
    unlinkSync(join(files, gone))
    expect((await (await app.import({ path: backup.path })).outcome()).status).toBe('done')
    expect(dumpLibrary(workshop.folder)).toEqual(before)
  })

  it('19: an unchanged backup whose import failed and was discarded is imported whole the next time, not passed over', async () => {
    const failing = workshop.openApp({ batchSize: 20, files: { fs: refusing(5, 'EIO') } })
    const run = await failing.import({ path: backup.path })
    expect((await run.outcome()).status).toBe('retryable')
    expect((await run.discard()).status).toBe('discarded')
    await failing.close()
    const app = workshop.openApp()
    expect((await (await app.import({ path: backup.path })).outcome()).status).toBe('done')
    const [published] = await app.storage.imports()
    expect(published?.receipt?.counts.messages).toMatchObject({ stored: backup.counts.messages, present: 0 })
    expectLibraryToEqualTruth(app.db, files, backup.truth)
  })
})
