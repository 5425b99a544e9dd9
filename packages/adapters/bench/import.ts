/**
 * A whole import, step by step, with its rates and its memory, beside floors of the same machine and the same run:
 *   npm run bench:import -- [messages] [attachments]
 *
 * The backup is made by one process and imported by another, so that the memory is the import's alone. The floors: the bare
 * better-sqlite3 INSERT of as many rows with the library's indexes left out, and `cp -r` + `sync` + two `sha256sum` of the blobs
 * (the import copies once, and hashes source and copy once more).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { backupFolder } from '@holdfast/adapters/backup-folder'
import { libraryThread } from '@holdfast/adapters/import-thread'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { sqliteJournal, sqliteLibrary } from '@holdfast/adapters/sqlite'
import { makeSyntheticBackup, openTestSqlite } from '@holdfast/adapters/testing'
import { createRunner } from '@holdfast/core'
import { backupImport, importWork } from '@holdfast/core/import'
import { inTransaction } from '../src/sqlite/driver.js'
import { makeDurable } from '../src/sqlite/durable-connection.js'

const [role = '', first = '', second = ''] = process.argv.slice(2)
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const seconds = (since: number): number => (performance.now() - since) / 1000

/** This program once more, in another role and another process. */
function other(...words: string[]): string {
  const script = fileURLToPath(import.meta.url)
  const child = spawnSync(process.execPath, [...process.execArgv, script, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`'${words[0]}' ended with ${child.status ?? child.signal}`)
  return child.stdout.trim()
}

async function main(messages: number, attachments: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    print(
      `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    )
    const made = performance.now()
    const backup = other('make', folder, `${messages},${attachments}`)
    print(
      `backup of ${messages} messages and ${attachments} attachments made in ${seconds(made).toFixed(1)} s`,
    )
    const rowFloor = insertFloor(folder, messages)
    print(`floor: ${messages} bare INSERTs, synchronous=FULL, 500 a transaction: ${rowFloor.toFixed(2)} s`)
    const fileFloor = copyFloor(folder, backup)
    print(`floor: cp -r, sync, sha256sum of blobs and copy: ${fileFloor.toFixed(2)} s`)
    for (const [way, label] of Object.entries(ways)) {
      print('')
      const found: Imported = JSON.parse(other(way, folder, backup))
      tellImport(label, found, { messages, floors: rowFloor + fileFloor })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Where the work of an import is done. */
const ways = { thread: 'in a thread', own: "in the program's own thread" } as const

/** What an import came to. */
interface Imported {
  readonly steps: readonly (readonly [string, number])[]
  readonly rss: number
  readonly bytes: number
}

function tellImport(
  label: string,
  { steps, rss, bytes }: Imported,
  beside: { readonly messages: number; readonly floors: number },
): void {
  const { messages, floors } = beside
  const total = steps.reduce((sum, [, time]) => sum + time, 0)
  print(`an import ${label}:`)
  for (const [step, time] of steps) print(`${step.padEnd(8)} ${time.toFixed(2)} s`)
  const store = steps.find(([step]) => step === 'store')?.[1] ?? total
  print(
    `store: ${Math.round(messages / store)} messages/s, ${(bytes / 1e6 / store).toFixed(0)} MB/s of attachments, together`,
  )
  print(
    `import: ${Math.round(messages / total)} messages/s, ${(bytes / 1e6).toFixed(0)} MB of attachments, ${total.toFixed(2)} s`,
  )
  print(`ratio: the import takes ${(total / floors).toFixed(2)} times the two floors`)
  print(`peak RSS: ${Math.round(rss / 2 ** 20)} MiB`)
}

function insertFloor(folder: string, rows: number): number {
  const db = openTestSqlite(join(folder, 'floor.db'), { readonly: false })
  makeDurable(db)
  db.exec(
    'CREATE TABLE messages (guid TEXT PRIMARY KEY, chat_guid TEXT, sender TEXT, sent_at INTEGER, text TEXT)',
  )
  const insert = db.prepare('INSERT INTO messages VALUES (?, ?, ?, ?, ?)')
  const started = performance.now()
  for (let from = 0; from < rows; from += 500) {
    inTransaction(db, () => {
      for (let row = from; row < Math.min(rows, from + 500); row++) {
        const guid = `${(Math.imul(row, 0x9e3779b1) >>> 0).toString(16)}-${row}`
        insert.run(
          guid,
          `chat-${row % 300}`,
          '+15550001',
          row,
          `This is message ${row}, of a length that many have.`,
        )
      }
    })
  }
  db.close()
  return seconds(started)
}

function copyFloor(folder: string, backup: string): number {
  const copy = join(folder, 'copy')
  mkdirSync(copy)
  const started = performance.now()
  const hash = (place: string) => `find '${place}' -type f -print0 | xargs -0 sha256sum > /dev/null`
  execFileSync('sh', ['-c', `cp -r '${backup}' '${copy}' && sync && ${hash(backup)} && ${hash(copy)}`])
  const time = seconds(started)
  rmSync(copy, { recursive: true })
  return time
}

async function importOnce(way: keyof typeof ways, parent: string, path: string): Promise<void> {
  const folder = mkdtempSync(join(parent, `${way}-`))
  const database = join(folder, 'library.db')
  const attachments = join(folder, 'attachments')
  const scratch = join(folder, 'scratch')
  const journal = openTestSqlite(join(folder, 'journal.db'), { readonly: false })
  const db = openTestSqlite(database, { readonly: false })
  const thread = libraryThread({ database, attachments, scratch, driver: installedDriver() })
  const reader = iosBackup({ openSqlite: openTestSqlite, scratch })
  const work = way === 'thread' ? thread : importWork(reader, sqliteLibrary(db, attachmentFiles(attachments)))
  const saga = backupImport({ device: backupFolder(), work })
  const runner = createRunner({ journal: sqliteJournal(journal), sagas: [saga] })
  const run = await runner.start(saga, { path })
  const outcome = await run.outcome()
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  const steps = run.view
    .getSnapshot()
    .steps.map(({ name, startedAt, endedAt }) => [name, ((endedAt ?? 0) - (startedAt ?? 0)) / 1000])
  const { bytes } = db.prepare('SELECT sum(bytes) AS bytes FROM attachments').get() as { bytes: number }
  await runner.shutdown()
  await thread.close()
  db.close()
  journal.close()
  // Kilobytes on Linux and macOS.
  print(JSON.stringify({ steps, bytes, rss: process.resourceUsage().maxRSS * 1024 }))
}

/** The better-sqlite3 that runs on this Node; see `openTestSqlite`. */
function installedDriver(): string {
  const name = Number(process.versions['napi'] ?? 0) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
  return createRequire(import.meta.url).resolve(name)
}

if (role === 'make') {
  const [messages = 0, attachments = 0] = second.split(',').map(Number)
  const { path } = await makeSyntheticBackup({
    into: join(first, 'backups'),
    seed: 1,
    messages,
    attachments,
    truth: false,
  })
  print(path)
} else if (role === 'thread' || role === 'own') await importOnce(role, first, second)
else await main(Number(role) || 100_000, Number(first) || 2000)
