/**
 * The same four-step workflow on Holdfast and on other durable engines, one at a time and 64 at a time:
 *   npm run bench:peers -- [engine…] [--folder DIR] [--passes N] [--seconds N]
 *
 * The others are installed into `peers/`, for this benchmark alone; peers/README.md says how each is set up, and by hand. All run on
 * one Node, each in a process of its own that starts what the engine needs and stops exactly that, and one after the other: an
 * engine that is waiting for its turn would poll. Each pass begins anew with all of them.
 */
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { diskFloor, onDisk, openDatabase, printMachine } from './engine/disk.js'
import { median, ratios, spread } from './engine/passes.js'
import { figure, print, printTable, ratio } from './engine/table.js'

/** Each by the name of its module in `peers/engines/`; of the others, by the package that is measured. */
const others: Readonly<Record<string, string>> = {
  restate: '@restatedev/restate-server',
  dbos: '@dbos-inc/dbos-sdk',
  openworkflow: 'openworkflow',
  effect: '@effect/workflow',
}
const peers = fileURLToPath(new URL('peers/', import.meta.url))
const floorCommits = 3000

/** What an engine's process tells. */
type Told =
  | { readonly durability: string; readonly alone: number; readonly together: number }
  | { readonly unavailable: string }

interface Result {
  readonly durability: string
  readonly alone: number[]
  readonly together: number[]
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: 'string' }, passes: { type: 'string' }, seconds: { type: 'string' } },
})
const passes = Number(values.passes ?? 3)
const seconds = Number(values.seconds ?? 6)
if (!(passes >= 1) || !(seconds > 0)) throw new Error('--passes and --seconds want numbers above 0')
const wanted = positionals.length === 0 ? Object.keys(others) : positionals
const unknown = wanted.filter((name) => !(name in others))
if (unknown.length > 0) {
  throw new Error(`there is no engine ${unknown.join(', ')}; there are ${Object.keys(others).join(', ')}`)
}

install()
const node = findNode()
await onDisk(values.folder, async (folder) => {
  const db = openDatabase(join(folder, 'floor.db'))
  printMachine(folder, db)
  db.close()
  const node24 = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  print(`The engines run on Node ${node24}.`)
  const floor = diskFloor(join(folder, 'floor.db'))
  const raw: number[] = []
  const results = new Map<string, Result>()
  const skipped = new Set<string>()
  for (let pass = 0; pass < passes; pass++) {
    raw.push(floor.measure(floorCommits))
    for (const name of ['holdfast', ...wanted]) {
      if (skipped.has(name)) continue
      const own = join(folder, `${name}-${pass}`)
      mkdirSync(own)
      const told = await measure(name, own)
      if ('unavailable' in told) {
        skipped.add(name)
        print(`${name} is skipped: ${told.unavailable}`)
        continue
      }
      const result = results.get(name) ?? { durability: told.durability, alone: [], together: [] }
      result.alone.push(told.alone)
      result.together.push(told.together)
      results.set(name, result)
    }
  }
  floor.close()
  report(results, raw)
})

/** Installs the other engines by their lock file, unless that is done. No package's own script runs. */
function install(): void {
  const lock = readFileSync(join(peers, 'package-lock.json'), 'utf8')
  const stamp = join(peers, 'node_modules', '.installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  print('Installing the other engines (about 500 MB, once)…')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env['npm_execpath']
  const { status } =
    npm === undefined
      ? spawnSync('npm', args, { cwd: peers, stdio: 'inherit' })
      : spawnSync(process.execPath, [npm, ...args], { cwd: peers, stdio: 'inherit' })
  if (status !== 0) throw new Error('npm could not install the other engines')
  writeFileSync(stamp, lock)
}

/** This Node, when it has node:sqlite and can load better-sqlite3 13; otherwise the one that was installed with the engines. */
function findNode(): string {
  if (Number(process.versions['napi'] ?? 0) >= 10) return process.execPath
  try {
    return createRequire(join(peers, 'package.json')).resolve(`node-${platform()}-${arch()}/bin/node`)
  } catch (cause) {
    throw new Error('the other engines need Node 22.14 or newer: run the benchmark with one', { cause })
  }
}

/**
 * Has an engine measured in a process of its own. One that fails, or takes far longer than it should, is left out like one that is
 * not available, but the benchmark then ends with status 1.
 */
async function measure(name: string, folder: string): Promise<Told> {
  const child = fork(join(peers, 'measure.mjs'), [name, folder, String(seconds)], {
    execPath: node,
    execArgv: [],
  })
  let told: Told | undefined
  child.on('message', (message) => {
    // What `measure.mjs` sends.
    told = message as Told
  })
  // The process stops its servers when the channel closes, and is killed only when it does not.
  let last: NodeJS.Timeout | undefined
  const overdue = setTimeout(
    () => {
      child.disconnect()
      last = setTimeout(() => child.kill('SIGKILL'), 15_000)
    },
    60_000 + seconds * 10_000,
  )
  const [status] = await once(child, 'close')
  clearTimeout(overdue)
  clearTimeout(last)
  if (status === 0 && told !== undefined) return told
  process.exitCode = 1
  return { unavailable: 'it failed' }
}

function report(results: ReadonlyMap<string, Result>, raw: readonly number[]): void {
  const ours = results.get('holdfast')
  if (ours === undefined) throw new Error('Holdfast was not measured')
  const manifest: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(peers, 'package.json'), 'utf8'),
  )
  const rows = [...results].map(([name, { durability, alone, together }]) => [
    name in others ? `${others[name]} ${manifest.dependencies[others[name] ?? '']}` : '**Holdfast**',
    durability,
    spread(alone, figure),
    spread(together, figure),
    name in others ? spread(ratios(ours.alone, alone), ratio) : '',
    name in others ? spread(ratios(ours.together, together), ratio) : '',
  ])
  printTable(
    [
      'engine',
      'durability',
      'sagas/s, one at a time',
      'sagas/s, 64 at a time',
      'Holdfast / it, one',
      'Holdfast / it, 64',
    ],
    rows,
  )
  print(`Medians of ${passes} passes (least–most).`)
  print(`The disk, meanwhile: ${spread(raw, figure)} single-row FULL commits a second.`)
  const best = Math.max(
    ...[...results].filter(([name]) => name in others).map(([, { together }]) => median(together)),
  )
  if (results.size > 1) {
    print(`64 at a time, Holdfast does ${ratio(median(ours.together) / best)} times the best of the others.`)
  }
}
