/**
 * How fast an import stores and verifies attachments, beside what copies and hashes the same files by itself, in turns:
 *   npm run bench:attachments -- [files] [bytes of each] [--passes N]
 *
 * The floors: `cp -r` of the blobs, `sync`, and `sha256sum` of the copy by two processes; and one pass of one `sha256sum` over the
 * blobs. The import: `store` and `prove` of the import's work, on a synthetic backup and the real reader and library, rows, ledger,
 * receipt and publication included; once with all content copied, once with hard links to a backup that will go.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { attachmentFiles } from '@holdfast/adapters/attachment-files'
import { iosBackup } from '@holdfast/adapters/ios-backup'
import { openInstalledSqlite, sqliteLibrary } from '@holdfast/adapters/sqlite'
import { makeSyntheticBackup, noAnomalies } from '@holdfast/adapters/testing'
import { importWork } from '@holdfast/core/import'
import { alternate, ratios, spread } from './engine/passes.js'
import { figure, print, printTable, ratio } from './engine/table.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { passes: { type: 'string' } },
})
const [count = 4000, bytesOfEach = 250_000] = positionals.map(Number)
const passes = Number(values.passes ?? 5)
const { signal } = new AbortController()
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
const output = join(folder, 'output')

const seconds = (since: number): number => (performance.now() - since) / 1000
const shell = (script: string): void =>
  void execFileSync('sh', ['-c', script], { cwd: folder, stdio: 'ignore' })

/** Measures with nothing of the pass before left, on the disk or on its way there. */
async function cleanly(work: () => number | Promise<number>): Promise<number> {
  rmSync(output, { recursive: true, force: true })
  execFileSync('sync')
  return work()
}

function copied(blobs: string): number {
  const started = performance.now()
  shell(`cp -r '${blobs}' output && sync && find output -type f -print0 | xargs -0 -n 64 -P 2 sha256sum`)
  return seconds(started)
}

function hashed(blobs: string): number {
  const started = performance.now()
  shell(`find '${blobs}' -type f -print0 | xargs -0 sha256sum`)
  return seconds(started)
}

/** What the library takes on the disk that the backup does not have already, as a share of the backup. */
const extra: Record<'goes' | 'stays', number[]> = { goes: [], stays: [] }
const steps: Record<'goes' | 'stays', [number[], number[]]> = { goes: [[], []], stays: [[], []] }

async function imported(path: string, backup: 'goes' | 'stays'): Promise<number> {
  const scratch = join(output, 'scratch')
  execFileSync('mkdir', ['-p', scratch])
  const db = openInstalledSqlite(join(output, 'library.db'), { readonly: false })
  try {
    const sharing = backup === 'goes' ? 'links' : 'nothing'
    const files = attachmentFiles(join(output, 'attachments'), { sharing })
    const work = importWork(iosBackup({ scratch }), sqliteLibrary(db, files))
    const context = {
      run: 'r',
      input: {},
      signal,
      ask: () => Promise.reject(new Error('asked')),
      progress: () => {},
      onRoom: async () => {},
    }
    const { source } = await work.describe(path, context)
    const ref = { id: 'r', owner: 'o', fingerprint: source.fingerprint, udid: source.udid }
    const started = performance.now()
    await work.store(ref, path, { backup, batchSize: 500, trustUnchanged: false, trustHeld: true }, context)
    const stored = seconds(started)
    const proving = { ...context, now: () => Date.now() }
    const receipt = await work.prove(
      ref,
      path,
      { batchSize: 500, allowed: [], unchangedSince: null, parts: source.parts },
      proving,
    )
    const all = seconds(started)
    // The image of a contact is one more.
    if (receipt.counts.attachments.stored < count)
      throw new Error(`stored ${receipt.counts.attachments.stored}`)
    steps[backup][0].push(stored)
    steps[backup][1].push(all - stored)
    extra[backup].push(ownBytes(output) / receipt.counts.attachments.bytes)
    return all
  } finally {
    db.close()
  }
}

/** Bytes of the files that have no other name. */
function ownBytes(path: string): number {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(path, name)))
    .reduce((sum, stats) => sum + (stats.isFile() && stats.nlink === 1 ? stats.size : 0), 0)
}

try {
  print(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
  )
  const { path } = await makeSyntheticBackup({
    into: join(folder, 'backup'),
    seed: 5,
    messages: count * 2,
    attachments: count,
    attachmentBytes: { mean: bytesOfEach, large: bytesOfEach, largeEvery: 1 },
    anomalies: noAnomalies,
  })
  const times = await alternate(passes, {
    copied: () => cleanly(() => copied(path)),
    hashed: () => cleanly(() => hashed(path)),
    stays: () => cleanly(() => imported(path, 'stays')),
    goes: () => cleanly(() => imported(path, 'goes')),
  })
  const time = (value: number): string => value.toFixed(2)
  const row = (
    label: string,
    taken: readonly number[],
    more: readonly string[] = ['', '', '', ''],
  ): string[] => [label, spread(taken, time), ...more]
  // The first is of the warm-up.
  const shares = (fate: 'goes' | 'stays'): readonly string[] => [
    ...steps[fate].map((each) => spread(each.slice(1), time)),
    spread(ratios(times[fate], fate === 'goes' ? times.hashed : times.copied), ratio),
    `${spread(extra[fate].slice(1), (value) => (value * 100).toFixed(1))} %`,
  ]
  printTable(
    [
      `${figure(count)} files of ${figure(bytesOfEach)} bytes, seconds, median of ${passes} passes (least–most)`,
      'together',
      'store',
      'verify',
      'ratio',
      'extra disk',
    ],
    [
      row('floor: `cp -r`, `sync`, `sha256sum` of the copy, two processes', times.copied),
      row('floor: one `sha256sum` of the blobs', times.hashed),
      row('copied, over the first floor', times.stays, shares('stays')),
      row('linked, over the second floor', times.goes, shares('goes')),
    ],
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
