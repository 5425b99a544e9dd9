/**
 * How fast the SQLite library stages messages, beside bare prepared INSERTs of the same rows into the same table:
 *   node --import tsx --conditions=@holdfast/source bench/library.ts [messages] [batch size]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { ImportRecord, ImportRef, Storage } from '@holdfast/core/import'
import { receiptFor, sampleMessage } from '@holdfast/core/testing'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { inTransaction } from '../src/sqlite/driver.js'
import { sqliteLibrary } from '../src/sqlite/index.js'
import { messageShape, messageValues } from '../src/sqlite/library/rows/message-rows.js'
import { openTestSqlite } from '../src/testing/open-sqlite.js'

const total = Number(process.argv[2] ?? 100_000)
const batchSize = Number(process.argv[3] ?? 500)
const signal = new AbortController().signal
const content = () => {
  throw new Error('there are no attachments')
}

/** Ids are as random as the phone's, from a generator that gives the same ones every time. */
let seed = 1
const next = (): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed
}
const hex = (): string => next().toString(16).padStart(8, '0')

function message(index: number): ImportRecord {
  const guid =
    `${hex()}-${hex().slice(4)}-4${hex().slice(5)}-${hex().slice(4)}-${hex()}${hex().slice(4)}`.toUpperCase()
  return sampleMessage(guid, {
    chatGuid: `iMessage;-;+1555${String(next() % 2000).padStart(7, '0')}`,
    sentAt: 1_500_000_000_000 + index * 1000,
    text: `Message number ${index}: ${'lorem ipsum '.repeat(next() % 10)}`,
  })
}

async function measure(label: string, work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const cpu = process.cpuUsage()
  const start = performance.now()
  delay.enable()
  await work()
  delay.disable()
  const rate = total / ((performance.now() - start) / 1000)
  const { user, system } = process.cpuUsage(cpu)
  const cpuPerRow = (user + system) / total
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1)
  process.stdout.write(
    `${label.padEnd(24)} ${Math.round(rate).toLocaleString('en')} rows/s, ${cpuPerRow.toFixed(1)} µs of CPU each; event-loop delay p99 ${ms(delay.percentile(99))} ms, max ${ms(delay.max)} ms\n`,
  )
  return rate
}

async function stageAll(storage: Storage, ref: ImportRef, records: readonly ImportRecord[]): Promise<void> {
  await storage.begin(ref)
  for (let from = 0; from < records.length; from += batchSize) {
    const batch = { records: records.slice(from, from + batchSize), cursor: from }
    await storage.write(ref.id, batch, { content, signal })
  }
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
const records = Array.from({ length: total }, (_, index) => message(index))
try {
  const bareDb = openTestSqlite(join(folder, 'bare.db'), { readonly: false })
  await sqliteLibrary(bareDb, attachmentFiles(join(folder, 'none'))).imports()
  bareDb.exec('PRAGMA synchronous = FULL')
  const columns = ['import', 'owner', 'hash', ...messageShape.columns]
  const insert = bareDb.prepare(
    `INSERT INTO message_rows (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  const hash = 'x'.repeat(43)
  const bare = await measure('bare INSERT', async () => {
    for (let from = 0; from < total; from += batchSize) {
      inTransaction(bareDb, () => {
        for (const record of records.slice(from, from + batchSize)) {
          if (record.type === 'message') insert.run(1, 1, hash, ...messageValues(record))
        }
      })
      await new Promise(setImmediate)
    }
  })
  bareDb.close()

  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  const storage = sqliteLibrary(db, attachmentFiles(join(folder, 'attachments')))
  const first: ImportRef = { id: 'first', owner: 'o', fingerprint: 'f', udid: 'p' }
  const staged = await measure('stage', () => stageAll(storage, first, records))
  await measure('read back', async () => {
    for await (const item of storage.readBack('first', { signal })) {
      if (item.difference !== null) throw new Error(`${item.key}: ${item.difference}`)
    }
  })
  await measure('publish', async () => storage.publish('first', await receiptFor(first)))
  const second = { ...first, id: 'second' }
  await measure('stage, all present', () => stageAll(storage, second, records))
  await measure('count(*) of messages', async () => {
    db.prepare('SELECT count(*) FROM messages').get()
  })
  await measure('discard, all present', () => storage.discard('second'))
  await measure('discard', () => storage.discard('first'))
  db.close()
  process.stdout.write(
    `stage / bare: ${(staged / bare).toFixed(2)}; peak RSS ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`,
  )
} finally {
  rmSync(folder, { recursive: true })
}
