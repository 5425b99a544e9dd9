// `npm run test:nodes -- [words]`: runs tests on the other Nodes that Holdfast supports, with the better-sqlite3 and the node:sqlite
// of each. The Nodes come from npm, as packages that hold nothing but the binary; they are kept in .holdfast/nodes.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, stateFolder } from './lib/workspace.mjs'

/** One of each line that `engines` allows and that this Node is not. */
const versions = ['22.14.0', '22.23.3', '24.21.0']
const words = process.argv.slice(2)
// What depends on the engine, the driver or the platform; the command line and the maker of backups are the same on all of them.
const tests =
  words.length > 0
    ? words
    : [
        'packages/core',
        'packages/adapters/src/sqlite',
        'packages/adapters/test/engine',
        'packages/adapters/test/reader-threads',
      ]

const platform = process.platform === 'win32' ? 'win' : process.platform
const failed = versions.filter((version) => {
  const folder = join(stateFolder, 'nodes', version)
  const binary = join(
    folder,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
  if (!existsSync(binary)) {
    process.stdout.write(`Fetching Node ${version}…\n`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const alias = `node@npm:node-${platform}-${process.arch}@${version}`
    run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, alias],
      process.platform === 'win32',
    )
  }
  process.stdout.write(`\nNode ${version}\n`)
  return run(binary, [join(root, 'scripts', 'test.mjs'), ...tests]) !== 0
})
process.stdout.write(failed.length === 0 ? 'All of them passed.\n' : `Failed on: ${failed.join(', ')}.\n`)
process.exitCode = failed.length === 0 ? 0 : 1

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {boolean} [shell]
 */
function run(command, args, shell = false) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell })
  if (error !== undefined) throw error
  return status ?? 1
}
