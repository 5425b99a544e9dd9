/**
 * Whether a host still answers while it imports: how late its timers come, in the process that imports:
 *   npm run bench:responsive -- [messages] [attachments]
 *
 * Each way of importing has a process of its own. It first leaves its loop idle, then imports and watches it: with the work in a thread,
 * and with the work in the host's own thread, for hosts that can have no other. The time that is told is of the whole run.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { backupFolder } from '@holdfast/adapters/backup-folder'
import { libraryThread } from '@holdfast/adapters/import-thread'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { sqliteJournal, sqliteLibrary } from '@holdfast/adapters/sqlite'
import { makeSyntheticBackup, openTestSqlite } from '@holdfast/adapters/testing'
import { createRunner } from '@holdfast/core'
import { backupImport, importWork } from '@holdfast/core/import'
import { figure, print, printTable } from './engine/table.js'

/** Milliseconds that the loop is left idle to know the machine. */
const idleTime = 5000

/** How late timers came, in milliseconds. */
interface Delays {
  readonly half: number
  /** 99.9 % came sooner. */
  readonly most: number
  readonly all: number
}

/** What a process found. */
interface Found {
  readonly idle: Delays
  readonly busy: Delays
  readonly seconds: number
  /** Bytes of the process before the import, and at their most with all its threads. */
  readonly rssBefore: number
  readonly rss: number
}

const [role = '', first = '', second = ''] = process.argv.slice(2)

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

async function watched(work: () => Promise<unknown>): Promise<Delays> {
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  // A delay is what lies between two ticks of the monitor: without one before the work, what the work does at once goes unseen.
  await delay(20)
  await work()
  await delay(20)
  loop.disable()
  // The monitor's own timer is set for a millisecond, which is no delay.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - 1)
  return { half: late(loop.percentile(50)), most: late(loop.percentile(99.9)), all: late(loop.max) }
}

/** Where the work is done, and in batches of how many records. */
const ways = {
  thread: { label: 'in a thread', batchSize: 500 },
  shared: { label: "in a thread, the journal in the library's database", batchSize: 500 },
  own: { label: "in the host's own thread", batchSize: 500 },
  small: { label: "in the host's own thread, 100 records a batch", batchSize: 100 },
} as const
type Way = keyof typeof ways

async function importWatched(way: Way, folder: string, path: string): Promise<Found> {
  mkdirSync(folder)
  const database = join(folder, 'library.db')
  const attachments = join(folder, 'attachments')
  // In a database of its own a commit of the journal need not wait for a batch of the library.
  const journal = openTestSqlite(way === 'shared' ? database : join(folder, 'journal.db'), {
    readonly: false,
  })
  const isThread = way === 'thread' || way === 'shared'
  const { work, close } = isThread ? inThread(database, attachments) : inOwn(database, attachments)
  const saga = backupImport({ device: backupFolder(), work, batchSize: ways[way].batchSize })
  const runner = createRunner({ journal: sqliteJournal(journal), sagas: [saga] })
  const idle = await watched(() => delay(idleTime))
  const rssBefore = process.memoryUsage().rss
  const since = performance.now()
  const busy = await watched(async () => {
    const outcome = await (await runner.start(saga, { path })).outcome()
    if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  })
  const seconds = (performance.now() - since) / 1000
  await runner.shutdown()
  await close()
  journal.close()
  // Kilobytes on Linux and macOS.
  return { idle, busy, seconds, rssBefore, rss: process.resourceUsage().maxRSS * 1024 }
}

function inThread(database: string, attachments: string) {
  const thread = libraryThread({ database, attachments, driver: installedDriver() })
  return { work: thread, close: () => thread.close() }
}

function inOwn(database: string, attachments: string) {
  const db = openTestSqlite(database, { readonly: false })
  const storage = sqliteLibrary(db, attachmentFiles(attachments))
  return { work: importWork(iosBackup({ openSqlite: openTestSqlite }), storage), close: () => db.close() }
}

/** The better-sqlite3 that runs on this Node; see `openTestSqlite`. */
function installedDriver(): string {
  const name = Number(process.versions['napi'] ?? 0) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
  return createRequire(import.meta.url).resolve(name)
}

function main(messages: number, attachments: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    const cpu = cpus()[0]?.model ?? 'unknown'
    print(`${cpus().length} x ${cpu}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`)
    const path = other('make', join(folder, 'backups'), `${messages},${attachments}`)
    print(`${figure(messages)} messages and ${figure(attachments)} attachments`)
    const rows = Object.entries(ways).flatMap(([way, { label }]) => {
      const found: Found = JSON.parse(other(way, join(folder, way), path))
      const { idle, busy, seconds } = found
      const [before, most] = [found.rssBefore, found.rss].map((bytes) => figure(bytes / 2 ** 20))
      return [
        [`floor: an idle loop, before an import ${label}`, tell(idle), '', ''],
        [`an import ${label}`, tell(busy), `${seconds.toFixed(1)} s`, `${most} MiB (before it ${before})`],
      ]
    })
    printTable(
      ['milliseconds: half, 99.9 %, all timers came sooner', 'delay of the loop', 'time', 'peak RSS'],
      rows,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function tell({ half, most, all }: Delays): string {
  return [half, most, all].map((milliseconds) => milliseconds.toFixed(1)).join(', ')
}

if (role === 'make') {
  const [messages = 0, attachments = 0] = second.split(',').map(Number)
  const { path } = await makeSyntheticBackup({ into: first, seed: 1, messages, attachments, truth: false })
  print(path)
} else if (role === 'thread' || role === 'shared' || role === 'own' || role === 'small') {
  print(JSON.stringify(await importWatched(role, first, second)))
} else {
  main(Number(role) || 600_000, first === '' ? 2000 : Number(first))
}
