import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRunner, type RunEvent } from '@holdfast/core'
import { backupImport } from '@holdfast/core/import'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { backupFolder } from '../src/backup-folder/index.js'
import { iosBackup, type KeyVault } from '../src/ios-backup/index.js'
import { sqliteJournal, sqliteLibrary } from '../src/sqlite/index.js'
import { makeSyntheticBackup, openTestSqlite } from '../src/testing/index.js'

const password = 'Kl1ppfischer-Zoë-44'
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-encrypted-import-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A host with an encrypted backup; `vault` sees the key, which otherwise nobody does. */
async function host(vault?: KeyVault) {
  const { path, counts } = await makeSyntheticBackup({
    into: join(folder, 'backups'),
    seed: 'encrypted import',
    messages: 120,
    attachments: 20,
    encryption: { password },
  })
  const scratch = join(folder, 'scratch')
  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  const saga = backupImport({
    device: backupFolder(),
    reader: iosBackup({ openSqlite: openTestSqlite, scratch, ...(vault === undefined ? {} : { vault }) }),
    storage: sqliteLibrary(db, attachmentFiles(join(folder, 'attachments'))),
  })
  const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
  const run = await runner.start(saga, { path })
  const events: RunEvent[] = []
  run.events.on('event', (event) => events.push(event))
  const asked = () =>
    new Promise<void>((resolve) => {
      if (run.view.getSnapshot().ask !== null) resolve()
      else run.events.once('run.asked', () => resolve())
    })
  const close = async () => {
    await runner.shutdown()
    db.close()
  }
  return { run, runner, events, asked, counts, scratch, close }
}

/** Everything on disk below the folder but the backup itself, as one string of bytes. */
async function written(): Promise<Buffer> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile() && !entry.parentPath.includes('backups'))
  return Buffer.concat(await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name)))))
}

test('a run asks for the password once, and writes neither it nor the key anywhere', async () => {
  const keys: Uint8Array[] = []
  const { run, runner, events, asked, scratch, close } = await host({
    get: () => null,
    set: (_name, key) => void keys.push(key),
    delete: () => undefined,
  })
  await asked()
  expect(run.view.getSnapshot().ask).toMatchObject({ kind: 'password', secret: true })
  await run.provide('password', password)
  const outcome = await run.outcome()
  expect(outcome).toMatchObject({ status: 'done' })
  expect(events.filter(({ type }) => type === 'run.asked')).toHaveLength(1)
  expect(await readdir(scratch)).toEqual([])

  const told = JSON.stringify([
    outcome,
    events,
    run.view.getSnapshot(),
    await runner.history(run.id),
    await runner.report(run.id),
  ])
  await close()
  const disk = await written()
  expect(keys.length).toBeGreaterThan(0)
  for (const secret of [Buffer.from(password), ...keys.map((key) => Buffer.from(key))]) {
    expect(disk.includes(secret)).toBe(false)
    for (const text of [secret.toString('utf8'), secret.toString('hex'), secret.toString('base64')]) {
      expect(told).not.toContain(text)
      expect(disk.includes(text)).toBe(false)
    }
  }
})

test('a run whose password is wrong parks, and asks again when it is retried', async () => {
  const { run, events, asked, close } = await host()
  for (const wrong of ['wrong one', 'wrong two', 'wrong three']) {
    await asked()
    const next = new Promise((resolve) => run.events.once('run.asked', resolve))
    await run.provide('password', wrong)
    if (wrong !== 'wrong three') await next
  }
  expect(await run.outcome()).toMatchObject({
    status: 'retryable',
    step: 'extract',
    error: { code: 'PASSWORD_WRONG' },
  })
  expect(JSON.stringify(events)).not.toContain('wrong two')
  await run.retry()
  await asked()
  await run.provide('password', password)
  expect(await run.outcome()).toMatchObject({ status: 'done' })
  await close()
})

test('a run that is cancelled while it asks parks, and leaves nothing decrypted', async () => {
  const { run, asked, scratch, close } = await host()
  await asked()
  await run.cancel()
  expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code: 'CANCELLED' } })
  expect(existsSync(scratch) ? await readdir(scratch) : []).toEqual([])
  await close()
})
