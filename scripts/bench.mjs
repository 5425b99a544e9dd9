// `npm run bench:import -- [words]`: sets up, then runs a benchmark of packages/adapters/bench with the words that follow.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './lib/workspace.mjs'
import { setUp } from './setup.mjs'

/** What is measured against the fastest others runs as it is shipped: tsx wraps every function that it transpiles. */
const built = [
  'attachments',
  'encryption',
  'engine',
  'import',
  'iphone',
  'manifest',
  'messages',
  'peers',
  'reimport',
  'responsive',
]

const [name = '', ...words] = process.argv.slice(2)
await setUp()
const adapters = join(root, 'packages', 'adapters')
const conditions = built.includes(name) ? [] : ['--conditions=@holdfast/source']
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', ...conditions, join('bench', `${name}.ts`), ...words],
  { cwd: adapters, stdio: 'inherit' },
)
process.exitCode = status ?? 1
