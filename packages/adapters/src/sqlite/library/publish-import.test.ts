import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { receiptFor, sampleMessage } from '@holdfast/core/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLibrary } from '../../../test/library-fixture.js'

const signal = new AbortController().signal
const content = () => {
  throw new Error('there are no attachments')
}
/** A page of the database in the log, with the header that it has there. */
const frameBytes = 4096 + 24

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-publish-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Pages that publishing so many messages writes. */
async function pagesOf(messages: number): Promise<number> {
  const { db, storage } = openLibrary(folder)
  try {
    const ref = { id: `of ${messages}`, owner: 'o', fingerprint: 'f', udid: `phone with ${messages}` }
    await storage.begin(ref)
    for (let from = 0; from < messages; from += 500) {
      const records = Array.from({ length: Math.min(500, messages - from) }, (_, index) =>
        sampleMessage(`${messages}-${from + index}`),
      )
      await storage.write(ref.id, { records, cursor: from }, { content, signal })
    }
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    await storage.publish(ref.id, await receiptFor(ref))
    return Math.floor(statSync(join(folder, 'library.db-wal')).size / frameBytes)
  } finally {
    db.close()
  }
}

it('publishing writes the same few pages, however many messages there are', async () => {
  const few = await pagesOf(10)
  const many = await pagesOf(5000)
  expect(few).toBeGreaterThan(0)
  expect(many).toBe(few)
  expect(many).toBeLessThan(8)
})
