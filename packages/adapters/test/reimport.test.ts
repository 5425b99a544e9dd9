import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifyPublished } from '@holdfast/core/import'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noAnomalies, type SyntheticBackup } from '../src/testing/index.js'
import { Workshop } from './import-workshop.js'
import { dumpLibrary, fileNames } from './library-fixture.js'

let workshop: Workshop
let backup: SyntheticBackup
let app: ReturnType<Workshop['openApp']>
beforeEach(async () => {
  workshop = new Workshop()
  backup = await workshop.makeBackup({ seed: 31, messages: 60, attachments: 12, anomalies: noAnomalies })
  app = workshop.openApp()
})
afterEach(() => workshop.cleanUp())

/** Imports the backup; resolves with what `store` and `verify` made of it, which must succeed. */
async function importIt(input: object = {}) {
  const run = await app.import({ path: backup.path, ...input })
  const outcome = await run.outcome()
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  const { store, verify } = outcome.outputs
  return { run: run.id, store, verify }
}

const stored = { store: { items: expect.any(Number) } }
const nothingBut = (run: string) => ({
  store: { items: 0, unchangedSince: run },
  verify: { import: run },
})

/** A blob of the backup: an attachment's, which the fingerprint does not read. */
function blobOf(path: string, sha256: string): string {
  const blobs = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /[0-9a-f]{40}$/.test(name),
  )
  const { size } = statSync(join(workshop.folder, 'attachments', nameOf(sha256)))
  const blob = blobs.map((name) => join(path, name)).find((name) => statSync(name).size === size)
  if (blob === undefined) throw new Error(`no blob of ${size} bytes`)
  return blob
}

/** Changes a byte of the blob with this content; resolves with the hash of what it holds then. */
function changeByte(sha256: string): string {
  const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  for (const name of readdirSync(backup.path, { recursive: true, encoding: 'utf8' })) {
    const path = join(backup.path, name)
    if (!/[0-9a-f]{40}$/.test(name) || !statSync(path).isFile()) continue
    const bytes = readFileSync(path)
    if (hashOf(bytes) !== sha256) continue
    bytes[0] = (bytes[0] ?? 0) ^ 1
    writeFileSync(path, bytes)
    return hashOf(bytes)
  }
  throw new Error(`no blob with the content ${sha256}`)
}

function attachmentsOf(sha256: string): unknown {
  const row = app.db.prepare('SELECT count(*) AS n FROM attachments WHERE sha256 = ?').get(sha256)
  return typeof row === 'object' && row !== null && 'n' in row ? row.n : null
}

function nameOf(sha256: string): string {
  const name = fileNames(join(workshop.folder, 'attachments')).find((file) => file.includes(sha256))
  if (name === undefined) throw new Error(`no file ${sha256}`)
  return name
}

function anyHash(): string {
  const row = app.db.prepare('SELECT sha256 FROM attachments WHERE sha256 IS NOT NULL ORDER BY guid').get()
  if (typeof row !== 'object' || row === null || !('sha256' in row)) throw new Error('no attachment')
  return String(row.sha256)
}

describe('an iPhone backup that is imported again', () => {
  it('unchanged, is left at that: not a row and not a file of the library changes', async () => {
    const first = await importIt()
    expect(first).toMatchObject(stored)
    const before = dumpLibrary(workshop.folder)
    const ledger = app.db.prepare(
      'SELECT max(n) AS imports, (SELECT count(*) FROM import_items) AS items FROM import_rows',
    )
    const counted = ledger.get()
    expect(counted).toMatchObject({ imports: 1 })
    expect(await importIt()).toMatchObject(nothingBut(first.run))
    expect(dumpLibrary(workshop.folder)).toEqual(before)
    expect(ledger.get()).toEqual(counted)
  })

  it('by another process of the app is left at that as well', async () => {
    const first = await importIt()
    await app.close()
    app = workshop.openApp()
    expect(await importIt()).toMatchObject(nothingBut(first.run))
  })

  it('after a file of the library was lost is read in full, and the file is there again', async () => {
    await importIt()
    const name = nameOf(anyHash())
    rmSync(join(workshop.folder, 'attachments', name))
    const again = await importIt()
    expect(again).toMatchObject({ ...stored, verify: { import: again.run } })
    expect(fileNames(join(workshop.folder, 'attachments'))).toContain(name)
  })

  it('after a file of the library was cut off is read in full, and the file is whole again', async () => {
    await importIt()
    const path = join(workshop.folder, 'attachments', nameOf(anyHash()))
    const { size } = statSync(path)
    truncateSync(path, size - 1)
    expect(await importIt()).not.toHaveProperty('store.unchangedSince')
    expect(statSync(path).size).toBe(size)
  })

  it('after a row of the library was lost is read in full, and the row is there again', async () => {
    await importIt()
    const before = dumpLibrary(workshop.folder)
    app.db.exec('DELETE FROM message_rows WHERE row = (SELECT max(row) FROM message_rows)')
    expect(await importIt()).not.toHaveProperty('store.unchangedSince')
    expect(dumpLibrary(workshop.folder)).toEqual(before)
  })

  it('after the import that held it was discarded is stored anew', async () => {
    const first = await importIt()
    await app.storage.discard(first.run)
    const again = await importIt()
    expect(again).toMatchObject({ ...stored, verify: { import: again.run } })
  })

  it('with a blob whose time of change is another is read in full: nothing else tells that its bytes are the same', async () => {
    await importIt()
    utimesSync(blobOf(backup.path, anyHash()), 1_700_000_000, 1_700_000_000)
    expect(await importIt()).not.toHaveProperty('store.unchangedSince')
    const again = await importIt()
    expect(again.store).toHaveProperty('unchangedSince')
  })

  it('with other bytes in an attachment of the same size parks once, and the retry takes all content from it', async () => {
    await importIt()
    const before = anyHash()
    const changed = changeByte(before)
    const run = await app.import({ path: backup.path })
    expect(await run.outcome()).toMatchObject({
      status: 'retryable',
      step: 'verify',
      error: { code: 'VERIFY_FAILED', retryable: true },
    })
    await run.retry()
    expect((await run.outcome()).status).toBe('done')
    expect(attachmentsOf(changed)).toBe(1)
    await app.storage.discard(run.id)
    expect([attachmentsOf(before), attachmentsOf(changed)]).toEqual([1, 0])
  })

  it('with other bytes in an attachment of the same size is imported at once where that is forced', async () => {
    await importIt()
    const changed = changeByte(anyHash())
    await importIt({ force: true })
    expect(attachmentsOf(changed)).toBe(1)
  })

  it('with other parts chosen is read in full, and so is what asks for that', async () => {
    const first = await importIt()
    expect(await importIt({ parts: ['messages'] })).not.toHaveProperty('store.unchangedSince')
    expect(await importIt({ force: true })).not.toHaveProperty('store.unchangedSince')
    const last = await importIt({ parts: ['messages'] })
    expect(last.store).toHaveProperty('unchangedSince')
    expect(last).not.toMatchObject(nothingBut(first.run))
  })

  it('that will be deleted is read and proved in full, and then goes', async () => {
    const first = await importIt()
    const again = await importIt({ cleanup: 'delete' })
    expect(again.store).not.toHaveProperty('unchangedSince')
    expect(again.verify).toMatchObject({ import: again.run })
    expect(again.run).not.toBe(first.run)
  })

  it('unchanged after a failed persistence is not skipped (scenario 19)', async () => {
    await app.close()
    let writes = 0
    app = workshop.openApp({
      storage: (storage) => ({
        ...storage,
        write: async (...call) => {
          if (++writes === 2) throw new Error('The disk went away')
          await storage.write(...call)
        },
      }),
    })
    const run = await app.import({ path: backup.path })
    expect(await run.outcome()).toMatchObject({ status: 'retryable', step: 'store' })
    await run.discard()
    const again = await importIt()
    expect(again).toMatchObject({ ...stored, verify: { import: again.run } })
    const [published] = await app.storage.imports()
    if (published === undefined) throw new Error('nothing was published')
    const check = await verifyPublished(app.storage, published, { signal: new AbortController().signal })
    expect(check).toMatchObject({ valid: true })
  })
})
