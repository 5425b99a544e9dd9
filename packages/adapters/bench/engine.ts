/**
 * How fast the engine is, beside what the disk allows:
 *   npm run bench:engine -- [benchmark…] [--folder DIR] [--passes N]
 *
 * Each benchmark is a file of `engine/` and runs in a process of its own. Without names, all of them run.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { print } from './engine/table.js'

const all: readonly string[] = ['throughput', 'recover', 'history', 'idle', 'event-loop']

const words = process.argv.slice(2)
const options = words.findIndex((word) => word.startsWith('--'))
const names = options === -1 ? words : words.slice(0, options)
const rest = options === -1 ? [] : words.slice(options)
const unknown = names.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  print(`There is no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}.`)
  process.exit(2)
}

for (const name of names.length === 0 ? all : names) {
  print(`### ${name}`)
  print()
  const script = fileURLToPath(new URL(`engine/${name}.ts`, import.meta.url))
  // With the collector at hand, for what is said of memory.
  const args = ['--expose-gc', ...process.execArgv, script, ...rest]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
