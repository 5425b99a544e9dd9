/**
 * Whether a host still answers while it imports: how late its timers come, in the process that imports:
 *   npm run bench:responsive -- [messages] [attachments] [--only thread|shared|own|small]…
 *
 * Each way of importing has a process of its own. It first leaves its loop idle, then imports and watches it: with the work in a thread,
 * and with the work in the host's own thread, for hosts that can have no other. The time that is told is of the whole run.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeSyntheticBackup } from '@holdfast/adapters/testing'
import { figure, print, printTable } from './engine/table.js'

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

const { values: words, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true }, make: { type: 'string' } },
})
const [messages = 600_000, attachments = 2000] = positionals.map(Number)

/** Runs a program in a process of its own; gives what it prints. */
function other(options: readonly string[], program: string, ...rest: readonly string[]): string {
  const script = fileURLToPath(new URL(program, import.meta.url))
  const child = spawnSync(process.execPath, [...options, script, ...rest], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`'${rest[0]}' ended with ${child.status ?? child.signal}`)
  return child.stdout.trim()
}

/** Where the work is done, in batches of how many records, and where the journal is. */
const ways = {
  thread: { label: 'in a thread', place: 'thread', batchSize: 500, journal: 'its own' },
  shared: {
    label: "in a thread, the journal in the library's database",
    place: 'thread',
    batchSize: 500,
    journal: 'library',
  },
  own: { label: "in the host's own thread", place: 'own', batchSize: 500, journal: 'its own' },
  small: {
    label: "in the host's own thread, 100 records a batch",
    place: 'own',
    batchSize: 100,
    journal: 'its own',
  },
} as const

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    const cpu = cpus()[0]?.model ?? 'unknown'
    print(`${cpus().length} x ${cpu}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`)
    const making = ['--make', join(folder, 'backups'), String(messages), String(attachments)]
    const path = other(process.execArgv, 'responsive.ts', ...making)
    print(`${figure(messages)} messages and ${figure(attachments)} attachments`)
    const chosen = Object.entries(ways).filter(
      ([way]) => words.only === undefined || words.only.includes(way),
    )
    const rows = chosen.flatMap(([way, { label, place, batchSize, journal }]) => {
      const how = [place, String(batchSize), journal, join(folder, way), path]
      const found: Found = JSON.parse(other([], 'responsive/import-watched.mjs', ...how))
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

if (words.make === undefined) main()
else {
  const { path } = await makeSyntheticBackup({
    into: words.make,
    seed: 1,
    messages,
    attachments,
    truth: false,
  })
  print(path)
}
