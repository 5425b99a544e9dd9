// Makes a fresh clone ready to run, with nothing on the machine but Node: `npm start` and `npm test` begin with it.
// Nothing changed means nothing is done, in a quarter of a second; it says a line on standard error for each thing that it does.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lib/lock.mjs'
import { pinnedPnpm } from './lib/pnpm.mjs'
import { buildSqlite, sqliteBinary } from './lib/sqlite.mjs'
import { Interrupted, interruptible, runTool, ToolError } from './lib/tool.mjs'
import { packageFolders, readManifest, root, stateFolder } from './lib/workspace.mjs'

/** What the last finished set-up was made for; removed before anything is changed. */
const stamp = join(stateFolder, 'installed')
/** There while packages are being installed: what a killed set-up left in node_modules is not to be trusted. */
const installing = join(stateFolder, 'installing')
/** There while the compiler writes: outputs may then be missing although its records say that they are up to date. */
const building = join(stateFolder, 'building')

/** Short phases are not worth a line. */
const WORTH_SAYING_MS = 1_000
const OUTPUT_LINES = 60

/**
 * Installs the packages and builds what needs building; when two run at the same moment, one waits for the other.
 * Never returns when it cannot: it says why on standard error and ends the process, with 128+n when signal n asked for that.
 * @param {{ build?: boolean }} [options] `build: false` leaves the TypeScript alone
 */
export async function setUp({ build = true } = {}) {
  try {
    await interruptible(async (interrupt) => {
      mkdirSync(stateFolder, { recursive: true })
      await withLock(
        join(stateFolder, 'setup.lock'),
        async ({ lost, noteTool }) => {
          const options = { signal: AbortSignal.any([interrupt, lost]), say, onStart: noteTool }
          await install(options)
          if (build) await compile(options)
        },
        {
          signal: interrupt,
          onWait: (holder) => say(`Waiting for the set-up that process ${holder?.pid ?? '?'} is doing…`),
        },
      )
    })
  } catch (error) {
    process.exit(report(error))
  }
}

/**
 * @typedef {object} PhaseOptions
 * @property {AbortSignal} signal
 * @property {(line: string) => void} say
 * @property {(pid: number) => void} onStart
 */

/** @param {PhaseOptions} options */
async function install(options) {
  const wanted = fingerprint()
  if (isInstalled(wanted)) return
  rmSync(stamp, { force: true })

  const first = !existsSync(join(root, 'node_modules', '.modules.yaml'))
  const pnpm = await pinnedPnpm(options)
  say(first ? 'Installing packages (first run)…' : 'Installing packages…')
  if (existsSync(installing)) removeModules()
  writeFileSync(installing, '')
  const { status, output } = await runTool(
    pnpm.command,
    // Modules that another pnpm laid out are replaced without a question that nobody would see.
    ['install', '--frozen-lockfile', '--config.confirm-modules-purge=false', '--reporter=append-only'],
    { ...options, cwd: root, env: installEnvironment() },
  )
  rmSync(installing, { force: true })
  if (status !== 0) throw new ToolError('pnpm could not install the packages.', output)

  await buildSqlite({ ...options, nodeGyp: async () => pnpm.nodeGyp })
  writeFileSync(stamp, wanted)
}

/** All that decides what is to be installed, and for what it is compiled. */
function fingerprint() {
  const hash = createHash('sha256')
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  for (const folder of packageFolders()) files.push(`${folder}/package.json`)
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file)))
  hash.update([process.version, process.platform, process.arch].join(' '))
  return hash.digest('hex')
}

/**
 * The stamp alone is not believed: node_modules may have been removed, or filled otherwise, since.
 * @param {string} wanted
 */
function isInstalled(wanted) {
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) return false
  const complete = ['.', ...packageFolders()].every((folder) => {
    const { dependencies, devDependencies } = readManifest(join(root, folder))
    const names = Object.keys({ ...dependencies, ...devDependencies })
    return names.every((name) => existsSync(join(root, folder, 'node_modules', name, 'package.json')))
  })
  if (!complete) return false
  const binary = sqliteBinary()
  return binary === undefined || existsSync(binary)
}

function removeModules() {
  for (const folder of ['.', ...packageFolders()]) {
    rmSync(join(root, folder, 'node_modules'), { recursive: true, force: true })
  }
}

/** Development dependencies are wanted even where the shell says production. */
function installEnvironment() {
  const { NODE_ENV: _, ...env } = process.env
  return env
}

/** @param {PhaseOptions} options */
async function compile(options) {
  const announcement = setTimeout(say, WORTH_SAYING_MS, 'Building…')
  const force = existsSync(building) ? ['--force'] : []
  writeFileSync(building, '')
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { status, output } = await runTool(process.execPath, [tsc, '-b', ...force], {
      ...options,
      cwd: root,
    })
    rmSync(building, { force: true })
    if (status !== 0) throw new ToolError('The TypeScript does not compile.', output)
  } finally {
    clearTimeout(announcement)
  }
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`)
}

/**
 * @param {unknown} error
 * @returns {number} the exit status that fits
 */
function report(error) {
  if (error instanceof Interrupted) return error.exitStatus
  if (!(error instanceof ToolError)) throw error
  const lines = error.output.trimEnd().split('\n')
  if (lines.length > OUTPUT_LINES) say(`(${lines.length - OUTPUT_LINES} lines left out)`)
  for (const line of [...lines.slice(-OUTPUT_LINES), error.message]) if (line !== '') say(line)
  return 1
}
