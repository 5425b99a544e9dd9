import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  blobPath,
  messagesFile,
  noAnomalies,
  openTestSqlite,
  removeBlob,
  type SyntheticBackup,
} from '../src/testing/index.js'
import { expectLibraryToEqualTruth } from './compare-with-truth.js'
import { Workshop } from './import-workshop.js'

const password = 'Strandkorb-44'
const anomalies = { ...noAnomalies, isDirectory: 2 }
let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop.cleanUp())

/** The column `text` of a row that is there. */
function textIn(row: unknown): string {
  const { text }: { readonly text?: unknown } = Object(row)
  if (typeof text !== 'string') throw new Error('no such row')
  return text
}

const insideOf = ({ truth }: SyntheticBackup) => truth.attachments.filter(({ guid }) => guid.includes('/'))

test.each([
  ['a plain backup', {}],
  ['a backup of iOS 9, with Manifest.mbdb', { schema: 'ios-9' as const }],
  ['an encrypted backup', { encryption: { password } }],
])('the files in folders are in the library when %s is deleted', async (_, options) => {
  const backup = await workshop.makeBackup({ seed: 61, messages: 80, anomalies, ...options })
  const inside = insideOf(backup)
  expect(inside).toHaveLength(6)
  const app = workshop.openApp()
  const run = await app.import({ path: backup.path, cleanup: 'delete' })
  if ('encryption' in options) {
    await new Promise<void>((resolve) => {
      if (run.view.getSnapshot().ask !== null) resolve()
      else run.events.once('run.asked', () => resolve())
    })
    await run.provide('password', password)
  }
  expect(await run.outcome()).toMatchObject({ status: 'done', outputs: { cleanup: { deleted: true } } })
  expect(existsSync(backup.path)).toBe(false)
  const attachments = join(workshop.folder, 'attachments')
  expectLibraryToEqualTruth(app.db, attachments, backup.truth)
  const [published] = await app.storage.imports()
  expect(published?.receipt?.counts.attachments.reasons).toEqual({ 'is-directory': 2 })
  for (const { guid, sha256, bytes } of inside) {
    const path = textIn(app.db.prepare('SELECT path AS text FROM attachments WHERE guid = ?').get(guid))
    const content = readFileSync(join(attachments, path))
    expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256])
  }
})

test('a folder of which a file is lost keeps its backup from being deleted', async () => {
  const backup = await workshop.makeBackup({ seed: 62, messages: 80, anomalies })
  const [lost] = insideOf(backup)
  const [guid = '', ...path] = lost?.guid.split('/') ?? []
  const messages = openTestSqlite(blobPath(backup.path, messagesFile), { readonly: true })
  const filename = textIn(
    messages.prepare('SELECT filename AS text FROM attachment WHERE guid = ?').get(guid),
  )
  messages.close()
  const folder = filename.replace(/^~\//, '')
  await removeBlob(backup.path, { domain: 'MediaDomain', relativePath: [folder, ...path].join('/') })
  const app = workshop.openApp()
  const run = await app.import({ path: backup.path, cleanup: 'delete' })
  expect(await run.outcome()).toMatchObject({
    error: { code: 'SKIP_NOT_ALLOWED', facts: { 'blob-missing': 1 } },
  })
  expect(existsSync(backup.path)).toBe(true)
})
