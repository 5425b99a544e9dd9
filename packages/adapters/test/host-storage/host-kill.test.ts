import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSyntheticBackup, noAnomalies } from '@holdfast/adapters/testing'
import { verifyPublished } from '@holdfast/core/import'
import { type LibraryDump, receiptFor, sampleAttachment, sampleMessage } from '@holdfast/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { Program } from '../engine/children.js'
import { inParallel } from '../engine/in-parallel.js'
import { isLong, reportKills, seed } from '../engine/kill-count.js'
import { dumpApp, makeAppDatabase, openApp } from './host-app.js'
import { type HostWork, hostWorks } from './host-task.js'

/** How many processes of each work are killed once; in half of the cases the next one is killed as well. */
const wanted = isLong ? 60 : 4
const random = new Random(`host ${seed}`)
const { signal } = new AbortController()
const published = 'published'

let folder: string
let program: Program
let before: LibraryDump
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-host-kill-'))
  program = await Program.bundle('../host-storage/host-child.ts')
  const backup = await makeSyntheticBackup({
    seed,
    messages: 60,
    attachments: 12,
    anomalies: noAnomalies,
    into: join(folder, 'backups'),
  })
  cpSync(backup.path, join(folder, 'start', 'backup'), { recursive: true })
  await makeStart(join(folder, 'start', 'app'), backup.truth.messages[0]?.guid ?? '')
  before = dumpApp(join(folder, 'start', 'app'))
}, 120_000)
afterAll(() => {
  program.remove()
  rmSync(folder, { recursive: true })
  reportKills()
})

/** An app with rows of its users' own, and an import that shows what it brought in one of them and in rows that only it brought. */
async function makeStart(app: string, shared: string): Promise<void> {
  makeAppDatabase(app)
  const { db, storage } = openApp(app)
  const own = db.prepare('INSERT INTO messages (id, user_id, external_message_id, body) VALUES (?, ?, ?, ?)')
  own.run('own-1', 'ann', shared, 'As ann remembers it')
  own.run('own-2', 'ann', 'm1', 'As ann has it')
  own.run('own-3', 'bob', shared, 'As bob remembers it')
  const ref = { id: published, owner: 'ann', fingerprint: 'f', udid: 'phone' }
  const messages = Array.from({ length: 80 }, (_, index) => sampleMessage(`m${index}`))
  const attachments = Array.from({ length: 20 }, (_, index) => sampleAttachment(`a${index}`, `m${index}`))
  await storage.begin(ref)
  const content = async function* () {
    yield Buffer.from(`Content ${random.integer(1, 1_000_000)}`)
  }
  await storage.write(ref.id, { records: [...messages, ...attachments], cursor: 1 }, { content, signal })
  await storage.publish(ref.id, await receiptFor(ref))
  db.close()
}

/** A copy of the app and the backup, on which processes work. */
class Place {
  readonly folder = mkdtempSync(join(folder, 'place-'))
  readonly app = join(this.folder, 'app')
  readonly backup = join(this.folder, 'backup')

  constructor() {
    cpSync(join(folder, 'start'), this.folder, { recursive: true })
  }

  async work(work: HostWork, killAt: number) {
    return program.start({ app: this.app, backup: this.backup, work, killAt, published }).ended
  }

  /** Whether the backup may be gone: an import other than the first is published. */
  async isProved(): Promise<boolean> {
    return this.#reading(async ({ storage }) => (await storage.imports()).some(({ id }) => id !== published))
  }

  /** What is wrong with the app when the work is done: anything half done, any row or file that is not as its import has it. */
  async wrong(): Promise<readonly unknown[]> {
    return this.#reading(async ({ db, storage }) => {
      const wrong = [
        ...db.prepare('SELECT * FROM import_arrivals').all(),
        ...db.prepare('SELECT * FROM import_departures').all(),
        ...db.prepare('PRAGMA foreign_key_check').all(),
      ]
      for await (const problem of storage.audit({ signal })) wrong.push(problem)
      for (const each of await storage.imports()) {
        for await (const item of storage.readBack(each.id, { signal })) {
          if (item.difference !== null) wrong.push(item)
        }
        // The first import's receipt is a test's; those of runs were made by verify.
        if (each.id === published) continue
        const check = await verifyPublished(storage, each, { signal })
        if (!check.valid) wrong.push(...check.differences)
      }
      return wrong
    })
  }

  async #reading<Result>(read: (app: ReturnType<typeof openApp>) => Promise<Result>): Promise<Result> {
    const app = openApp(this.app)
    try {
      return await read(app)
    } finally {
      app.db.close()
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

describe(`an app whose process is killed at calls of its storage (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  it.each(hostWorks)(
    'shows all of an import or none, and ends as one that was never killed: %s',
    { timeout: 900_000 },
    async (work) => {
      const undisturbed = new Place()
      const { report } = await undisturbed.work(work, 0)
      const calls = Number(report)
      const after = dumpApp(undisturbed.app)
      const isGone = !existsSync(undisturbed.backup)
      undisturbed.remove()
      expect(calls).toBeGreaterThan(work === 'import' ? 60 : 20)
      expect(isGone).toBe(work === 'import')
      if (work === 'give up') expect(after).toEqual(before)
      else expect(after.records).not.toEqual(before.records)

      const points = Array.from({ length: wanted }, () => [
        random.integer(1, calls),
        ...(random.chance(0.5) ? [random.integer(1, calls)] : []),
      ])
      await inParallel(points, async (kills) => {
        const place = new Place()
        const when = `${work}, killed at ${kills.join(' and ')} of ${calls}`
        for (const call of kills) {
          await place.work(work, call)
          expect([before.records, after.records], when).toContainEqual(dumpApp(place.app).records)
          if (!existsSync(place.backup)) expect(await place.isProved(), when).toBe(true)
        }
        expect((await place.work(work, 0)).killed, when).toBe(false)
        expect(dumpApp(place.app), when).toEqual(after)
        expect(existsSync(place.backup), when).toBe(!isGone)
        expect(await place.wrong(), when).toEqual([])
        place.remove()
      })
    },
  )
})
