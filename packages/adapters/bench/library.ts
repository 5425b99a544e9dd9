/**
 * How fast the SQLite library stages messages, beside bare prepared INSERTs of the same rows into the same tables with the same indexes:
 *   npm run bench:library -- [messages] [batch size] [passes] [--folder DIR]
 *
 * Two floors: the rows of messages alone, and those of the ledger and the handles as well, which the library needs to prove and to
 * take back what it stores. Each pass has every floor and the library in turn, on new files. The ratios are of the same pass.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { ImportRef, MessageRecord } from '@holdfast/core/import'
import { receiptFor, sampleMessage } from '@holdfast/core/testing'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { inTransaction, type SqliteDatabase } from '../src/sqlite/driver.js'
import { sqliteLibrary } from '../src/sqlite/index.js'
import { messageShape, messageValues } from '../src/sqlite/library/rows/message-rows.js'
import { openTestSqlite } from '../src/testing/open-sqlite.js'
import { figure, print, printTable, ratio } from './engine/table.js'

const { values: words, positionals } = parseArgs({
  options: { folder: { type: 'string' } },
  allowPositionals: true,
})
const [total = 1_000_000, batchSize = 500, passes = 3] = positionals.map(Number)
const signal = new AbortController().signal
const content = () => {
  throw new Error('there are no attachments')
}
/** A page of the database in the write-ahead log, with its header. */
const frameBytes = 4096 + 24

/** Wall time in seconds, and time on the processor in microseconds for each message. */
interface Cost {
  readonly seconds: number
  readonly cpu: number
}

/** Messages whose ids are as random as the phone's, the same ones every time, made as they are wanted. */
function* messages(): Generator<MessageRecord> {
  let seed = 1
  const next = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed
  }
  const hex = (): string => next().toString(16).padStart(8, '0')
  for (let index = 0; index < total; index++) {
    const guid =
      `${hex()}-${hex().slice(4)}-4${hex().slice(5)}-${hex().slice(4)}-${hex()}${hex().slice(4)}`.toUpperCase()
    yield sampleMessage(guid, {
      chatGuid: `iMessage;-;+1555${String(next() % 2000).padStart(7, '0')}`,
      sentAt: 1_500_000_000_000 + index * 1000,
      text: `Message number ${index}: ${'lorem ipsum '.repeat(next() % 10)}`,
    })
  }
}

/** The messages in batches; making them is no part of what is measured. */
async function measure(work: (batch: readonly MessageRecord[], from: number) => unknown): Promise<Cost> {
  let [seconds, cpu] = [0, 0]
  const source = messages()
  for (let from = 0; from < total; from += batchSize) {
    const batch = Array.from(
      { length: Math.min(batchSize, total - from) },
      () => source.next().value as MessageRecord, // As many as there are.
    )
    const [started, used] = [performance.now(), process.cpuUsage()]
    await work(batch, from)
    const { user, system } = process.cpuUsage(used)
    seconds += (performance.now() - started) / 1000
    cpu += (user + system) / total
    await nextTurn()
  }
  return { seconds, cpu }
}

function insertInto(db: SqliteDatabase, table: string, columns: readonly string[]) {
  const marks = columns.map(() => '?').join(', ')
  return db.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${marks})`)
}

async function bare(folder: string, withLedger: boolean): Promise<Cost> {
  const db = openTestSqlite(join(folder, 'bare.db'), { readonly: false })
  try {
    // Makes the tables and sets the connection as the library has it.
    await sqliteLibrary(db, attachmentFiles(join(folder, 'none'))).imports()
    db.exec('PRAGMA synchronous = FULL')
    const row = insertInto(db, 'message_rows', ['import', 'owner', 'hash', ...messageShape.columns])
    const item = insertInto(db, 'import_items', ['import', 'seq', 'type', 'key', 'outcome', 'reason', 'row'])
    const handle = insertInto(db, 'handle_rows', ['import', 'handle', 'canonical'])
    const hash = 'x'.repeat(43)
    return await measure((batch, from) =>
      inTransaction(db, () => {
        for (const [index, record] of batch.entries()) {
          const { lastInsertRowid } = row.run(1, 1, hash, ...messageValues(record))
          if (!withLedger) continue
          item.run(1, from + index, 'message', record.key, 'stored', null, lastInsertRowid)
          if (record.sender !== null) handle.run(1, record.sender, record.sender)
        }
      }),
    )
  } finally {
    db.close()
  }
}

async function library(folder: string) {
  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  try {
    const storage = sqliteLibrary(db, attachmentFiles(join(folder, 'attachments')))
    const ref: ImportRef = { id: 'first', owner: 'o', fingerprint: 'f', udid: 'p' }
    await storage.begin(ref)
    const staged = await measure((records, from) =>
      storage.write(ref.id, { records, cursor: from }, { content, signal, backup: 'stays' }),
    )
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const started = performance.now()
    await storage.publish(ref.id, await receiptFor(ref))
    const publish = performance.now() - started
    const pages = Math.floor(statSync(join(folder, 'library.db-wal')).size / frameBytes)
    let whole = 0
    for await (const { difference } of storage.readBack(ref.id, { signal }))
      whole += difference === null ? 1 : 0
    if (whole !== total) throw new Error('the library is not whole')
    return { staged, publish, pages }
  } finally {
    db.close()
  }
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(words.folder ?? tmpdir(), 'holdfast-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const rows: string[][] = []
for (let pass = 1; pass <= passes; pass++) {
  const rowsAlone = await inFolder((folder) => bare(folder, false))
  const allTables = await inFolder((folder) => bare(folder, true))
  const { staged, publish, pages } = await inFolder(library)
  const rate = ({ seconds, cpu }: Cost): string => `${figure(total / seconds)} (${figure(cpu)} µs)`
  rows.push([
    String(pass),
    rate(rowsAlone),
    rate(allTables),
    rate(staged),
    `${ratio(rowsAlone.seconds / staged.seconds)} (${ratio(rowsAlone.cpu / staged.cpu)})`,
    `${ratio(allTables.seconds / staged.seconds)} (${ratio(allTables.cpu / staged.cpu)})`,
    `${pages} pages, ${figure(publish)} ms`,
  ])
}
print(`${figure(total)} messages, ${batchSize} a transaction; in brackets: of the processor's time alone`)
printTable(
  [
    'pass',
    'bare INSERT, message rows',
    'bare INSERT, ledger and handles too',
    'library',
    'library / message rows',
    'library / all tables',
    'publishing',
  ],
  rows,
)
print(`peak RSS: ${figure(process.resourceUsage().maxRSS / 1024)} MiB`)
