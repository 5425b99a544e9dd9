import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackupRef } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inspectBackup } from '../../src/ios-backup/index.js'
import { backupPlaces } from '../../src/iphone/backup-target/backup-places.js'
import { finishReplacing } from '../../src/iphone/backup-target/working-folder.js'
import { iphone, plainMux } from '../../src/iphone/index.js'
import { EmulatedIphone, generatedContent, openTestSqlite } from '../../src/testing/index.js'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { Program } from '../engine/children.js'
import { acquireBackup } from './acquire-backup.js'
import { someFiles, treeDigest } from './backup-workshop.js'
import type { PhoneChildWords } from './phone-child.js'
import { readWholeBackup } from './read-whole-backup.js'

const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)
/** Processes that are killed in the long suite; and in `npm test`. */
const kills = process.env['HOLDFAST_CRASH_SUITE'] === 'long' ? 200 : 6

let program: Program
let phone: EmulatedIphone
let base = ''
/** A finished backup, before the phone changed. */
let before = ''
let digestBefore = ''

beforeAll(async () => {
  program = await Program.bundle('../iphone/phone-child.ts')
  base = await mkdtemp(join(tmpdir(), 'holdfast-phone-kill-'))
  before = join(base, 'before')
  phone = await EmulatedIphone.start({ tree: someFiles(12) })
  await acquire(before, 'first')
  digestBefore = await treeDigest(join(before, phone.udid))
  phone.backups.tree
    .put('HomeDomain', 'Library/Things/3', generatedContent(400_000, 'changed'))
    .remove('HomeDomain', 'Library/Things/4')
    .put('HomeDomain', 'Library/Things/new', 'new')
}, 60_000)
afterAll(async () => {
  program.remove()
  await phone.stop()
  await rm(base, { recursive: true })
})

/** Makes a backup in this process, or goes on with that of a run whose process died, and lets it go. */
async function acquire(folder: string, run: string, previous: BackupRef | null = null): Promise<void> {
  const device = iphone({
    folder,
    mux: plainMux({ address: phone.address }),
    openSqlite: openTestSqlite,
    retryDelay: 50,
  })
  const backup = await acquireBackup(device, { udid: phone.udid, run, previous })
  const { signal } = new AbortController()
  await device.discard(backup, { delete: false, signal, run })
}

/** A folder with the backup before, in which a child has made the next one, or died. */
async function backUpIn(name: string, withBackup: boolean, killAt: number) {
  const folder = join(base, name)
  if (withBackup) await cp(before, folder, { recursive: true })
  const words: PhoneChildWords = { address: phone.address, udid: phone.udid, folder, killAt }
  return { folder, ended: await program.start(words).ended }
}

describe.each([
  ['a backup that goes on from one', true],
  ['a first backup', false],
])('%s', (_, withBackup) => {
  it(
    `killed at any change of the file system leaves the one before whole, and the next attempt ends with a whole one (seed ${seed})`,
    async () => {
      const name = withBackup ? 'next' : 'first'
      const { ended: whole } = await backUpIn(`${name}-whole`, withBackup, 0)
      const total = Number(whole.report)
      expect(total).toBeGreaterThan(50)
      const random = new Random(`kills ${seed} ${name}`)
      let lived = 0
      for (let kill = 0; kill < kills / 2; ) {
        const at = random.integer(1, total)
        const where = `change ${at} of ${total}`
        const { folder, ended } = await backUpIn(`${name}-${kill}`, withBackup, at)
        if (!ended.killed) {
          // On a slow disk some changes are made in another way, of fewer steps: it was done before it came to the last ones.
          expect(Number(ended.report), where).toBeLessThan(at)
          expect(++lived, where).toBeLessThan(kills)
          await rm(folder, { recursive: true })
          continue
        }
        kill++
        await expectNothingLost(folder, withBackup, where)
        const path = join(folder, phone.udid)
        await acquire(folder, 'run', { path, ownership: withBackup ? 'adopted' : 'made' })
        expect((await inspectBackup(path, { openSqlite: openTestSqlite })).wholeness, where).toBe('complete')
        const files = await readWholeBackup(path)
        expect(files.size, where).toBe(phone.backups.tree.files().length)
        expect([...files.values()], where).not.toContain(null)
        expect(await readdir(folder), where).toEqual([phone.udid])
        await rm(folder, { recursive: true })
      }
    },
    kills * 30_000,
  )
})

/** Without the phone: what is in its place, once a replacing that was begun is gone on with, is the backup before or a whole new one. */
async function expectNothingLost(folder: string, withBackup: boolean, where: string): Promise<void> {
  const places = backupPlaces(folder, phone.udid)
  await finishReplacing(places)
  const names = await readdir(folder).catch((): string[] => [])
  if (!names.includes(phone.udid)) {
    expect(withBackup, where).toBe(false)
    return
  }
  const { wholeness } = await inspectBackup(places.backup, { openSqlite: openTestSqlite })
  expect(wholeness, where).toBe('complete')
  const files = await readWholeBackup(places.backup)
  const isNew = files.has('HomeDomain-Library/Things/new')
  if (!isNew) expect(await treeDigest(places.backup), where).toBe(digestBefore)
}
