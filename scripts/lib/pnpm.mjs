import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { runTool, ToolError } from './tool.mjs'
import { readManifest, root, stateFolder } from './workspace.mjs'

/**
 * @typedef {{ version: string, hash: string }} Pin the hash is the SHA-512 of pnpm's package, in hex
 * @typedef {{ command: string, nodeGyp: string }} Pnpm the native program, and the node-gyp that comes with it
 */

/**
 * Makes sure that the pnpm which package.json names is in the state folder and works. Nothing global is used or changed.
 * @param {{ signal: AbortSignal, say: (line: string) => void, onStart?: (pid: number) => void }} options
 * @returns {Promise<Pnpm>}
 */
export async function pinnedPnpm({ signal, say, onStart }) {
  const pin = readPin()
  const folder = join(stateFolder, 'pnpm')
  const options = { cwd: root, signal, ...(onStart && { onStart }) }

  const installed = await find(folder, pin, options)
  if (installed !== undefined) return installed

  say(`Fetching pnpm ${pin.version}…`)
  const fresh = join(stateFolder, 'pnpm-fetching')
  await fetchInto(fresh, pin, options)
  if ((await find(fresh, pin, options)) === undefined) {
    throw new ToolError(
      `What npm fetched as pnpm ${pin.version} is not the package that package.json pins, or does not run on ` +
        `${process.platform} ${process.arch}; it is left in ${fresh} to be looked at.`,
    )
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(fresh, folder)
  const moved = await find(folder, pin, options)
  if (moved === undefined) throw new ToolError(`pnpm ${pin.version} does not run from ${folder}.`)
  return moved
}

/** @returns {Pin} */
function readPin() {
  const match = /^pnpm@(\d+\.\d+\.\d+)\+sha512\.([0-9a-f]{128})$/.exec(
    readManifest(root).packageManager ?? '',
  )
  const [, version, hash] = match ?? []
  if (version === undefined || hash === undefined) {
    throw new ToolError('packageManager in package.json must read pnpm@VERSION+sha512.HASH.')
  }
  return { version, hash }
}

/**
 * pnpm's own install scripts only put the native program in a starter's place, and npm may refuse to run them: so they
 * are left out, and the program is looked up where npm put it.
 * @param {string} folder
 * @param {Pin} pin
 * @param {import('./tool.mjs').ToolOptions} options
 */
async function fetchInto(folder, pin, options) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const manifest = { private: true, dependencies: { pnpm: pin.version } }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest)}\n`)
  const flags = ['--ignore-scripts', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  // The prefix is said here because an outer npm hands its own down in the environment.
  const args = [npm(), 'install', `--prefix=${folder}`, '--global=false', ...flags]
  const { status, output } = await runTool(process.execPath, args, { ...options, cwd: folder })
  if (status !== 0) throw new ToolError('npm could not fetch pnpm. Is the npm registry reachable?', output)
}

/**
 * @param {string} folder
 * @param {Pin} pin
 * @param {import('./tool.mjs').ToolOptions} options
 * @returns {Promise<Pnpm | undefined>}
 */
async function find(folder, pin, options) {
  const modules = join(folder, 'node_modules')
  if (hashOfInstalled(modules) !== pin.hash) return undefined
  const nodeGyp = join(modules, 'pnpm', 'dist', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js')
  const scope = join(modules, '@pnpm')
  // An older npm installs the programs for both C libraries of Linux: the one that runs is the right one.
  for (const name of existsSync(scope) ? readdirSync(scope) : []) {
    const command = join(scope, name, process.platform === 'win32' ? 'pnpm.exe' : 'pnpm')
    if (!existsSync(command)) continue
    const { status, output } = await runTool(command, ['--version'], options)
    if (status === 0 && output.trim() === pin.version) return { command, nodeGyp }
  }
  return undefined
}

/**
 * The hash that npm checked pnpm's package against when it installed it.
 * @param {string} modules
 */
function hashOfInstalled(modules) {
  const record = join(modules, '.package-lock.json')
  if (!existsSync(record)) return undefined
  /** @type {string} */
  const integrity = JSON.parse(readFileSync(record, 'utf8')).packages?.['node_modules/pnpm']?.integrity ?? ''
  const match = /^sha512-(.+)$/.exec(integrity)
  return match?.[1] === undefined ? undefined : Buffer.from(match[1], 'base64').toString('hex')
}

/** The npm that runs this script, or else the one beside Node or on the path: as a file that Node can run. */
function npm() {
  const bin = dirname(process.execPath)
  const candidates = [
    process.env['npm_execpath'],
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'npm')),
  ]
  for (const candidate of candidates) {
    if (candidate === undefined || candidate === '' || !existsSync(candidate)) continue
    const file = realpathSync(candidate)
    if (/[\\/]npm-cli\.js$/.test(file)) return file
  }
  throw new ToolError(
    'npm was not found. It comes with Node: install Node from nodejs.org or from your system’s packages.',
  )
}
