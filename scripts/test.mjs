// `npm test`: the whole suite on a fresh clone; further words go to vitest, as in `npm test -- packages/core`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireSupportedNode } from './lib/node-version.mjs'

requireSupportedNode()
const { endWithNpm } = await import('./lib/follow-npm.mjs')
const { closingLine } = await import('./lib/tally.mjs')
const { root } = await import('./lib/workspace.mjs')
const { setUp } = await import('./setup.mjs')

endWithNpm()
await setUp()

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
const tallyFile = join(scratch, 'tally.json')
try {
  const words = process.argv.slice(2)
  const reporters = words.some((word) => word.startsWith('--reporter')) ? [] : ['--reporter=default']
  reporters.push(`--reporter=${join(root, 'scripts', 'lib', 'tally.mjs')}`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const end = closingLine(await run(process.execPath, [vitest, 'run', ...reporters, ...words]), readTally())
  process.stdout.write(`\n${end.lines.join('\n')}\n`)
  process.exitCode = end.status
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
function run(command, args) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, HOLDFAST_TALLY: tallyFile },
  })
  // A Ctrl-C at the terminal reaches vitest by itself; a signal to this process alone does not.
  process.on('SIGINT', () => setTimeout(() => child.kill('SIGINT'), 500))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}

/** @returns {import('./lib/tally.mjs').Tally | undefined} */
function readTally() {
  try {
    return JSON.parse(readFileSync(tallyFile, 'utf8'))
  } catch {
    return undefined
  }
}
