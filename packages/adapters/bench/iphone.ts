/**
 * A backup from the cable, beside idevicebackup2 of libimobiledevice against the same emulated phone, in turns:
 *   npm run bench:iphone -- [--folder DIR] [--passes N]
 *
 * 800 MB in large files, and 20,000 small ones. Each is a whole process, from its start to its end, and a full backup into an empty folder,
 * which stays until all is measured: 3 GB for each pass. Hosts start idevicebackup2 for each backup, and load a library once: so ours is told
 * without its start as well. Ours checks each write, has all of it brought to the disk and looks at the
 * finished backup; the other one does neither. Two floors say what is not theirs: how fast the phone can send to a host that throws
 * everything away, and how fast the disk takes as many files.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inspectBackup } from '@holdfast/adapters/ios-backup'
import { openTestSqlite } from '@holdfast/adapters/testing'
import { alternate, ratios, spread } from './engine/passes.js'
import { print, printTable, ratio } from './engine/table.js'
import { readWords } from './engine/words.js'

const { folder: parent = fileURLToPath(new URL('../../../.holdfast/', import.meta.url)), passes } =
  readWords(3)
if (spawnSync('idevicebackup2', ['--version']).error !== undefined) {
  throw new Error('idevicebackup2 is not installed: apt-get install libimobiledevice-utils')
}
mkdirSync(parent, { recursive: true })
const home = mkdtempSync(join(parent, 'bench-iphone-'))
const [cpu] = cpus()
print(
  `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.versions.node}`,
)
try {
  const rows = [
    ...(await measure('800 MB in 20 files', 'large')),
    ...(await measure('20,000 files of 4,000 bytes', 'small')),
  ]
  printTable(['what', 'seconds, median of passes (least–most)', 'of idevicebackup2', 'peak RSS'], rows)
} finally {
  rmSync(home, { recursive: true, force: true })
}

/** Both programs against one phone: its rows of the table, with the floors. */
async function measure(what: string, kind: 'large' | 'small'): Promise<readonly (readonly string[])[]> {
  const phone = spawn(process.execPath, [...process.execArgv, script('emulated-phone.ts'), kind], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const address = await firstLine(phone)
  let peak = 0
  const loaded: number[] = []
  try {
    const seconds = await alternate(passes, {
      phone: () => timed(() => ran('bare-client.mjs', address)),
      disk: () => timed((folder) => ran('bare-disk.mjs', kind, folder)),
      other: () =>
        timedBackup(async (folder) => {
          const env = { ...process.env, USBMUXD_SOCKET_ADDRESS: address }
          await ended(spawn('idevicebackup2', ['backup', folder], { env, stdio: 'ignore' }))
        }),
      ours: () =>
        timedBackup(async (folder) => {
          const host = spawn(process.execPath, [script('make-backup.mjs'), address, folder], {
            stdio: ['ignore', 'pipe', 'inherit'],
          })
          const [line] = await Promise.all([firstLine(host), ended(host)])
          const [mebibytes = Number.NaN, withoutItsStart = Number.NaN] = line.split(' ').map(Number)
          peak = Math.max(peak, mebibytes)
          loaded.push(withoutItsStart)
        }),
    })
    const show = (value: number): string => value.toFixed(2)
    // As everywhere, the first pass is a warm-up.
    const withoutStart = loaded.slice(1)
    return [
      [`${what}: floor, a host that throws everything away`, spread(seconds.phone, show), '', ''],
      [`${what}: floor, as many files written and brought to the disk`, spread(seconds.disk, show), '', ''],
      [`${what}: idevicebackup2`, spread(seconds.other, show), '', ''],
      [
        `${what}: iphone()`,
        spread(seconds.ours, show),
        `${spread(ratios(seconds.ours, seconds.other), ratio)}, wanted 0.75`,
        `${peak.toFixed(0)} MiB`,
      ],
      [
        `${what}: the same without the start of its process`,
        spread(withoutStart, show),
        `${spread(ratios(withoutStart, seconds.other), ratio)}, wanted 0.75`,
        '',
      ],
    ]
  } finally {
    phone.stdin?.end()
    await once(phone, 'exit')
  }
}

/** Seconds that work in a new folder takes; `look` is not part of it. */
async function timed(
  work: (folder: string) => Promise<void>,
  look: (folder: string) => Promise<void> = async () => {},
): Promise<number> {
  // It stays until all is measured: for minutes after thousands of files were removed ext4 looks at each of their places before it
  // makes another, which can take as long as half of all the rest.
  const folder = mkdtempSync(join(home, 'backup-'))
  // Nor does the disk still write what came before.
  spawnSync('sync')
  const since = performance.now()
  await work(folder)
  const seconds = (performance.now() - since) / 1000
  await look(folder)
  return seconds
}

/** Seconds that a backup into a new folder takes. Throws when what lies there afterwards is not whole. */
async function timedBackup(makeBackup: (folder: string) => Promise<void>): Promise<number> {
  return timed(makeBackup, async (folder) => {
    // Beside it lies the mark of the run that holds it.
    const path = readdirSync(folder).find((name) => !name.startsWith('.'))
    const { wholeness } = await inspectBackup(join(folder, path ?? ''), { openSqlite: openTestSqlite })
    if (wholeness !== 'complete') throw new Error(`the backup is ${wholeness}`)
  })
}

/** A script that says nothing. */
async function ran(name: string, ...words: readonly string[]): Promise<void> {
  await ended(spawn(process.execPath, [script(name), ...words], { stdio: ['ignore', 'ignore', 'inherit'] }))
}

function script(name: string): string {
  return fileURLToPath(new URL(`iphone/${name}`, import.meta.url))
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('a process ended without a word')
}

async function ended(child: ChildProcess): Promise<void> {
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`a process ended with ${status}`)
}
