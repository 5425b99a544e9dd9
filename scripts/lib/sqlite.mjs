import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { runTool, ToolError } from './tool.mjs'
import { root, stateFolder } from './workspace.mjs'

/** better-sqlite3 13 needs this version of Node-API; older Nodes get better-sqlite3 12, which must be compiled for each. */
const NODE_API_OF_13 = 10
const PREBUILT_TIMEOUT_MS = 20_000

/**
 * Where the compiled part of better-sqlite3 12 belongs, or undefined on a Node that does not need it: better-sqlite3 13
 * brings its own. Throws when the packages are not installed.
 */
export function sqliteBinary() {
  if (Number(process.versions['napi']) >= NODE_API_OF_13) return undefined
  return join(packageFolder(), 'build', 'Release', 'better_sqlite3.node')
}

/**
 * Makes better-sqlite3 12 load on this Node: with what an earlier set-up compiled, or else with the binary that its
 * authors publish, or else with the compiler. It is compiled in a copy of the package, so that a set-up which is killed
 * leaves nothing half-done in node_modules, and kept in the state folder, so that a new install takes no minute again.
 * @param {{ signal: AbortSignal, say: (line: string) => void, onStart: (pid: number) => void, nodeGyp: () => Promise<string> }} options
 *   `nodeGyp` finds the program that compiles, when it comes to that
 */
export async function buildSqlite({ signal, say, onStart, nodeGyp }) {
  const binary = sqliteBinary()
  if (binary === undefined) return
  const options = { cwd: packageFolder(), signal, onStart }
  if (existsSync(binary) && (await loads(options))) return

  const { version } = createRequire(join(packageFolder(), 'package.json'))('./package.json')
  const build = [version, process.versions.modules, process.platform, process.arch].join('-')
  const kept = join(stateFolder, 'native', `better-sqlite3-${build}.node`)
  if (existsSync(kept)) {
    place(kept, binary)
    if (await loads(options)) return
  }

  const workshop = join(stateFolder, 'building-better-sqlite3')
  rmSync(workshop, { recursive: true, force: true })
  try {
    cpSync(packageFolder(), workshop, {
      recursive: true,
      filter: (path) => path !== join(packageFolder(), 'build'),
    })
    const made = join(workshop, 'build', 'Release', 'better_sqlite3.node')
    const inWorkshop = { ...options, cwd: workshop }

    await fetchPrebuilt(inWorkshop)
    if (existsSync(made)) {
      place(made, binary)
      if (await loads(options)) return place(made, kept)
    }

    requireCompiler()
    say('Compiling better-sqlite3 (about a minute, once)…')
    const output = await compile(await nodeGyp(), inWorkshop)
    place(made, binary)
    if (!(await loads(options)))
      throw new ToolError(`better-sqlite3 was compiled but does not load. ${advice()}`, output)
    place(made, kept)
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

/** The installed better-sqlite3 12. */
function packageFolder() {
  const require = createRequire(join(root, 'packages', 'adapters', 'package.json'))
  return dirname(require.resolve('better-sqlite3/package.json'))
}

/**
 * Tried in a process of its own: a binary for another Node may end the process that loads it.
 * @param {import('./tool.mjs').ToolOptions} options
 */
async function loads(options) {
  const program = `const db = new (require('.'))(':memory:'); db.prepare('select 1').get(); db.close()`
  const { status } = await runTool(process.execPath, ['-e', program], options)
  return status === 0
}

/**
 * Puts a file in its place in one step, so that no other process can load half of it.
 * @param {string} from
 * @param {string} to
 */
function place(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  const temporary = `${to}.${process.pid}`
  copyFileSync(from, temporary)
  renameSync(temporary, to)
}

/**
 * The published binary, where its host can be reached; nothing is lost where it cannot.
 * @param {import('./tool.mjs').ToolOptions} options
 */
async function fetchPrebuilt(options) {
  const require = createRequire(join(packageFolder(), 'package.json'))
  const folder = dirname(require.resolve('prebuild-install/package.json'))
  await runTool(process.execPath, [join(folder, 'bin.js')], { ...options, timeoutMs: PREBUILT_TIMEOUT_MS })
}

/**
 * @param {string} nodeGyp
 * @param {import('./tool.mjs').ToolOptions} options
 */
async function compile(nodeGyp, options) {
  const env = { ...process.env }
  // Node's headers, where the installed Node brings them: node-gyp would fetch them from nodejs.org.
  const prefix = dirname(dirname(process.execPath))
  if (env['npm_config_nodedir'] === undefined && existsSync(join(prefix, 'include', 'node', 'node.h'))) {
    env['npm_config_nodedir'] = prefix
  }
  const args = [nodeGyp, 'rebuild', '--release', '--jobs=max']
  const { status, output } = await runTool(process.execPath, args, { ...options, env })
  if (status !== 0)
    throw new ToolError(`better-sqlite3 could not be compiled for this Node. ${advice()}`, output)
  return output
}

/** Says what is missing before a minute is spent. Elsewhere than on Linux the path does not tell; the compiler does. */
function requireCompiler() {
  if (process.platform !== 'linux') return
  const { CXX, MAKE, PYTHON, npm_config_python } = process.env
  const needed = {
    'g++': [CXX, 'g++', 'c++', 'clang++'],
    make: [MAKE, 'make'],
    python3: [PYTHON, npm_config_python, 'python3', 'python'],
  }
  const missing = Object.entries(needed).flatMap(([name, choices]) => (choices.some(isOnPath) ? [] : [name]))
  if (missing.length === 0) return
  throw new ToolError(
    `better-sqlite3 must be compiled for this Node, and these are missing: ${missing.join(', ')}. ${advice()}`,
  )
}

/** @param {string | undefined} program a name, or a path, perhaps with flags behind it */
function isOnPath(program) {
  const name = program?.trim().split(/\s+/)[0]
  if (name === undefined || name === '') return false
  const folders = name.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, name)))
}

function advice() {
  const install =
    process.platform === 'darwin'
      ? 'Install a compiler (xcode-select --install)'
      : process.platform === 'win32'
        ? 'Install Visual Studio’s Build Tools with “Desktop development with C++”, and Python 3'
        : 'Install a compiler (on Debian: apt-get install g++ make python3)'
  return `${install}, or use Node 22.14 or newer, where nothing is compiled.`
}
