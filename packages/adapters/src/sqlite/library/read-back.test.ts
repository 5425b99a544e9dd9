import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttachmentRecord } from '@holdfast/core/import'
import { sampleMessage } from '@holdfast/core/testing'
import { afterAll, expect, it } from 'vitest'
import { type AttachmentFiles, attachmentFiles } from '../../attachment-files/index.js'
import { openTestSqlite } from '../../testing/open-sqlite.js'
import { sqliteLibrary } from './sqlite-library.js'

const base = mkdtempSync(join(tmpdir(), 'holdfast-read-back-'))
const db = openTestSqlite(join(base, 'library.db'), { readonly: false })
afterAll(() => {
  db.close()
  rmSync(base, { recursive: true })
})
const { signal } = new AbortController()

/** More than two pages of them. */
const records: readonly AttachmentRecord[] = Array.from({ length: 500 }, (_, index) => ({
  type: 'attachment',
  key: `a${index}@m`,
  guid: `a${index}`,
  parent: { type: 'message', key: 'm' },
  name: null,
  mimeType: null,
  uti: null,
  isSticker: false,
  createdAt: null,
  claimedBytes: null,
  unavailable: null,
  part: null,
}))

it('hashes each file once, ahead of its page, tells each with its own, and nothing more once the caller stops', async () => {
  let asked = 0
  let under = 0
  const files = attachmentFiles(join(base, 'attachments'))
  const counted: AttachmentFiles = {
    ...files,
    async digests(requests, abort) {
      asked += requests.length
      under++
      try {
        return await files.digests(requests, abort)
      } finally {
        under--
      }
    },
  }
  const storage = sqliteLibrary(db, counted)
  await storage.begin({ id: 'i', owner: 'o', fingerprint: 'f', udid: null })
  const content = async function* ({ guid }: AttachmentRecord): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`content of ${guid}`)
  }
  await storage.write('i', { records, cursor: 1 }, { content, signal, backup: 'stays' })

  const found = new Map<string, string | undefined>()
  for await (const item of storage.readBack('i', { signal })) {
    if (item.record?.type === 'attachment') found.set(item.record.guid, item.content?.sha256)
  }
  expect(new Set(found.values()).size).toBe(records.length)
  expect(asked).toBe(records.length)

  for await (const { key } of storage.readBack('i', { signal })) if (key === records[3]?.key) break
  expect(under).toBe(0)
  asked = 0
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(asked).toBe(0)
})

it('hashes files while the messages before them are read', async () => {
  const messages = Array.from({ length: 6000 }, (_, index) => sampleMessage(`message ${index}`))
  let asked = 0
  const files = attachmentFiles(join(base, 'attachments'))
  const counted: AttachmentFiles = {
    ...files,
    digests(requests, abort) {
      asked += requests.length
      return files.digests(requests, abort)
    },
  }
  const storage = sqliteLibrary(db, counted)
  await storage.begin({ id: 'second', owner: 'o', fingerprint: 'f', udid: null })
  const content = async function* ({ guid }: AttachmentRecord): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`content of ${guid}`)
  }
  const writing = { content, signal, backup: 'stays' } as const
  await storage.write('second', { records: messages, cursor: 1 }, writing)
  await storage.write('second', { records, cursor: 2 }, writing)

  const types: string[] = []
  let askedBefore = 0
  for await (const { type, difference } of storage.readBack('second', { signal })) {
    expect(difference).toBeNull()
    if (type === 'message') askedBefore = asked
    types.push(type)
  }
  expect(types).toEqual([...messages, ...records].map(({ type }) => type))
  expect(askedBefore).toBe(records.length)
  expect(asked).toBe(records.length)
})
