import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cursor, ImportRecord, OpenBackup } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AttachmentTruth,
  makeSyntheticBackup,
  openTestSqlite,
  type SchemaVersion,
  type SyntheticBackup,
  schemaVersions,
} from '../testing/index.js'
import { calls, contacts, iosBackup, messages, voicemail, whatsapp } from './index.js'

const { signal } = new AbortController()
const reader = iosBackup({
  openSqlite: openTestSqlite,
  parts: [whatsapp(), voicemail(), calls(), contacts(), messages()],
})
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-parts-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(schemaVersions)(
  'a synthetic backup of %s with calls, voicemail and WhatsApp',
  (schema: SchemaVersion) => {
    let made: SyntheticBackup
    let backup: OpenBackup

    beforeAll(async () => {
      made = await makeSyntheticBackup({
        into: folder,
        seed: `parts ${schema}`,
        messages: 120,
        attachments: 20,
        calls: 150,
        voicemails: 40,
        whatsApp: [{ messages: 400 }, { app: 'WhatsApp Business', messages: 60, chats: 4 }],
        schema,
        anomalies: { recordingsBlobMissing: 2 },
      })
      backup = await reader.open(made.path, { signal })
    })

    afterAll(() => backup.close())

    test('reads every record as it was planned, part by part, each under a key of its own', async () => {
      const read = (await readAll(backup, null, 37)).records.map(withoutProblem)
      const planned = plannedRecords(made)
      expect(read.length).toBe(planned.length)
      for (const [index, record] of read.entries()) expect(record).toEqual(planned[index])
      const keys = read.map((record) => `${record.type} ${record.key}`)
      expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
    })

    test('tells exact totals without reading, and nothing odd', async () => {
      expect(await backup.totals()).toEqual(made.counts)
      expect(backup.source.remarks).toEqual([])
      expect(backup.source.parts.map(({ part, state }) => `${part} ${state}`)).toEqual([
        'contacts present',
        'contact-images present',
        'messages present',
        'attachments present',
        'calls present',
        'voicemail present',
        'whatsapp present',
      ])
    })

    test('gives the content of every recording and every file of WhatsApp that it calls available', async () => {
      const files = filesOf(made)
      expect(files.filter(({ unavailable }) => unavailable === null).length).toBeGreaterThan(60)
      for (const { sha256, bytes, ...record } of files) {
        if (record.unavailable !== null) {
          await expect(backup.digest(record, signal)).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
          continue
        }
        expect(await backup.digest(record, signal), record.key).toEqual({ sha256, bytes })
        const hash = createHash('sha256')
        for await (const chunk of backup.content(record, signal)) hash.update(chunk)
        expect(hash.digest('hex')).toBe(sha256)
      }
    })

    test('continues behind any cursor with exactly what follows, also in another process', async () => {
      const whole = await readAll(backup, null, 50)
      for (let at = 0; at < whole.cursors.length; at += 5) {
        const cursor: Cursor = JSON.parse(JSON.stringify(whole.cursors[at]))
        const second = await reader.open(made.path, { signal })
        const rest = await readAll(second, cursor, 31)
        await second.close()
        expect(rest.records).toEqual(whole.records.slice(whole.ends[at]))
      }
    })
  },
)

describe('an encrypted backup with calls, voicemail and WhatsApp', () => {
  test('gives what the plain one gives, and the content of every file', async () => {
    const password = 'wellenreiter'
    const made = await makeSyntheticBackup({
      into: folder,
      seed: 'parts encrypted',
      messages: 20,
      attachments: 0,
      calls: 40,
      voicemails: 30,
      whatsApp: [{ messages: 100 }, { app: 'WhatsApp Business', messages: 50 }],
      encryption: { password },
    })
    const scratch = join(folder, 'encrypted scratch')
    const backup = await iosBackup({
      openSqlite: openTestSqlite,
      parts: [messages(), contacts(), calls(), voicemail(), whatsapp()],
      scratch,
    }).open(made.path, { signal, ask: async () => password })
    expect(backup.source.encrypted).toBe(true)
    expect((await readAll(backup, null, 50)).records.map(withoutProblem)).toEqual(plannedRecords(made))
    for (const { sha256, bytes, ...record } of filesOf(made)) {
      if (record.unavailable === null) expect(await backup.digest(record, signal)).toEqual({ sha256, bytes })
    }
    await backup.close()
    expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([])
  })
})

describe('what is planted', () => {
  let made: SyntheticBackup

  beforeAll(async () => {
    made = await makeSyntheticBackup({
      into: folder,
      seed: 'planted parts',
      messages: 10,
      attachments: 0,
      calls: 60,
      voicemails: 30,
      whatsApp: [{ messages: 300 }],
      anomalies: { recordingsBlobMissing: 1 },
    })
  })

  test('is every kind of call', () => {
    const all = made.truth.calls.filter((call) => call.type === 'call')
    expect(new Set(all.map(({ medium }) => medium))).toEqual(
      new Set(['phone', 'facetime-video', 'facetime-audio', 'other']),
    )
    expect(all.some(({ handles }) => handles.length === 0)).toBe(true)
    expect(all.some(({ handles }) => handles.length === 3)).toBe(true)
    expect(all.filter(({ id }) => id.startsWith('call-'))).toHaveLength(3)
    expect(made.truth.calls.filter(({ type }) => type === 'unreadable')).toHaveLength(1)
  })

  test('is every kind of voicemail, and a reason for each recording that is missing', () => {
    const all = made.truth.voicemails.filter((each) => each.type === 'voicemail')
    expect(all.filter(({ receivedAt }) => receivedAt === null)).toHaveLength(2)
    expect(all.some(({ sender }) => sender === null)).toBe(true)
    expect(all.some(({ trashedAt }) => trashedAt !== null)).toBe(true)
    expect(reasonsOf(made.truth.recordings)).toEqual({ 'not-in-backup': 1, 'blob-missing': 1 })
  })

  test('is every kind of message of WhatsApp, and a reason for each file that is missing', () => {
    const all = made.truth.whatsApp
    const whatsAppMessages = all.filter((each) => each.type === 'message')
    expect(new Set(whatsAppMessages.map(({ kind }) => kind))).toEqual(
      new Set(['message', 'system', 'unsent']),
    )
    expect(new Set(whatsAppMessages.map(({ textState }) => textState))).toEqual(
      new Set(['plain', 'decoded', 'none', 'undecodable']),
    )
    const handles = whatsAppMessages.map(({ sender }) => sender ?? '')
    expect(handles.some((handle) => handle.endsWith('@lid'))).toBe(true)
    expect(handles.some((handle) => /^\+\d+$/.test(handle))).toBe(true)
    expect(whatsAppMessages.filter(({ chatGuid }) => chatGuid === null)).toHaveLength(2)
    expect(whatsAppMessages.filter(({ guid }) => guid.includes('#')).length).toBeGreaterThanOrEqual(5)
    expect(whatsAppMessages.filter(({ replyToGuid }) => replyToGuid !== null)).toHaveLength(1)
    expect(all.filter(({ type }) => type === 'unreadable')).toHaveLength(1)
    expect(reasonsOf(all.filter((each) => each.type === 'attachment'))).toEqual({
      'not-in-backup': 1,
      'blob-missing': 1,
      'no-path': 2,
      'invalid-path': 2,
    })
  })
})

function reasonsOf(records: readonly AttachmentTruth[]): Record<string, number> {
  const reasons: Record<string, number> = {}
  for (const { unavailable } of records) {
    if (unavailable !== null) reasons[unavailable] = (reasons[unavailable] ?? 0) + 1
  }
  return reasons
}

function filesOf({ truth }: SyntheticBackup): AttachmentTruth[] {
  return [...truth.recordings, ...truth.whatsApp.filter((record) => record.type === 'attachment')]
}

function plannedRecords({ truth }: SyntheticBackup): ImportRecord[] {
  return [
    ...truth.contacts,
    ...truth.chats,
    ...truth.messages,
    ...truth.attachments,
    ...truth.calls,
    ...truth.voicemails,
    ...truth.recordings,
    ...truth.whatsApp,
  ].map((record) => {
    if (!('sha256' in record)) return record
    const { sha256: _sha256, bytes: _bytes, ...attachment } = record
    return attachment
  })
}

function withoutProblem(record: ImportRecord): ImportRecord {
  return record.type === 'unreadable' ? { ...record, problem: '' } : record
}

/** Reads on from a cursor to the end. `ends[i]` is how many records were read up to `cursors[i]`. */
async function readAll(backup: OpenBackup, after: Cursor | null, batchSize: number) {
  const records: ImportRecord[] = []
  const cursors: Cursor[] = []
  const ends: number[] = []
  for await (const batch of backup.read({ after, batchSize, signal })) {
    expect(batch.records.length).toBeGreaterThan(0)
    expect(batch.records.length).toBeLessThanOrEqual(batchSize)
    records.push(...batch.records)
    cursors.push(batch.cursor)
    ends.push(records.length)
  }
  return { records, cursors, ends }
}
