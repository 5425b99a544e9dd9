// `npm run bench:import -- [words]`: sets up, then runs a benchmark of packages/adapters/bench with the words that follow.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './lib/workspace.mjs'
import { setUp } from './setup.mjs'

const [name = '', ...words] = process.argv.slice(2)
await setUp()
const adapters = join(root, 'packages', 'adapters')
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--conditions=@holdfast/source', join('bench', `${name}.ts`), ...words],
  { cwd: adapters, stdio: 'inherit' },
)
process.exitCode = status ?? 1
