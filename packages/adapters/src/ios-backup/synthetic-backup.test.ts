import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cursor, ImportRecord, OpenBackup } from '@holdfast/core/import'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenSqlite } from '../sqlite/driver.js'
import {
  makeSyntheticBackup,
  openTestSqlite,
  type SchemaVersion,
  type SyntheticBackup,
  schemaVersions,
} from '../testing/index.js'
import { isSince } from '../testing/synthetic-backup/folder/generations.js'
import { describeBackup, iosBackup } from './index.js'

const { signal } = new AbortController()
const reader = iosBackup({ openSqlite: openTestSqlite })
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-reader-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(schemaVersions)('a synthetic backup of %s', (schema: SchemaVersion) => {
  let made: SyntheticBackup
  let backup: OpenBackup

  beforeAll(async () => {
    made = await makeSyntheticBackup({
      into: folder,
      seed: `reader ${schema}`,
      messages: 1500,
      attachments: 200,
      contactImages: 40,
      schema,
      anomalies: { blobMissing: 5, databaseSizeShortBy: 512 },
    })
    backup = await reader.open(made.path, { signal })
  })

  afterAll(() => backup.close())

  test('reads every record as it was planned, in the promised order', async () => {
    const read = await readAll(backup, null, 97)
    const planned = plannedRecords(made)
    expect(read.records.length).toBe(planned.length)
    for (const [index, record] of read.records.entries()) expect(record).toEqual(planned[index])
    expect(new Set(read.records.map((record) => `${record.type} ${record.key}`)).size).toBe(planned.length)
  })

  test('tells exact totals without reading', async () => {
    expect(await backup.totals()).toEqual(made.counts)
  })

  test('calls nothing odd in a backup that is whole', () => {
    expect(backup.source).toMatchObject({
      wholeness: 'complete',
      encrypted: false,
      remarks: [],
      udid: made.udid,
    })
    expect(backup.source.parts.map((part) => part.state)).toEqual([
      'present',
      'present',
      'present',
      'present',
    ])
  })

  test('gives the content of every attachment that it calls available, and its digest', async () => {
    for (const { sha256, bytes, ...record } of [...made.truth.contactImages, ...made.truth.attachments]) {
      if (record.unavailable !== null) continue
      expect(await backup.digest(record, signal)).toEqual({ sha256, bytes })
      const hash = createHash('sha256')
      for await (const chunk of backup.content(record, signal)) hash.update(chunk)
      expect(hash.digest('hex')).toBe(sha256)
    }
  })

  test('refuses the content of an attachment that it calls unavailable', async () => {
    const missing = made.truth.attachments.filter((record) => record.unavailable !== null)
    // Phones have had their messages in iCloud since iOS 11.
    const reasons = isSince(schema, 'ios-11') ? 6 : 5
    expect(new Set(missing.map((record) => record.unavailable)).size).toBe(reasons)
    for (const record of missing) {
      await expect(backup.digest(record, signal)).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' })
    }
  })

  test('continues behind any cursor with exactly what follows, also in another process', async () => {
    const whole = await readAll(backup, null, 50)
    const last = whole.cursors.length - 1
    for (const at of [0, 1, Math.floor(last / 2), last - 1, last]) {
      // Through JSON and a second reader: what a cursor means may not live in the memory of the first.
      const cursor: Cursor = JSON.parse(JSON.stringify(whole.cursors[at]))
      const second = await reader.open(made.path, { signal })
      const rest = await readAll(second, cursor, 31)
      await second.close()
      expect(rest.records).toEqual(whole.records.slice(whole.ends[at]))
    }
  })

  test('gives the same records one by one, with a cursor behind each', async () => {
    const whole = await readAll(backup, null, 10_000)
    const single = await readAll(backup, null, 1)
    expect(single.records).toEqual(whole.records)
    expect(single.cursors.length).toBe(whole.records.length)
    // An attachment on two messages is cut apart by such small batches, so each cursor must name both of its rows.
    const tail = whole.records.length - 40
    for (let at = tail; at < whole.records.length; at += 7) {
      expect((await readAll(backup, single.cursors[at] ?? null, 3)).records).toEqual(
        whole.records.slice(at + 1),
      )
    }
  })
})

test('reads the same through a driver that has nothing but the methods of the port', async () => {
  const made = await makeSyntheticBackup({
    into: folder,
    seed: 'bare driver',
    messages: 300,
    attachments: 40,
  })
  const bare: OpenSqlite = (path, options) => {
    const db = openTestSqlite(path, options)
    return {
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
      prepare(sql) {
        const statement = db.prepare(sql)
        return {
          run: (...parameters) => statement.run(...parameters),
          get: (...parameters) => statement.get(...parameters),
          all: (...parameters) => statement.all(...parameters),
          iterate: (...parameters) => statement.iterate(...parameters),
        }
      },
    }
  }
  const backup = await iosBackup({ openSqlite: bare }).open(made.path, { signal })
  expect((await readAll(backup, null, 100)).records).toEqual(plannedRecords(made))
  await backup.close()
})

test('inspecting tells what a backup is and how much it holds', async () => {
  const made = await makeSyntheticBackup({ into: folder, seed: 'inspect', messages: 30, attachments: 5 })
  const { source, totals } = await describeBackup(made.path, { openSqlite: openTestSqlite })
  expect(totals).toEqual(made.counts)
  expect(source).toMatchObject({
    udid: made.udid,
    deviceName: 'Zoë’s iPhone',
    productType: 'iPhone15,2',
    osVersion: '18.5',
    takenAt: Date.UTC(2025, 5, 20, 16, 27, 3),
  })
  expect(source.fingerprint).toMatch(/^[0-9a-f]{64}$/)
})

function plannedRecords({ truth }: SyntheticBackup): ImportRecord[] {
  return [
    ...truth.contacts,
    ...truth.contactImages.map(({ sha256: _sha256, bytes: _bytes, ...record }) => record),
    ...truth.chats,
    ...truth.messages,
    ...truth.attachments.map(({ sha256: _sha256, bytes: _bytes, ...record }) => record),
  ]
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
