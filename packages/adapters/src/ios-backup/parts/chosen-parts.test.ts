import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cursor, ImportRecord } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  makeSyntheticBackup,
  messagesFile,
  openTestSqlite,
  removeFile,
  type SyntheticBackup,
  tearDatabase,
} from '../../testing/index.js'
import { type BackupPart, contacts, iosBackup, messages } from '../index.js'

const { signal } = new AbortController()
let folder: string
let made: SyntheticBackup

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-parts-'))
  made = await makeSyntheticBackup({ into: folder, seed: 'parts', messages: 60, attachments: 8 })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const open = (parts: readonly BackupPart[], path = made.path) =>
  iosBackup({ openSqlite: openTestSqlite, parts }).open(path, { signal })

async function read(parts: readonly BackupPart[], after: Cursor | null = null): Promise<ImportRecord[]> {
  const backup = await open(parts)
  const records: ImportRecord[] = []
  for await (const batch of backup.read({ after, batchSize: 20, signal })) records.push(...batch.records)
  await backup.close()
  return records
}

describe('the parts that a host chooses', () => {
  test('are read, and no others', async () => {
    expect(await read([contacts()])).toEqual(made.truth.contacts)
    const types = new Set((await read([messages()])).map(({ type }) => type))
    expect(types).toEqual(new Set(['chat', 'message', 'attachment']))
  })

  test('are read in the same order, however they are named', async () => {
    expect(await read([messages(), contacts()])).toEqual(await read([contacts(), messages()]))
  })

  test('without messages open a backup that holds none', async () => {
    const other = await makeSyntheticBackup({ into: folder, seed: 'bare', messages: 5, attachments: 0 })
    await removeFile(other.path, messagesFile)
    await expect(open([contacts(), messages()], other.path)).rejects.toMatchObject({
      code: 'MESSAGES_MISSING',
    })
    const backup = await open([contacts()], other.path)
    expect(await backup.totals()).toMatchObject({ contacts: other.counts.contacts, messages: 0 })
    await backup.close()
  })

  test('must be parts, some, and none of them twice', () => {
    const refused = expect.objectContaining({ code: 'OPTION_INVALID' })
    expect(() => iosBackup({ parts: [] })).toThrow(refused)
    expect(() => iosBackup({ parts: [contacts(), contacts()] })).toThrow(refused)
    expect(() => iosBackup({ parts: [Object.assign(contacts(), { name: 'photos' })] })).toThrow(refused)
  })
})

describe('the parts that a run is started for', () => {
  const reader = iosBackup({ openSqlite: openTestSqlite, parts: [contacts(), messages()] })

  test('are read, and the others are not looked at, damaged or not', async () => {
    const other = await makeSyntheticBackup({ into: folder, seed: 'torn', messages: 5, attachments: 0 })
    await tearDatabase(other.path, 'cut')
    await expect(reader.open(other.path, { signal })).rejects.toMatchObject({ code: 'MESSAGES_DAMAGED' })
    const backup = await reader.open(other.path, { signal, parts: ['contacts'] })
    expect(await backup.totals()).toMatchObject({ contacts: other.counts.contacts, messages: 0 })
    expect(backup.source.parts.map(({ part }) => part)).toEqual(['contacts', 'contact-images'])
    await backup.close()
  })

  test('are refused where the reader is not made for one of them', async () => {
    await expect(reader.open(made.path, { signal, parts: ['messages', 'calls'] })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      retryable: false,
      facts: { part: 'calls' },
      hint: expect.stringContaining('contacts, messages'),
    })
  })
})

describe('a cursor', () => {
  test('from before parts could be chosen goes on where it stood', async () => {
    const all = await read([contacts(), messages()])
    const last = all.findIndex(({ key }) => key === made.truth.chats[1]?.key)
    expect(await read([contacts(), messages()], { after: 'chats', rows: [2] })).toEqual(all.slice(last + 1))
  })

  test('of a part that is not chosen is refused', async () => {
    await expect(read([contacts()], { after: 'messages.chats', rows: [2] })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  })
})
