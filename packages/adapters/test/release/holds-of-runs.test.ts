import { existsSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { holdsOn } from '../../src/backup-folder/index.js'
import { noAnomalies, type SyntheticBackup } from '../../src/testing/index.js'
import { Workshop } from '../import-workshop.js'

let workshop: Workshop
let backup: SyntheticBackup
/** Whether the library takes nothing. */
let isFull: boolean

beforeEach(async () => {
  isFull = true
  workshop = new Workshop()
  backup = await workshop.makeBackup({ seed: 31, messages: 30, attachments: 4, anomalies: noAnomalies })
})

afterEach(() => workshop.cleanUp())

function openFullApp() {
  return workshop.openApp({
    storage: (storage) => ({
      ...storage,
      write: async (...given) => {
        if (isFull) throw new Error('the disk is full')
        return storage.write(...given)
      },
    }),
  })
}

it("one owner's parked run keeps the backup from another owner's run of the same library that would delete it", async () => {
  const app = openFullApp()
  const alice = await app.import({ path: backup.path }, 'alice')
  expect((await alice.outcome()).status).toBe('retryable')
  isFull = false
  const bob = await app.import({ path: backup.path, cleanup: 'delete' }, 'bob')
  expect(await bob.outcome()).toMatchObject({
    status: 'retryable',
    step: 'cleanup',
    error: { code: 'BACKUP_HELD', facts: { run: alice.id } },
  })
  await alice.retry()
  expect((await alice.outcome()).status).toBe('done')
  expect(existsSync(backup.path)).toBe(true)
  await bob.retry()
  expect((await bob.outcome()).status).toBe('done')
  expect(existsSync(backup.path)).toBe(false)
})

it('a parked run that is discarded keeps the backup from nobody any more', async () => {
  const app = openFullApp()
  const alice = await app.import({ path: backup.path }, 'alice')
  expect((await alice.outcome()).status).toBe('retryable')
  isFull = false
  await alice.discard()
  expect(await holdsOn(backup.path)).toEqual([])
  const bob = await app.import({ path: backup.path, cleanup: 'delete' }, 'bob')
  expect((await bob.outcome()).status).toBe('done')
  expect(existsSync(backup.path)).toBe(false)
})

it('a run that finds all of the backup in the library already takes its own mark away', async () => {
  isFull = false
  const app = openFullApp()
  const first = await app.import({ path: backup.path })
  expect((await first.outcome()).status).toBe('done')
  const second = await app.import({ path: backup.path })
  expect(await second.outcome()).toMatchObject({
    status: 'done',
    outputs: { store: { unchangedSince: first.id } },
  })
  expect(await holdsOn(backup.path)).toEqual([])
})
