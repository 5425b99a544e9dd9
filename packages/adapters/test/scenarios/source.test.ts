import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { markUnfinished, tearDatabase } from '../../src/testing/index.js'
import { Workshop } from '../import-workshop.js'

describe('a backup that is not whole', () => {
  let workshop: Workshop
  beforeEach(() => {
    workshop = new Workshop()
  })
  afterEach(() => workshop.cleanUp())

  /** It is kept although it was handed over, and nothing of it is in the library. */
  const expectKept = async (path: string, code: string) => {
    const app = workshop.openApp()
    const run = await app.import({ path, cleanup: 'delete' })
    expect(await run.outcome()).toMatchObject({ status: 'retryable', error: { code } })
    expect(existsSync(join(path, 'Manifest.db'))).toBe(true)
    expect(await app.storage.imports()).toEqual([])
  }

  it.each(['cut', 'zeroed', 'noise'] as const)(
    '15: with a message database that is torn (%s) is an error, never one with 0 messages',
    async (how) => {
      const { path } = await workshop.makeBackup({ seed: 61 })
      await tearDatabase(path, how)
      await expectKept(path, 'MESSAGES_DAMAGED')
    },
  )

  it('16: with the manifest of the one before, because the phone did not finish, is not taken for complete', async () => {
    const { path } = await workshop.makeBackup({ seed: 62 })
    await markUnfinished(path)
    await expectKept(path, 'BACKUP_TORN')
  })
})
