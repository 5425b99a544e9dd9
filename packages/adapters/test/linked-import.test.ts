import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Storage, verifyPublished } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noAnomalies, type SyntheticBackup } from '../src/testing/index.js'
import { Random } from '../src/testing/synthetic-backup/random.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Workshop } from './import-workshop.js'
import { fileNames } from './library-fixture.js'
import { linking } from './linking-files.js'

const { signal } = new AbortController()
const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)

let workshop: Workshop
let backup: SyntheticBackup
beforeEach(async () => {
  workshop = new Workshop()
  backup = await workshop.makeBackup({ seed: 51, messages: 60, attachments: 30, anomalies: noAnomalies })
})
afterEach(() => workshop.cleanUp())

const attachments = () => join(workshop.folder, 'attachments')
/** How many names the library's files have, each number once. */
const namesOfFiles = () => [
  ...new Set(fileNames(attachments()).map((name) => statSync(join(attachments(), name)).nlink)),
]
/** Files of the backup that are the library's as well. */
const sharedBlobs = () =>
  readdirSync(backup.path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(backup.path, name))
    .filter((path) => statSync(path).isFile() && statSync(path).nlink > 1)

/** Changes a byte, as a program would that writes into the file; the size stays. */
function flip(path: string): void {
  const bytes = readFileSync(path)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

/** A storage with something that happens once behind a call of it, the first after which files are shared with the backup. */
const after =
  (call: 'write' | 'publish', happens: () => void) =>
  (storage: Storage): Storage => {
    let happened = false
    const once = async (work: Promise<void>): Promise<void> => {
      await work
      if (happened || sharedBlobs().length === 0) return
      happens()
      happened = true
    }
    return {
      ...storage,
      ...(call === 'write'
        ? { write: (...given) => once(storage.write(...given)) }
        : { publish: (...given) => once(storage.publish(...given)) }),
    }
  }

describe('an import of a backup that will go', () => {
  it('shares its files until it has gone, and holds the truth afterwards', async () => {
    let shared = 0
    const app = workshop.openApp({
      files: linking(),
      device: (device) => ({
        ...device,
        release: (...given) => {
          shared = sharedBlobs().length
          expect(namesOfFiles()).toEqual([2])
          return device.release(...given)
        },
      }),
    })
    const run = await app.import({ path: backup.path, cleanup: 'delete' })
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    expect(shared).toBe(fileNames(attachments()).length)
    expect(existsSync(backup.path)).toBe(false)
    expect(namesOfFiles()).toEqual([1])
    expectLibraryToEqualTruth(app.db, attachments(), backup.truth)
    if (process.platform !== 'win32') {
      for (const name of fileNames(attachments()))
        expect(statSync(join(attachments(), name)).mode & 0o777).toBe(0o600)
    }
  })

  it('shares nothing when the backup stays', async () => {
    const app = workshop.openApp({ files: linking() })
    const run = await app.import({ path: backup.path })
    expect((await run.outcome()).status).toBe('done')
    expect(namesOfFiles()).toEqual([1])
    expect(sharedBlobs()).toEqual([])
  })

  it('finds a file that was changed through the backup before verify, and stores it again when it is retried', async () => {
    const app = workshop.openApp({
      files: linking(),
      batchSize: 1000,
      storage: after('write', () => sharedBlobs().slice(0, 1).forEach(flip)),
    })
    const run = await app.import({ path: backup.path, cleanup: 'delete' })
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'VERIFY_FAILED' } })
    await run.retry()
    // What the backup holds now is what is stored: nothing else says what it held before.
    expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    const [published] = await app.storage.imports()
    if (published === undefined) throw new Error('nothing was published')
    expect(await verifyPublished(app.storage, published, { signal })).toMatchObject({ valid: true })
  })

  it('keeps the backup when a file was changed through it after verify, and shares nothing with it any more', async () => {
    const changed: string[] = []
    const app = workshop.openApp({
      files: linking(),
      storage: after('publish', () => {
        changed.push(...sharedBlobs().slice(0, 1))
        changed.forEach(flip)
      }),
    })
    const run = await app.import({ path: backup.path, cleanup: 'delete' })
    expect(await run.outcome()).toMatchObject({
      status: 'done',
      outputs: { cleanup: { deleted: false, kept: 'changed' } },
    })
    expect(existsSync(backup.path)).toBe(true)
    expect(namesOfFiles()).toEqual([1])
    expect(sharedBlobs()).toEqual([])
    // What cannot be had any more is told, and mended by an import of a backup that has it.
    const [published] = await app.storage.imports()
    if (published === undefined) throw new Error('nothing was published')
    const check = await verifyPublished(app.storage, published, { signal })
    expect(check.valid).toBe(false)
    expect(new Set(check.differences.map(({ difference }) => difference))).toEqual(new Set(['file-changed']))
    changed.forEach(flip)
    const again = await app.import({ path: backup.path, cleanup: 'delete' })
    expect(await again.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
    expect(await verifyPublished(app.storage, published, { signal })).toMatchObject({ valid: true })
    expectLibraryToEqualTruth(app.db, attachments(), backup.truth)
  })

  it('leaves the backup as it was when it is discarded', async () => {
    const app = workshop.openApp({
      files: linking(),
      batchSize: 1000,
      storage: after('write', () => sharedBlobs().slice(0, 1).forEach(flip)),
    })
    const run = await app.import({ path: backup.path, cleanup: 'delete' })
    expect((await run.outcome()).status).toBe('retryable')
    await run.discard({ backup: 'keep' })
    expect((await run.outcome()).status).toBe('discarded')
    expect(fileNames(attachments())).toEqual([])
    expect(sharedBlobs()).toEqual([])
  })

  it(`ends with the truth, and nothing shared, after a failure of the disk anywhere (seed ${seed})`, async () => {
    const random = new Random(`linked import ${seed}`)
    for (let round = 0; round < 6; round++) {
      const place = new Workshop()
      try {
        const source = await place.makeBackup({
          seed: 52,
          messages: 20,
          attachments: 12,
          anomalies: noAnomalies,
        })
        const failing = 1 + random.integer(0, 120)
        let calls = 0
        const files = linking((call) => {
          if (++calls === failing) throw Object.assign(new Error(`${call} was made to fail`), { code: 'EIO' })
        })
        const app = place.openApp({ files })
        const run = await app.import({ path: source.path, cleanup: 'delete' })
        for (let tries = 0; (await run.outcome()).status === 'retryable' && tries < 3; tries++)
          await run.retry()
        expect((await run.outcome()).status, `call ${failing} failed`).toBe('done')
        const folder = join(place.folder, 'attachments')
        expectLibraryToEqualTruth(app.db, folder, source.truth)
        for (const name of fileNames(folder)) expect(statSync(join(folder, name)).nlink).toBe(1)
        expect(existsSync(source.path)).toBe(false)
      } finally {
        await place.cleanUp()
      }
    }
  })
})
