/**
 * The list of files at the size of the largest known phones, and the inspection of a backup:
 *   npm run bench:manifest -- [--rows N] [--files N] [--passes N] [--folder DIR]
 *
 * Makes a Manifest.db and a Manifest.mbdb of `rows` files (1,300,000; about 1.5 GB), encrypts the former as phones do, and makes a
 * backup of `files` files with their blobs (100,000). Everything is read by processes of their own, so that the memory is theirs alone. The floor of a lookup: the same
 * statement on bare better-sqlite3, in the same process and in turns, with the file ids known beforehand.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { inspectBackup } from '@holdfast/adapters/ios-backup'
import { decryptManifest } from '../src/ios-backup/encryption/decrypt-manifest.js'
import { unlockKeybag } from '../src/ios-backup/encryption/unlock.js'
import { BlobReading } from '../src/ios-backup/folder/blob-reading.js'
import { ScratchFolder } from '../src/ios-backup/folder/scratch-folder.js'
import { openManifest } from '../src/ios-backup/manifest/open-manifest.js'
import { openTestSqlite } from '../src/testing/index.js'
import { BackupEncryption } from '../src/testing/synthetic-backup/folder/encryption.js'
import type { ManifestWriter } from '../src/testing/synthetic-backup/folder/manifest-writer.js'
import { MbdbManifestWriter } from '../src/testing/synthetic-backup/folder/mbdb-manifest-writer.js'
import { SqliteManifestWriter } from '../src/testing/synthetic-backup/folder/sqlite-manifest-writer.js'
import { Random } from '../src/testing/synthetic-backup/random.js'
import { fileId } from '../src/testing/synthetic-backup/well-known-files.js'
import { figure, print, printTable, ratio } from './engine/table.js'
import { generateBackup, generatedFile } from './manifest/generated-backup.js'

const lookups = 50_000
const { signal } = new AbortController()
const password = 'correct horse'

/** What a process measured, in milliseconds, lookups a second and bytes. */
interface Measured {
  readonly open: number
  readonly slowestTurn: number
  readonly lookups: number
  readonly bare: number | null
  readonly walk: number
  readonly peak: number
}

interface Inspected {
  readonly first: number
  readonly again: number
  readonly digests: number
  readonly wholeness: string
  readonly peak: number
}

const writerOf = (kind: string, root: string): ManifestWriter =>
  kind === 'Manifest.db' ? new SqliteManifestWriter(root, openTestSqlite) : new MbdbManifestWriter(root)

/** Files asked for, spread over the whole list in an order that no cache likes. */
const asked = (rows: number, pass: number) =>
  Array.from({ length: lookups }, (_, index) =>
    generatedFile((Math.imul(index + pass * lookups, 0x9e3779b1) >>> 0) % rows),
  )

/** The keys of a list that was encrypted here, beside it. */
interface Keys {
  readonly keyBag: string
  readonly manifestKey: string
}

const keysFile = (folder: string): string => join(folder, 'keys.json')

/** Encrypts a Manifest.db where it lies, as a phone does. */
async function encrypt(folder: string): Promise<void> {
  const options = { password, generation: '10.2', iterations: 1000 } as const
  const encryption = new BackupEncryption(options, new Random('manifest'))
  const manifestKey = await encryption.encryptManifest(join(folder, 'Manifest.db'))
  const keys: Keys = { keyBag: encryption.keyBag.toString('hex'), manifestKey: manifestKey.toString('hex') }
  writeFileSync(keysFile(folder), JSON.stringify(keys))
}

/** Decrypts an encrypted list into the scratch folder, the password being known; resolves with the path. */
async function decrypt(folder: string, scratch: ScratchFolder): Promise<string> {
  // Written by `encrypt`.
  const { keyBag, manifestKey } = JSON.parse(readFileSync(keysFile(folder), 'utf8')) as Keys
  const ask = async (): Promise<string> => password
  const unlocking = { vaults: [], signal, title: null, path: folder, ask }
  const classKeys = await unlockKeybag(Buffer.from(keyBag, 'hex'), unlocking)
  const reading = new BlobReading()
  try {
    const decrypting = { classKeys, reading, scratch, signal }
    return await decryptManifest(folder, Buffer.from(manifestKey, 'hex'), decrypting)
  } finally {
    await reading.close()
  }
}

async function read(given: string, rows: number, passes: number): Promise<Measured> {
  const folder = dirname(given)
  const isPrivate = existsSync(keysFile(folder))
  const scratch = new ScratchFolder(folder)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let started = performance.now()
  const path = isPrivate ? await decrypt(folder, scratch) : given
  const manifest = await openManifest(path, { openSqlite: openTestSqlite, scratch, signal, isPrivate })
  const open = performance.now() - started
  delay.disable()
  const ours: number[] = []
  const theirs: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    const files = asked(rows, pass)
    started = performance.now()
    for (const file of files) if (manifest.find(file) === null) throw new Error('a file was not found')
    ours.push(lookups / ((performance.now() - started) / 1000))
    if (path.endsWith('.db')) theirs.push(bareLookups(path, asked(rows, pass + passes).map(fileId)))
  }
  let bytes = 0
  started = performance.now()
  for await (const page of manifest.entries(signal)) {
    for (const { details } of page) bytes += details()?.size ?? 0
  }
  const walk = performance.now() - started
  if (bytes !== rows * 17) throw new Error(`the sizes add up to ${bytes}`)
  manifest.close()
  await scratch.remove()
  return {
    open,
    slowestTurn: delay.max / 1e6,
    lookups: median(ours),
    bare: theirs.length === 0 ? null : median(theirs),
    walk,
    peak: process.resourceUsage().maxRSS * 1024,
  }
}

/** Lookups a second of bare better-sqlite3. */
function bareLookups(path: string, ids: readonly string[]): number {
  const db = openTestSqlite(path, { readonly: true })
  const find = db.prepare('SELECT flags FROM Files WHERE fileID = ?')
  const started = performance.now()
  for (const id of ids) if (find.get(id) === undefined) throw new Error('a row was not found')
  const rate = ids.length / ((performance.now() - started) / 1000)
  db.close()
  return rate
}

async function inspect(path: string): Promise<Inspected> {
  const time = async (digests: boolean) => {
    const started = performance.now()
    const { wholeness } = await inspectBackup(path, { openSqlite: openTestSqlite, digests })
    return { time: performance.now() - started, wholeness }
  }
  const first = await time(false)
  const again = await time(false)
  const digests = await time(true)
  const peak = process.resourceUsage().maxRSS * 1024
  return { first: first.time, again: again.time, digests: digests.time, wholeness: first.wholeness, peak }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** This program once more, in another role and another process. */
function other<Result>(...words: readonly string[]): Result {
  const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`'${words[0]}' ended with ${child.status ?? child.signal}`)
  // What the roles below print; `Result` is theirs.
  return JSON.parse(child.stdout) as Result
}

async function main(words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rows: { type: 'string', default: '1300000' },
      files: { type: 'string', default: '100000' },
      passes: { type: 'string', default: '5' },
      folder: { type: 'string', default: tmpdir() },
    },
  })
  const { rows, files, passes } = values
  const folder = mkdtempSync(join(values.folder, 'holdfast-bench-'))
  const megabytes = (bytes: number) => `${figure(bytes / 2 ** 20)} MiB`
  try {
    const [cpu] = cpus()
    print(
      `${cpus().length} x ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    )
    const measure = (name: string, path: string): readonly string[] => {
      const measured = other<Measured>('read', path, rows, passes)
      return [
        `${name}, ${figure(Number(rows))} files, ${megabytes(statSync(path).size)}`,
        `${figure(measured.open)} ms`,
        `${figure(measured.slowestTurn)} ms`,
        figure(measured.lookups),
        measured.bare === null ? '' : figure(measured.bare),
        measured.bare === null ? '' : ratio(measured.lookups / measured.bare),
        `${(measured.walk / 1000).toFixed(1)} s`,
        megabytes(measured.peak),
      ]
    }
    const make = (kind: string): string => {
      other('make', kind, join(folder, kind), rows, 'list')
      return join(folder, kind, kind)
    }
    const list = make('Manifest.db')
    const plain = measure('Manifest.db', list)
    other('encrypt', dirname(list))
    const table = [
      plain,
      measure('Manifest.db, encrypted', list),
      measure('Manifest.mbdb', make('Manifest.mbdb')),
    ]
    printTable(
      [
        'list',
        'open and check',
        'longest turn',
        'lookups/s',
        'bare lookups/s',
        'ratio',
        'walk with details',
        'peak RSS',
      ],
      table,
    )
    other('make', 'Manifest.db', join(folder, 'backup'), files, 'backup')
    const inspected = other<Inspected>('inspect', join(folder, 'backup'))
    if (inspected.wholeness !== 'complete') throw new Error(`the backup is ${inspected.wholeness}`)
    printTable(
      ['inspect, files', 'first time', 'again', 'with digests of half of them', 'peak RSS'],
      [
        [
          figure(Number(files)),
          `${(inspected.first / 1000).toFixed(2)} s`,
          `${(inspected.again / 1000).toFixed(2)} s`,
          `${(inspected.digests / 1000).toFixed(1)} s`,
          megabytes(inspected.peak),
        ],
      ],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [role = '', ...words] = process.argv.slice(2)
const [first = '', second = '', third = '', fourth = ''] = words
if (role === 'make') {
  mkdirSync(second, { recursive: true })
  const manifest = writerOf(first, second)
  generateBackup(second, { files: Number(third), manifest, blobs: fourth === 'backup' })
  print('null')
} else if (role === 'encrypt') {
  await encrypt(first)
  print('null')
} else if (role === 'read') print(JSON.stringify(await read(first, Number(second), Number(third))))
else if (role === 'inspect') print(JSON.stringify(await inspect(first)))
else await main(process.argv.slice(2))
