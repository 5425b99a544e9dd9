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
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { createRunner } from '@holdfast/core'
import { backupImport } from '@holdfast/core/import'
import { attachmentFiles } from '../src/attachment-files/index.js'
import { backupFolder } from '../src/backup-folder/index.js'
import { iosBackup } from '../src/ios-backup/index.js'
import { inTransaction } from '../src/sqlite/driver.js'
import { makeDurable } from '../src/sqlite/durable-connection.js'
import { sqliteJournal, sqliteLibrary } from '../src/sqlite/index.js'
import { makeSyntheticBackup, openTestSqlite } from '../src/testing/index.js'

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
    const result: { steps: [string, number][]; rss: number; bytes: number } = JSON.parse(
      other('import', folder, backup),
    )
    const total = result.steps.reduce((sum, [, time]) => sum + time, 0)
    for (const [step, time] of result.steps) print(`${step.padEnd(8)} ${time.toFixed(2)} s`)
    const store = result.steps.find(([step]) => step === 'store')?.[1] ?? total
    print(
      `store: ${Math.round(messages / store)} messages/s, ${(result.bytes / 1e6 / store).toFixed(0)} MB/s of attachments, together`,
    )
    print(
      `import: ${Math.round(messages / total)} messages/s, ${(result.bytes / 1e6).toFixed(0)} MB of attachments, ${total.toFixed(2)} s`,
    )
    print(`ratio: the import takes ${(total / (rowFloor + fileFloor)).toFixed(2)} times the two floors`)
    print(`peak RSS: ${Math.round(result.rss / 2 ** 20)} MiB`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
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

async function importOnce(folder: string, path: string): Promise<void> {
  const db = openTestSqlite(join(folder, 'library.db'), { readonly: false })
  const saga = backupImport({
    device: backupFolder(),
    reader: iosBackup({ openSqlite: openTestSqlite, scratch: join(folder, 'scratch') }),
    storage: sqliteLibrary(db, attachmentFiles(join(folder, 'attachments'))),
  })
  const runner = createRunner({ journal: sqliteJournal(db), sagas: [saga] })
  const run = await runner.start(saga, { path })
  const outcome = await run.outcome()
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  const steps = run.view
    .getSnapshot()
    .steps.map(({ name, startedAt, endedAt }) => [name, ((endedAt ?? 0) - (startedAt ?? 0)) / 1000])
  const { bytes } = db.prepare('SELECT sum(bytes) AS bytes FROM attachments').get() as { bytes: number }
  await runner.shutdown()
  db.close()
  // Kilobytes on Linux and macOS.
  print(JSON.stringify({ steps, bytes, rss: process.resourceUsage().maxRSS * 1024 }))
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
} else if (role === 'import') await importOnce(first, second)
else await main(Number(role) || 100_000, Number(first) || 2000)
