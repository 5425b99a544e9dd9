import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyPublished } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSyntheticBackup, noAnomalies, type SyntheticBackup } from '../src/testing/index.js'
import { Random } from '../src/testing/synthetic-backup/random.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Program } from './engine/children.js'
import { Workshop } from './import-workshop.js'
import { fileNames } from './library-fixture.js'
import type { LinkedImportWords } from './linked-import-child.js'
import { linking } from './linking-files.js'

const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)
/** How many points it is killed at, spread over all of them; `HOLDFAST_KILL_POINTS=all` tries every one. */
const pointsWanted = process.env['HOLDFAST_KILL_POINTS'] ?? '8'
const { signal } = new AbortController()

let base: string
let backup: SyntheticBackup
let program: Program
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-linked-'))
  program = await Program.bundle('../linked-import-child.ts')
  backup = await makeSyntheticBackup({
    into: join(base, 'phone'),
    seed: 53,
    messages: 20,
    attachments: 12,
    anomalies: noAnomalies,
  })
}, 60_000)
afterAll(() => {
  program.remove()
  rmSync(base, { recursive: true })
})

/** A place with a copy of the backup, in which a child has imported it, or died. */
async function importIn(name: string, killAt: number) {
  const folder = join(base, name)
  const path = join(folder, 'backups', 'phone')
  mkdirSync(folder)
  cpSync(backup.path, path, { recursive: true, preserveTimestamps: true })
  const words: LinkedImportWords = { folder, backup: path, killAt }
  return { folder, path, ended: await program.start(words).ended }
}

describe('an import whose files are links to a backup that will go', () => {
  it(`killed anywhere from its begin to its end has the backup or the receipt, and the next process ends it with files of its own (seed ${seed})`, async () => {
    const { ended: whole } = await importIn('whole', 0)
    const total = Number(whole.report)
    expect(total).toBeGreaterThan(100)
    const points = pointsIn(total)
    for (const point of points) {
      const { folder, path, ended } = await importIn(String(point), point)
      expect(ended.killed, `call ${point}`).toBe(true)
      const workshop = new Workshop(folder)
      try {
        const app = workshop.openApp({ files: linking() })
        const proven = await app.storage.imports()
        expect(existsSync(join(path, 'Manifest.db')) || proven.length === 1, `call ${point}`).toBe(true)
        await app.runner.recover()
        const [known] = await app.runner.runs()
        // Before its first entry there is no run, and the user starts one again.
        const run =
          known === undefined
            ? await app.import({ path, cleanup: 'delete' })
            : await app.runner.open(known.id)
        if ((await run.outcome()).status === 'retryable') await run.retry()
        expect(await run.outcome(), `call ${point}`).toMatchObject({
          status: 'done',
          outputs: { cleanup: { deleted: true } },
        })
        expect(fileNames(join(folder, 'backups')), `call ${point}`).toEqual([])
        const attachments = join(folder, 'attachments')
        expectLibraryToEqualTruth(app.db, attachments, backup.truth)
        const names = new Set(fileNames(attachments).map((file) => statSync(join(attachments, file)).nlink))
        expect([...names], `call ${point}`).toEqual([1])
        const [published] = await app.storage.imports()
        if (published === undefined) throw new Error('nothing was published')
        expect(await verifyPublished(app.storage, published, { signal })).toMatchObject({ valid: true })
      } finally {
        await workshop.cleanUp()
      }
    }
    process.stdout.write(`  killed at ${points.length} of ${total} calls, seed ${seed}\n`)
  }, 3_600_000)
})

/** One point, drawn, in each of as many stretches of equal length as are wanted. */
function pointsIn(total: number): readonly number[] {
  const wanted = pointsWanted === 'all' ? total : Number(pointsWanted)
  const random = new Random(`linked import ${seed}`)
  return Array.from({ length: wanted }, (_, index) => {
    const [from, to] = [index, index + 1].map((bound) => 1 + Math.floor((bound * total) / wanted))
    return random.integer(from ?? 1, Math.max(from ?? 1, (to ?? 1) - 1))
  })
}
